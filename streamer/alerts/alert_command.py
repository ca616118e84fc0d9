"""`--on-alert`: a program that is run at each alert."""

import os
import shlex
import shutil
from collections.abc import Mapping
from typing import Final

from emotion.errors import UsageError
from streamer.alerts.alert import Alert
from streamer.alerts.background import NUM_WAITING, PATIENCE_SECONDS, BackgroundSink
from streamer.alerts.command_run import run_command
from streamer.session_clock import SessionClock
from streamer.session_facts import SessionFacts

COMMAND_SECONDS: Final = 10.0
"""A command that runs longer is killed."""


class AlertCommand(BackgroundSink):
    """Runs a program, never through a shell, with the alert in its environment.

    Parameters
    ----------
    command : str
        The program and its arguments, with quotes where a word has blanks.
    command_seconds : float, optional
        How long one run may take, s.
    num_waiting : int, optional
        How many alerts may wait while one is run for.
    patience_seconds : float, optional
        How long the end of the session waits for the program, s.

    Raises
    ------
    UsageError
        If there is no such program, or a quote is missing.
    """

    def __init__(
        self,
        command: str,
        *,
        command_seconds: float = COMMAND_SECONDS,
        num_waiting: int = NUM_WAITING,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._words = _words(command)
        self._command_seconds = command_seconds
        super().__init__(
            f"alert command {shlex.quote(self._words[0])}",
            num_waiting=num_waiting,
            patience_seconds=patience_seconds,
        )

    def deliver(self, alert: Alert, facts: SessionFacts) -> None:
        """Run the program; see `BackgroundSink.deliver`."""
        environment = {**os.environ, **alert_variables(alert, facts)}
        run_command(self._words, environment, self._command_seconds, self.given_up)


def alert_variables(alert: Alert, facts: SessionFacts) -> Mapping[str, str]:
    """Give what a command finds in its environment.

    Parameters
    ----------
    alert : Alert
        That it is run for.
    facts : SessionFacts
        Of the session.

    Returns
    -------
    mapping of str to str
        Seconds are stream time; ``CALLMOOD_CLOCK`` is the alert's time as ISO 8601.
    """
    clock = SessionClock.from_epoch(facts.started).at(alert.at_seconds)
    return {
        "CALLMOOD_LEG": alert.leg,
        "CALLMOOD_LABEL": alert.label,
        "CALLMOOD_PROBABILITY": f"{alert.probability:.3f}",
        "CALLMOOD_RULE": alert.rule,
        "CALLMOOD_ONSET_SECONDS": f"{alert.onset_seconds:.3f}",
        "CALLMOOD_AT_SECONDS": f"{alert.at_seconds:.3f}",
        "CALLMOOD_SESSION": facts.session,
        "CALLMOOD_CLOCK": clock.isoformat(timespec="milliseconds"),
    }


def _words(command: str) -> tuple[str, ...]:
    """Split a command as a shell would, and find its program."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(
            f"--on-alert {command!r} cannot be split into words ({error}); close every quote"
        ) from error
    if not words or not words[0]:
        raise UsageError(f"--on-alert {command!r} names no program; give one, such as 'notify-send angry'")
    found = shutil.which(words[0])
    if found is None:
        raise UsageError(
            f"--on-alert {command!r}: there is no program {words[0]!r} that can be run; install it, give its "
            "whole path, or make it executable"
        )
    return (found, *words[1:])
