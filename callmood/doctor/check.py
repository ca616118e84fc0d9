"""A check, and what runs it: none takes longer than it may, and none ends the command."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from callmood.doctor.finding import REPORT_IT, Finding, found_error, in_one_line
from emotion.errors import CallmoodError


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at.

    Attributes
    ----------
    name : str
        As its findings are called where it does not come to give any.
    look : callable
        Gives findings; may raise anything, and may never return.
    doing : str
        What is shown meanwhile.
    limit_seconds : float
        How long it may take, s.
    if_late : str
        What to do where it takes longer.
    needed : bool
        False where listening is possible without: then nothing of it is worse than advice, but for what
        nobody expected.
    """

    name: str
    look: Callable[[], Iterable[Finding]]
    doing: str
    limit_seconds: float
    if_late: str
    needed: bool = True


class CheckRunner:
    """Runs checks one after the other, each in a thread that is left behind where it does not return."""

    def __init__(self) -> None:
        self._ends: list[threading.Event] = []

    @property
    def is_idle(self) -> bool:
        """False while a check that was given up, or interrupted, still runs."""
        return all(end.is_set() for end in self._ends)

    def run(self, check: Check) -> list[Finding]:
        """Run a check.

        Parameters
        ----------
        check : Check
            Any.

        Returns
        -------
        list of Finding
            What it found, then what went wrong with it.
        """
        found: list[Finding] = []
        end = threading.Event()
        self._ends.append(end)
        # Nobody waits for a daemon at the end of the process.
        threading.Thread(target=_look, args=(check, found, end), name="callmood-doctor", daemon=True).start()
        if end.wait(check.limit_seconds):
            return found
        late = Finding(check.name, False, f"no answer within {check.limit_seconds:g} s", check.if_late)
        return [*found, _weighed(late, check)]


def _look(check: Check, found: list[Finding], end: threading.Event) -> None:
    try:
        # One by one, so that what was found before an error or a hang is told as well.
        for finding in check.look():
            found.append(_weighed(finding, check))  # noqa: PERF401
    except CallmoodError as error:
        found.append(_weighed(found_error(check.name, error), check))
    except ImportError as error:
        what = in_one_line(f"a library cannot be imported: {error}")
        found.append(Finding(check.name, False, what, "install callmood again, in an environment of its own"))
    except BaseException as error:  # noqa: BLE001 - a doctor does not die of what it looks at
        found.append(Finding(check.name, False, in_one_line(f"{type(error).__name__}: {error}"), REPORT_IT))
    finally:
        end.set()


def _weighed(finding: Finding, check: Check) -> Finding:
    """Make a line of it, and advice where it is not needed."""
    advice = None if finding.advice is None else in_one_line(finding.advice)
    ok = finding.ok or not check.needed
    return replace(finding, ok=ok, found=in_one_line(finding.found), advice=advice)
