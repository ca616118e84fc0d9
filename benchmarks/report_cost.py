"""Measure `callmood report`: time, memory and size, of a call of two legs, an hour and eight hours long.

Each report is the real command in a process of its own, run several times; the fastest counts. The calls are
made up from the speech that comes with callmood; a recorded session can be given instead.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
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
        From the start of the process to its end, the fastest of `NUM_RUNS`.
    processor_seconds : float
        Of all its threads, the least of `NUM_RUNS`.
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

    def limits(self) -> tuple[str, str, str]:
        """Give what it may take: seconds, memory and size, empty where nothing was set."""
        limits = LIMITS.get(round(self.hours))
        if limits is None:
            return "", "", ""
        size = {"html": limits.html_bytes, "html without audio": limits.silent_html_bytes}.get(self.kind)
        return (
            f"at most {limits.seconds:g} s",
            "" if limits.peak_bytes is None else f"at most {_megabytes(limits.peak_bytes)}",
            "" if size is None else f"at most {_megabytes(size)}",
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
        seconds=min(seconds for seconds, _, _ in runs),
        processor_seconds=min(seconds for _, seconds, _ in runs),
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
        figures = (f"{each.seconds:.2f} s", _megabytes(each.peak_bytes), _megabytes(each.file_bytes))
        with_limits = (
            f"{figure} ({limit})" if limit else figure
            for figure, limit in zip(figures, each.limits(), strict=True)
        )
        processor_time = f"{each.processor_seconds:.2f} s"
        rows.append((f"{each.hours:g} h", each.kind, processor_time, *with_limits))
    return table(("length", "report", "processor time", "time", "peak memory", "size"), rows)


def _megabytes(num_bytes: int) -> str:
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


def _run(arguments: argparse.Namespace) -> None:
    if arguments.session is None:
        costs = report_costs(arguments.hours or tuple(LIMITS))
    else:
        from callmood import read_journal
        from streamer.recordings.session_folder import JOURNAL_FILE

        summary = read_journal(arguments.session / JOURNAL_FILE).summary
        seconds = 0.0 if summary is None else summary.seconds
        costs = costs_of_session(arguments.session, round(seconds / HOUR, 2))
    sys.stdout.write(costs_table(costs) + "\n")


if __name__ == "__main__":
    sys.exit(main())
