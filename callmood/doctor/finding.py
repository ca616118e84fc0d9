"""What a check found: a line of the report."""

from dataclasses import dataclass
from typing import Final, Literal

from emotion.errors import CallmoodError
from emotion.printable import printable

REPORT_IT: Final = "please report it, with all that `callmood doctor --json` prints"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    check : str
        What was looked at; several findings may share it.
    ok : bool
        False where something is missing that listening needs.
    found : str
        What there is, in one line.
    advice : str or None
        What to do; also where all is well and could be better.
    """

    check: str
    ok: bool
    found: str
    advice: str | None = None

    @property
    def mark(self) -> Literal["ok", "advice", "not ok"]:
        """How it stands, for people."""
        if not self.ok:
            return "not ok"
        return "ok" if self.advice is None else "advice"


def found_error(check: str, error: CallmoodError) -> Finding:
    """Take apart the message of an error, which says what, and after a semicolon what to do.

    Parameters
    ----------
    check : str
        What was looked at.
    error : CallmoodError
        As it came.

    Returns
    -------
    Finding
        Not ok.
    """
    return Finding(check, ok=False, found=error.what, advice=error.to_do or REPORT_IT)


def in_one_line(text: str) -> str:
    """Make what devices, files and libraries call themselves fit for a line and a terminal.

    Parameters
    ----------
    text : str
        May be anything.

    Returns
    -------
    str
        With single blanks, and a question mark for what cannot be printed.
    """
    return printable(" ".join(text.split()))
