"""Run checks within their time limits, and print their findings as lines or JSON."""

import json
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TextIO

from emotion.errors import CallmoodError, printable

if TYPE_CHECKING:
    from rich.console import Console

REPORT_IT: Final = "please report it, with all that `callmood doctor --json` prints"


@dataclass(frozen=True, slots=True)
class Finding:
    """A result of a check, in one line; `ok` is False where something is missing that listening needs.

    There may be advice with `ok`: listening works, and could be better.
    """

    check: str
    ok: bool
    found: str
    advice: str | None = None

    @property
    def mark(self) -> Literal["ok", "advice", "not ok"]:
        """The first word of its line."""
        if not self.ok:
            return "not ok"
        return "ok" if self.advice is None else "advice"


def found_error(check: str, error: CallmoodError) -> Finding:
    """Turn an error into a finding: its message says what is wrong and, after a semicolon, what to do."""
    return Finding(check, ok=False, found=error.what, advice=error.to_do or REPORT_IT)


def in_one_line(text: str) -> str:
    """Make a name that a device, file or library gave itself safe for one line of a terminal."""
    return printable(" ".join(text.split()))


@dataclass(frozen=True, slots=True)
class Check:
    """A check; `look` gives its findings, may raise anything, and may never return.

    Where it is not `needed`, its findings are advice at worst, but for unexpected errors.
    """

    name: str
    look: Callable[[], Iterable[Finding]]
    doing: str
    limit_seconds: float
    if_late: str
    needed: bool = True


class CheckRunner:
    """Runs checks one after another, each in a thread that is abandoned if it does not return in time."""

    def __init__(self) -> None:
        self._ends: list[threading.Event] = []

    @property
    def is_idle(self) -> bool:
        """False while an abandoned or interrupted check still runs."""
        return all(end.is_set() for end in self._ends)

    def run(self, check: Check) -> list[Finding]:
        """Run a check."""
        found: list[Finding] = []
        end = threading.Event()
        self._ends.append(end)
        # Nobody waits for a daemon at the end of the process.
        threading.Thread(target=_look, args=(check, found, end), name="callmood-doctor", daemon=True).start()
        if end.wait(check.limit_seconds):
            return found
        late = Finding(check.name, False, f"no answer within {check.limit_seconds:g} s", check.if_late)
        return [*found, _graded(late, check)]


def _look(check: Check, found: list[Finding], end: threading.Event) -> None:
    try:
        # One by one, so that findings before an error or a hang are reported as well.
        for finding in check.look():
            found.append(_graded(finding, check))  # noqa: PERF401
    except CallmoodError as error:
        found.append(_graded(found_error(check.name, error), check))
    except ImportError as error:
        what = in_one_line(f"a library cannot be imported: {error}")
        found.append(Finding(check.name, False, what, "install callmood again, in an environment of its own"))
    except BaseException as error:  # noqa: BLE001 - whatever a check raises is a finding
        found.append(Finding(check.name, False, in_one_line(f"{type(error).__name__}: {error}"), REPORT_IT))
    finally:
        end.set()


def _graded(finding: Finding, check: Check) -> Finding:
    """Put a finding on one line; where the check is not needed, make it advice."""
    advice = None if finding.advice is None else in_one_line(finding.advice)
    ok = finding.ok or not check.needed
    return replace(finding, ok=ok, found=in_one_line(finding.found), advice=advice)


MARK_WIDTH: Final = 6
NAME_WIDTH: Final = 14
STYLES: Final = MappingProxyType({"ok": "green", "advice": "yellow", "not ok": "bold red"})


def report(checks: Sequence[Check], runner: CheckRunner, *, as_json: bool) -> list[Finding]:
    """Run the checks and print what they find."""
    console = terminal_console(sys.stderr if as_json else sys.stdout)
    # "line" is a spinner of ASCII.
    status = None if console is None else console.status("", spinner="line")
    findings: list[Finding] = []
    with status or nullcontext():
        for check in checks:
            if status is not None:
                status.update(check.doing)
            found = runner.run(check)
            findings += found
            for finding in [] if as_json else map(_encodable, found):
                _print_finding(finding, console)
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2) + "\n")
    return findings


def terminal_console(stream: TextIO) -> "Console | None":
    """Give rich's console if the stream is a terminal that can move its cursor."""
    try:
        from rich.console import Console
    except ImportError:
        return None  # The check of the libraries says so.
    console = Console(file=stream, highlight=False)
    return console if stream.isatty() and not console.is_dumb_terminal else None


def as_line(finding: Finding) -> str:
    """Format a finding as a line."""
    advice = "" if finding.advice is None else f"; {finding.advice}"
    return f"{finding.mark:<{MARK_WIDTH}}  {finding.check:<{NAME_WIDTH}}  {finding.found}{advice}"


def _encodable(finding: Finding) -> Finding:
    """Put a question mark for what standard output cannot encode: the name of a device has any characters."""
    encoding = sys.stdout.encoding or "ascii"

    def fit(text: str) -> str:
        return text.encode(encoding, errors="replace").decode(encoding)

    advice = None if finding.advice is None else fit(finding.advice)
    return replace(finding, found=fit(finding.found), advice=advice)


def _print_finding(finding: Finding, console: "Console | None") -> None:
    if console is None:
        sys.stdout.write(as_line(finding) + "\n")
        sys.stdout.flush()
        return
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(width=MARK_WIDTH)
    line.add_column(width=NAME_WIDTH)
    line.add_column()
    words = Text(finding.found)
    if finding.advice is not None:
        words.append(f"\n{finding.advice}", style="bold")
    line.add_row(Text(finding.mark, style=STYLES[finding.mark]), Text(finding.check), words)
    console.print(line)
