"""Measure start-up: time to the first panel of `replay`, and of `--help`.

Each run of `replay` gets a pseudo-terminal of 80x24; the clock runs from the start of the process to the
first byte that draws the panel. Medians and the fastest of several warm runs. The second table says what the
time is spent on, from `python -X importtime`.
"""

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import sysconfig
import tempfile
import termios
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from benchmarks.pages import ROOT, SPEECH, parser

if TYPE_CHECKING:
    from collections.abc import Callable

CALLMOOD: Final = str(Path(sysconfig.get_path("scripts")) / "callmood")
PANEL_LIMIT_SECONDS: Final = 1.5
HELP_LIMIT_SECONDS: Final = 0.3
PATIENCE_SECONDS: Final = 30.0
FIRST_PANEL: Final = ("angry", "sad")
"""Words that stand on the panel as soon as it is drawn at all."""

MARKS: Final = """
import time
from callmood.model_choice import DEFAULT_MODEL
from emotion.model import find_model
from streamer.analysis.leg import warm_up
begin = time.perf_counter()
model = find_model(DEFAULT_MODEL)
print("reading the model", (time.perf_counter() - begin) * 1000, sep="\\t")
begin = time.perf_counter()
warm_up(model, model.card.grid(), 16_000)
print("warming up", (time.perf_counter() - begin) * 1000, sep="\\t")
"""


def seconds_to_first_panel(folder: Path) -> float:
    """Start a replay on a pseudo-terminal and wait for its panel."""
    begin = time.perf_counter()
    process, screen = pty.fork()
    if process == 0:  # the child, with the pseudo-terminal as its own
        os.chdir(folder)
        environment = os.environ | {"TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80"}
        os.execve(CALLMOOD, [CALLMOOD, "replay", str(SPEECH)], environment)  # noqa: S606
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        while not all(word.encode() in seen for word in FIRST_PANEL):
            if not select.select([screen], [], [], PATIENCE_SECONDS)[0]:
                raise SystemExit(f"no panel within {PATIENCE_SECONDS:g} s; it said: {seen[-400:]!r}")
            seen += _read(screen, seen)
        return time.perf_counter() - begin
    finally:
        os.kill(process, signal.SIGINT)
        while _drains(screen):
            pass
        os.waitpid(process, 0)
        os.close(screen)


def _read(screen: int, seen: bytes) -> bytes:
    try:
        data = os.read(screen, 65_536)
    except OSError:  # the other side of a pseudo-terminal has gone
        data = b""
    if not data:
        raise SystemExit(f"the command ended before its panel; it said: {seen[-400:]!r}")
    return data


def _drains(screen: int) -> bool:
    """Take what is still written, so that the command can end."""
    try:
        return bool(os.read(screen, 65_536))
    except OSError:
        return False


def seconds_of_help() -> float:
    """Run `callmood --help` once."""
    begin = time.perf_counter()
    subprocess.run([CALLMOOD, "--help"], check=True, capture_output=True)
    return time.perf_counter() - begin


def import_costs(arguments: list[str]) -> list[tuple[str, float]]:
    """Give the import time of each top-level package, ms, longest first."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "callmood", *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    costs: dict[str, float] = {}
    for line in done.stderr.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if len(parts) == 3 and parts[0].strip().isdigit():
            package = parts[2].strip().partition(".")[0]
            costs[package] = costs.get(package, 0.0) + int(parts[0]) / 1000
    return sorted(costs.items(), key=lambda cost: -cost[1])


def spending() -> list[tuple[str, float]]:
    """Give the parts of a start, ms; measured separately, so the sum is near the whole."""
    costs = import_costs(["replay", str(SPEECH), "--fast", "--json", "--duration", "0.1"])
    parts = [(f"importing {package}", milliseconds) for package, milliseconds in costs[:6]]
    parts.append(("importing the rest", sum(milliseconds for _, milliseconds in costs[6:])))
    return parts + marks()


def marks() -> list[tuple[str, float]]:
    """Take the time of the steps before the panel, in a fresh process."""
    done = subprocess.run([sys.executable, "-c", MARKS], check=True, capture_output=True, text=True, cwd=ROOT)
    return [(name, float(value)) for name, value in (line.split("\t") for line in done.stdout.splitlines())]


def main() -> None:
    """Measure and print."""
    options = parser(__doc__)
    options.add_argument(
        "--runs", type=int, default=7, metavar="N",
        help="runs of each, after one to warm up (default: %(default)s)",
    )  # fmt: skip
    runs = options.parse_args().runs
    console = Console()
    table = Table("what", "median s", "fastest s", "limit s", "within")
    measured: tuple[tuple[str, float, Callable[[], float]], ...]
    with tempfile.TemporaryDirectory() as folder:
        measured = (
            ("first panel of replay", PANEL_LIMIT_SECONDS, partial(seconds_to_first_panel, Path(folder))),
            ("callmood --help", HELP_LIMIT_SECONDS, seconds_of_help),
        )
        for name, limit, measure in measured:
            measure()
            seconds = [measure() for _ in range(runs)]
            median = statistics.median(seconds)
            table.add_row(
                name, f"{median:.2f}", f"{min(seconds):.2f}", f"{limit:g}", "yes" if median <= limit else "NO"
            )
    console.print(table)

    spent = Table("what the first panel's time is spent on", "ms")
    for name, milliseconds in spending():
        spent.add_row(name, f"{milliseconds:.0f}")
    console.print(spent)


if __name__ == "__main__":
    main()
