"""`--on-alert`: run a program at each alert, with a limit on its time."""

import os
import secrets
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, cast

from emotion.errors import OutputError, UsageError
from emotion.untrusted_text import printable
from streamer.events import Alert
from streamer.session_info import SessionClock, SessionInfo
from streamer.sinks.base import BackgroundSink, DeliveryLimits

RUN_VARIABLE: Final = "CALLMOOD_RUN"
"""Marks a run in its environment: what it starts inherits it, and has it still outside the process group."""

_POLL_SECONDS: Final = 0.02
_READ_BYTES: Final = 65_536
_KEPT_BYTES: Final = 2048
_SHOWN_CHARACTERS: Final = 200
_REAP_SECONDS: Final = 1.0


def run_command(
    words: Sequence[str], environment: Mapping[str, str], seconds: float, given_up: threading.Event
) -> None:
    """Run a program and wait for it; kill it, and what it started, where it takes too long.

    The program has no input and no terminal. Its output is discarded; the last line of its standard error is
    kept. A process that it leaves running is waited for while that holds the standard error: `player &` in a
    script is waited for, `player 2>/dev/null &` is not.

    All processes of its group are killed and, where the system has ``/proc``, all that inherited
    `RUN_VARIABLE` in other sessions and groups. A process that left the group and cleared its environment, or
    runs as another user, is not found.
    """
    run = secrets.token_hex()
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command, and no shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**environment, RUN_VARIABLE: run},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot be started: {printable(str(error))}") from error
    stderr_tail: bytes | None = None
    with cast("IO[bytes]", process.stderr) as stderr:
        os.set_blocking(stderr.fileno(), False)
        try:
            stderr_tail = _follow(process, stderr.fileno(), time.monotonic() + seconds, given_up)
        finally:
            if stderr_tail is None:
                _kill(process, run)
    if stderr_tail is None:
        raise OutputError(
            "killed, as the session ended before it did"
            if given_up.is_set()
            else f"killed after {seconds:g} s with what was found of what it had started; let it end sooner"
        )
    if process.returncode:
        raise OutputError(f"{_ending(process.returncode)}{_last_line(stderr_tail)}")


def _follow(
    process: "subprocess.Popen[bytes]", stderr: int, deadline: float, given_up: threading.Event
) -> bytes | None:
    """Wait until a program has ended and its standard error is closed; give the end of that.

    None where that takes too long.
    """
    stderr_tail, is_open = b"", True
    while True:
        has_ended = process.poll() is not None
        if is_open:
            with suppress(BlockingIOError):
                new = os.read(stderr, _READ_BYTES)
                is_open = bool(new)
                stderr_tail = (stderr_tail + new)[-_KEPT_BYTES:]
        if has_ended and not is_open:
            return stderr_tail
        # One read a turn: a program that writes without end must not keep us from the deadline.
        if given_up.wait(_POLL_SECONDS) or time.monotonic() > deadline:
            return None


def _kill(process: "subprocess.Popen[bytes]", run: str) -> None:
    """Kill a program, its group, and all that inherited its environment; errors are ignored."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + _REAP_SECONDS
    # Again, for those that were started meanwhile.
    while (found := _inheritors(run)) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_REAP_SECONDS)


def _inheritors(run: str) -> list[int]:
    """Find the processes with a run in their environment; none without ``/proc``."""
    variable = f"{RUN_VARIABLE}={run}".encode()  # pragma: no mutate
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        # A process may end meanwhile, or be another user's.
        with suppress(OSError):
            # No mutant of this: its opposite kills every process that the user has.
            if variable in path.read_bytes().split(b"\0"):  # pragma: no mutate
                found.append(int(path.parent.name))
    return found


def _ending(status: int) -> str:
    """Describe how a program failed."""
    if status > 0:
        return f"exit status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"


def _last_line(stderr_tail: bytes) -> str:
    """Give the last line of standard error after a colon; nothing where there is none."""
    lines = stderr_tail.decode("utf-8", "replace").strip().splitlines()
    return f": {printable(lines[-1].strip())[:_SHOWN_CHARACTERS]}" if lines else ""


COMMAND_LIMITS: Final = DeliveryLimits(delivery_seconds=10.0)
"""A command that runs longer is killed."""


class AlertCommand(BackgroundSink):
    """Runs a program, never through a shell, with the alert in its environment."""

    def __init__(self, command: str, limits: DeliveryLimits = COMMAND_LIMITS) -> None:
        self._words = _command_words(command)
        self._seconds = limits.delivery_seconds
        super().__init__(f"alert command {shlex.quote(self._words[0])}", limits)

    def deliver(self, alert: Alert, info: SessionInfo) -> None:
        """Run the program; see `BackgroundSink.deliver`."""
        environment = {**os.environ, **alert_variables(alert, info)}
        run_command(self._words, environment, self._seconds, self.given_up)


def alert_variables(alert: Alert, info: SessionInfo) -> Mapping[str, str]:
    """Give the environment variables that describe an alert."""
    clock = SessionClock.from_epoch(info.started).at(alert.at_seconds)
    return {
        "CALLMOOD_LEG": alert.leg,
        "CALLMOOD_LABEL": alert.label,
        "CALLMOOD_PROBABILITY": f"{alert.probability:.3f}",
        "CALLMOOD_RULE": alert.rule,
        "CALLMOOD_ONSET_SECONDS": f"{alert.onset_seconds:.3f}",
        "CALLMOOD_AT_SECONDS": f"{alert.at_seconds:.3f}",
        "CALLMOOD_SESSION": info.session,
        "CALLMOOD_CLOCK": clock.isoformat(timespec="milliseconds"),
    }


def _command_words(command: str) -> tuple[str, ...]:
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
