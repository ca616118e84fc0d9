"""Measure `callmood report`: time, memory and size, of a call of two legs, an hour and eight hours long.

Each report is the real command in a process of its own, run several times; the median counts. The calls are
made up from the speech that comes with callmood; a recorded session can be given instead. What is beyond a
limit is named on standard error, and the exit code is 1.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.pages import exit_code, parser, table
from emotion.errors import UsageError

HOUR: Final = 3600
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "html": ("-o", "report.html"),
    "html without audio": ("-o", "silent.html", "--audio", "none"),
    "png": ("-o", "report.png"),
    "pdf": ("-o", "report.pdf"),
    "txt": ("-o", "report.txt"),
}
"""The words after the session, by the name of what is written."""
NUM_RUNS: Final = 3

_WATCH: Final = """
import json, os, sys, time
begin = time.perf_counter()
child = os.posix_spawn(sys.executable, [sys.executable, "-m", "callmood", *sys.argv[1:]], os.environ)
_, status, usage = os.wait4(child, 0)
seconds, processor_seconds = time.perf_counter() - begin, usage.ru_utime + usage.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, processor_seconds, usage.ru_maxrss * 1024]))
"""
"""Starts the command from a small process: a child is charged with its parent's memory at the start."""


@dataclass(frozen=True, slots=True)
class ReportLimits:
    """What a report may take at most; None where nothing was set."""

    seconds: float
    peak_bytes: int | None = None
    html_bytes: int | None = None
    silent_html_bytes: int | None = None

    def bytes_of(self, kind: str) -> int | None:
        """Give how large a report of a kind may be."""
        return {"html": self.html_bytes, "html without audio": self.silent_html_bytes}.get(kind)


LIMITS: Final = {
    1: ReportLimits(5.0, 400_000_000, 8_000_000, 3_000_000),
    8: ReportLimits(40.0),
}
"""By the hours of the call."""


@dataclass(frozen=True, slots=True)
class ReportCosts:
    """What one report took.

    Attributes
    ----------
    hours : float
        Length of the session.
    kind : str
        One of `KINDS`.
    seconds : float
        From the start of the process to its end, the median of `NUM_RUNS`.
    processor_seconds : float
        Of all its threads, the median of `NUM_RUNS`.
    peak_bytes : int
        The largest resident size of any run.
    file_bytes : int
        Size of what was written.
    """

    hours: float
    kind: str
    seconds: float
    processor_seconds: float
    peak_bytes: int
    file_bytes: int

    def figures(self) -> tuple[tuple[str, str, bool], ...]:
        """Give time, memory and size: in words, what is the most (or empty), and whether it is more."""
        limits = LIMITS.get(round(self.hours))
        size = None if limits is None else limits.bytes_of(self.kind)
        return (
            _against(self.seconds, None if limits is None else limits.seconds, _seconds_text),
            _against(self.peak_bytes, None if limits is None else limits.peak_bytes, _megabytes),
            _against(self.file_bytes, size, _megabytes),
        )


def report_costs(hours: Sequence[int], kinds: Sequence[str] = tuple(KINDS)) -> list[ReportCosts]:
    """Make up calls of so many hours, and report them."""
    from benchmarks.recorded_call import CallScene, record_call

    found = []
    for length in hours:
        with tempfile.TemporaryDirectory() as folder:
            session = record_call(Path(folder), CallScene(length * HOUR))
            found += costs_of_session(session, length, kinds)
    return found


def costs_of_session(session: Path, hours: float, kinds: Sequence[str] = tuple(KINDS)) -> list[ReportCosts]:
    """Report one session in every kind."""
    with tempfile.TemporaryDirectory() as folder:
        return [_costs(session.resolve(), hours, kind, Path(folder)) for kind in kinds]


def _costs(session: Path, hours: float, kind: str, folder: Path) -> ReportCosts:
    words = KINDS[kind]
    runs = [_watched(["report", str(session), *words, "--force"], folder) for _ in range(NUM_RUNS)]
    return ReportCosts(
        hours=hours,
        kind=kind,
        seconds=median(seconds for seconds, _, _ in runs),
        processor_seconds=median(seconds for _, seconds, _ in runs),
        peak_bytes=max(peak_bytes for _, _, peak_bytes in runs),
        file_bytes=(folder / words[1]).stat().st_size,
    )


def _watched(words: Sequence[str], folder: Path) -> tuple[float, float, int]:
    """Run callmood; give its seconds, those of processors, and its largest resident size."""
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    code, seconds, processor_seconds, peak_bytes = json.loads(done.stdout.splitlines()[-1])
    if code:
        raise UsageError(f"callmood {' '.join(words)}: {done.stderr.strip()[-300:]}")
    return seconds, processor_seconds, peak_bytes


def costs_table(costs: Sequence[ReportCosts]) -> str:
    """Write the table of the page."""
    rows = []
    for each in costs:
        with_limits = (
            f"{figure} (at most {limit})" if limit else figure for figure, limit, _ in each.figures()
        )
        rows.append((f"{each.hours:g} h", each.kind, _seconds_text(each.processor_seconds), *with_limits))
    return table(("length", "report", "processor time", "time", "peak memory", "size"), rows)


def beyond_limits(costs: Sequence[ReportCosts]) -> list[str]:
    """Name what is beyond its limit, a line each."""
    return [
        f"{each.kind} of {each.hours:g} h: {figure}, and {limit} is the most"
        for each in costs
        for figure, limit, is_beyond in each.figures()
        if is_beyond
    ]


def _against(figure: float, limit: float | None, text: Callable[[float], str]) -> tuple[str, str, bool]:
    return text(figure), "" if limit is None else text(limit), limit is not None and figure > limit


def _seconds_text(seconds: float) -> str:
    return f"{seconds:.2f} s"


def _megabytes(num_bytes: float) -> str:
    return f"{num_bytes / 1e6:.3g} MB"


def main() -> int:
    """Read the command line and measure."""
    options = parser(__doc__)
    options.prog = "python -m benchmarks.report_cost"
    options.add_argument(
        "session",
        nargs="?",
        type=Path,
        metavar="SESSION",
        help="folder of a recorded session (default: made up)",
    )
    options.add_argument(
        "--hours", metavar="N", type=int, action="append", help="length of a call that is made up; may be "
        "repeated (default: 1 and 8)",
    )  # fmt: skip
    return exit_code("benchmarks.report_cost", partial(_run, options.parse_args()))


def _run(arguments: argparse.Namespace) -> int:
    if arguments.session is None:
        costs = report_costs(arguments.hours or tuple(LIMITS))
    else:
        from callmood import read_journal
        from streamer.recordings.session_folder import JOURNAL_FILE

        summary = read_journal(arguments.session / JOURNAL_FILE).summary
        seconds = 0.0 if summary is None else summary.seconds
        costs = costs_of_session(arguments.session, round(seconds / HOUR, 2))
    sys.stdout.write(costs_table(costs) + "\n")
    beyond = beyond_limits(costs)
    sys.stderr.write("".join(f"benchmarks.report_cost: {line}\n" for line in beyond))
    return int(bool(beyond))


if __name__ == "__main__":
    sys.exit(main())
