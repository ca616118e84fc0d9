"""What `callmood doctor` prints: lines as they come, rich ones on a terminal; or JSON."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TextIO

from callmood.doctor.check import Check, CheckRunner
from callmood.doctor.finding import Finding

if TYPE_CHECKING:
    from rich.console import Console

MARK_WIDTH: Final = 6
NAME_WIDTH: Final = 14
STYLES: Final = MappingProxyType({"ok": "green", "advice": "yellow", "not ok": "bold red"})


def report(checks: Sequence[Check], runner: CheckRunner, *, as_json: bool) -> list[Finding]:
    """Run the checks and print what they find.

    Parameters
    ----------
    checks : sequence of Check
        In their order.
    runner : CheckRunner
        Runs them.
    as_json : bool
        One JSON list at the end instead of a line at once for each finding.

    Returns
    -------
    list of Finding
        All.
    """
    console = terminal_console(sys.stderr if as_json else sys.stdout)
    if as_json:
        findings = _examine(checks, runner, console, None)
        entries = [asdict(finding) for finding in findings]
        sys.stdout.write(json.dumps(entries, indent=2) + "\n")
        return findings
    return _examine(checks, runner, console, _print_line if console is None else _rich_printer(console))


def terminal_console(stream: TextIO) -> "Console | None":
    """Give what draws on a terminal.

    Parameters
    ----------
    stream : TextIO
        Standard output or standard error.

    Returns
    -------
    Console or None
        None off a terminal, on one that cannot move its cursor, and where rich itself is missing.
    """
    try:
        from rich.console import Console
    except ImportError:
        return None  # The check of the libraries says so.
    console = Console(file=stream, highlight=False)
    return console if stream.isatty() and not console.is_dumb_terminal else None


def as_line(finding: Finding) -> str:
    """Write a finding in one line.

    Parameters
    ----------
    finding : Finding
        Any.

    Returns
    -------
    str
        Mark, name, what was found, and after a semicolon what to do.
    """
    advice = "" if finding.advice is None else f"; {finding.advice}"
    return f"{finding.mark:<{MARK_WIDTH}}  {finding.check:<{NAME_WIDTH}}  {finding.found}{advice}"


def _examine(
    checks: Sequence[Check],
    runner: CheckRunner,
    console: "Console | None",
    tell: Callable[[Finding], None] | None,
) -> list[Finding]:
    findings = []
    # "line" is a spinner of ASCII.
    status = None if console is None else console.status("", spinner="line")
    with status or nullcontext():
        for check in checks:
            if status is not None:
                status.update(check.doing)
            for finding in runner.run(check):
                findings.append(finding)
                if tell is not None:
                    tell(_encodable(finding))
    return findings


def _encodable(finding: Finding) -> Finding:
    """Put a question mark for what standard output cannot write: devices are called as they like."""
    encoding = sys.stdout.encoding or "ascii"

    def fit(text: str) -> str:
        return text.encode(encoding, errors="replace").decode(encoding)

    advice = None if finding.advice is None else fit(finding.advice)
    return replace(finding, found=fit(finding.found), advice=advice)


def _print_line(finding: Finding) -> None:
    sys.stdout.write(as_line(finding) + "\n")
    sys.stdout.flush()


def _rich_printer(console: "Console") -> Callable[[Finding], None]:
    from rich.table import Table
    from rich.text import Text

    def tell(finding: Finding) -> None:
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_column(width=MARK_WIDTH)
        line.add_column(width=NAME_WIDTH)
        line.add_column()
        words = Text(finding.found)
        if finding.advice is not None:
            words.append(f"\n{finding.advice}", style="bold")
        line.add_row(Text(finding.mark, style=STYLES[finding.mark]), Text(finding.check), words)
        console.print(line)

    return tell
