"""Keep a folder of recordings within its limits of age and size, from a thread of its own."""

import math
import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from emotion import wall_clock
from emotion.atomic_files import lock_folder
from emotion.errors import UsageError
from emotion.untrusted_text import printable
from streamer.events import Row
from streamer.recordings.listing import QUIET_SECONDS
from streamer.recordings.removal import (
    LOG_FILE,
    Removed,
    closed_files,
    log_removed,
    never_cancel,
    remove_file,
    remove_session,
)
from streamer.recordings.scan import SESSION_ID, Scanner, SessionContents, entries, opened_folder
from streamer.recordings.wav import MAX_WAV_BYTES
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Complaints, Sink

_UNITS: Final = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_SIZE: Final = re.compile(
    r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?) ?(?P<unit>[kmgt]b?)", re.ASCII | re.IGNORECASE
)


def size_text(num_bytes: int) -> str:
    """Write a size."""
    # 999.6 kB would be written 1e+03 kB.
    unit = next((unit for unit, one in _UNITS.items() if num_bytes < 999.5 * one), "TB")
    return f"{num_bytes / _UNITS[unit]:.3g} {unit}"


def parse_size(text: str) -> int:
    """Read a size."""
    match = _SIZE.fullmatch(text.strip())
    unit = match["unit"][0].lower() if match else ""
    factor = next((one for name, one in _UNITS.items() if name[0].lower() == unit), 0)
    num_bytes = round(float(match["number"]) * factor) if match else 0
    if num_bytes < 1:
        raise UsageError(f"--max-size is {text[:40]!r}; give a size with its unit, such as 500MB or 2GB")
    return num_bytes


_UNIT_SECONDS: Final = {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_AGE: Final = re.compile(r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?) ?(?P<unit>[hdw])", re.ASCII | re.IGNORECASE)

_SHARE_OF_ONE_FILE: Final = 8
_LEAST_FILE_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """What a folder of recordings is held to.

    Attributes
    ----------
    keep_seconds : float or None
        What was changed longer ago goes, s; None keeps it for ever.
    max_bytes : int or None
        What is beyond goes, the oldest first; None sets no bound.
    keep_text : str
        The age as it was typed; empty without one.
    """

    keep_seconds: float | None = None
    max_bytes: int | None = None
    keep_text: str = ""

    @classmethod
    def parse(cls, keep: str | None, max_size: str | None) -> Self | None:
        """Read `--keep` and `--max-size`."""
        if keep is None and max_size is None:
            return None
        return cls(
            None if keep is None else _seconds_of(keep),
            None if max_size is None else parse_size(max_size),
            "" if keep is None else keep.strip(),
        )

    @property
    def max_file_bytes(self) -> int:
        """Where a file of the whole sound ends, so that the one in hand is a small part of the bound."""
        if self.max_bytes is None:
            return MAX_WAV_BYTES
        return min(MAX_WAV_BYTES, max(_LEAST_FILE_BYTES, self.max_bytes // _SHARE_OF_ONE_FILE))

    def why(self, seconds: float, num_bytes: int) -> str | None:
        """Say why something is to go."""
        if self.keep_seconds is not None and seconds > self.keep_seconds:
            return f"older than {self.keep_text}"
        if self.max_bytes is not None and num_bytes > self.max_bytes:
            return f"more than {size_text(self.max_bytes)}"
        return None


def _seconds_of(text: str) -> float:
    match = _AGE.fullmatch(text.strip())
    seconds = float(match["number"]) * _UNIT_SECONDS[match["unit"].lower()] if match else 0.0
    if not seconds:
        raise UsageError(f"--keep is {text[:40]!r}; give an age with its unit, such as 36h, 7d or 2w")
    return seconds


_JUMP_SECONDS: Final = 60.0
"""What the wall clock may gain at once: a leap, a correction, a look that came late."""


def steady_seconds() -> float:
    """Give seconds that nobody can set; where the system has such, they pass while the machine sleeps."""
    return time.clock_gettime(
        time.CLOCK_BOOTTIME if hasattr(time, "CLOCK_BOOTTIME") else time.CLOCK_MONOTONIC
    )


class FileClock:
    """Ages each file by the clock that it was written by.

    A wall clock that is set forward a year would make what was saved a minute ago a year old. So it is not
    followed until everything that was written before has really become as old as it may; what is written
    after is from the future till then, and stays. A clock that is set back is followed at once: files only
    become younger.
    """

    def __init__(
        self,
        keep_seconds: float,
        *,
        wall: Callable[[], float] = wall_clock.now,
        steady: Callable[[], float] = steady_seconds,
    ) -> None:
        self._keep_seconds = keep_seconds
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()
        self._ahead: float | None = None
        self._since = 0.0

    def __call__(self) -> float:
        """Give the time."""
        now = self._steady()
        offset = self._wall() - now
        if offset <= self._offset + _JUMP_SECONDS:
            self._offset, self._ahead = offset, None
        elif self._ahead is None or offset > self._ahead + _JUMP_SECONDS:
            self._ahead, self._since = offset, now
        elif now - self._since > self._keep_seconds:
            self._offset, self._ahead = offset, None
        return now + self._offset


@dataclass(slots=True)
class PruneResult:
    """What a pass has come to.

    Attributes
    ----------
    num_bytes : int
        What our recordings hold now.
    is_done : bool
        False where another process was at it.
    complaints : list of str
        What could not be removed, or is not ours to remove; a line each.
    """

    num_bytes: int = 0
    is_done: bool = True
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _PruneRun:
    """The open folder of recordings, the time, the age of our own session, when to stop, and the result."""

    recordings: int
    now: float
    own_seconds: float
    is_given_up: Callable[[], bool]
    tidied: PruneResult

    def own_age(self, changed: float) -> float:
        """Give the age of a file of our own session, s."""
        return min(self.now - changed, self.own_seconds)


class Pruner:
    """Holds the sessions in a folder to their bounds.

    A session counts where its folder still has the name that it was given and a session.json that tells of
    it; whoever renames the folder keeps it. Sessions go whole, the one that was changed longest ago first.
    Those that are being recorded stay; of the one of this process closed files go when nothing else is left.
    """

    def __init__(self, out_dir: Path, bounds: RetentionLimits) -> None:
        self._out_dir = out_dir
        self._bounds = bounds
        self._survey = Scanner()

    def run(
        self,
        now: float,
        own: str = "",
        is_given_up: Callable[[], bool] = never_cancel,
        *,
        own_seconds: float = math.inf,
    ) -> PruneResult:
        """Look through the folder, and remove what is beyond the bounds."""
        tidied = PruneResult()
        try:
            with opened_folder(self._out_dir) as recordings:
                if lock_folder(recordings) == "another's":
                    tidied.is_done = False
                else:
                    self._tidy(_PruneRun(recordings, now, own_seconds, is_given_up, tidied), own)
        except FileNotFoundError:
            pass  # Nothing has been recorded yet.
        except OSError as error:
            tidied.complaints.append(_prune_error(self._out_dir, error))
        return tidied

    def _tidy(self, of: _PruneRun, own: str) -> None:
        self._survey.begin_pass(of.now)
        names = [entry.name for entry in entries(of.recordings) if SESSION_ID.fullmatch(entry.name)]
        found = [held for name in names if (held := self._look_at(of, name)) is not None]
        of.tidied.num_bytes = sum(each.held.num_bytes for each in found)
        for each in sorted(found, key=lambda other: (other.held.newest, other.session)):
            seconds = of.now - each.held.newest
            why = self._bounds.why(seconds, of.tidied.num_bytes)
            may_have_ended = each.has_summary or seconds >= QUIET_SECONDS
            if why is not None and may_have_ended and each.session != own and not of.is_given_up():
                self._remove(of, each, why)
        for running in found:
            if running.session == own:
                self._thin(of, running)

    def _look_at(self, of: _PruneRun, name: str) -> SessionContents | None:
        try:
            held = self._survey.look_at(name, of.recordings)
        except OSError as error:
            of.tidied.complaints.append(_prune_error(self._out_dir / name, error))
            return None
        if held is not None and held.named != name:
            of.tidied.complaints.append(
                f"{printable(self._out_dir / name)} was left alone: "
                "its session.json does not tell of this session"
            )
            return None
        return held

    def _remove(self, of: _PruneRun, each: SessionContents, why: str) -> None:
        """Remove a session, unless someone holds its lock."""
        gone, whole = Removed(), False
        try:
            with opened_folder(each.session, of.recordings) as folder:
                if lock_folder(folder) != "another's":
                    whole = remove_session(each.session, of.recordings, folder, gone, of.is_given_up)
        except OSError as error:
            of.tidied.complaints.append(_prune_error(self._out_dir / each.session, error))
        if whole and each.held.num_strangers:
            of.tidied.complaints.append(foreign_files_text(self._out_dir / each.session, each))
        self._account(of, each.session, gone, why, whole=whole)

    def _thin(self, of: _PruneRun, running: SessionContents) -> None:
        """Remove closed files of our own session."""
        if self._bounds.why(of.own_age(running.held.oldest), of.tidied.num_bytes) is None:
            return
        gone, why = Removed(), ""
        try:
            with opened_folder(running.session, of.recordings) as folder:
                for file in closed_files(running, folder):
                    num_bytes = of.tidied.num_bytes - gone.num_bytes
                    reason = self._bounds.why(of.own_age(file.changed), num_bytes)
                    if reason is None or of.is_given_up():
                        break
                    why = reason
                    with ExitStack() as stack:
                        place = folder
                        for name in file.folders:
                            place = stack.enter_context(opened_folder(name, place))
                        remove_file(file.name, place, gone)
        except OSError as error:
            of.tidied.complaints.append(_prune_error(self._out_dir / running.session, error))
        self._account(of, running.session, gone, why, whole=False)

    def _account(self, of: _PruneRun, session: str, gone: Removed, why: str, *, whole: bool) -> None:
        """Take off what has gone, and write it down."""
        of.tidied.num_bytes -= gone.num_bytes
        if gone.num_files:
            try:
                log_removed(of.recordings, of.now, gone, why, session=session, whole=whole)
            except OSError as error:
                of.tidied.complaints.append(_prune_error(self._out_dir / LOG_FILE, error))


def foreign_files_text(path: Path, session: SessionContents) -> str:
    """Say what is left of a session that is removed."""
    held = session.held
    named = ", ".join(printable(name) for name in held.strangers)
    num_more = held.num_strangers - len(held.strangers)
    return f"{printable(path)} stays, with what is not callmood's: {named}" + (
        f" and {num_more} more" if num_more else ""
    )


def _prune_error(path: Path, error: OSError) -> str:
    return f"cannot tidy {printable(path)}: {error.strerror or error}; check its rights"


PRUNE_INTERVAL_SECONDS: Final = 60.0
CLOSE_TIMEOUT_SECONDS: Final = 5.0
"""How long the end of a session waits for the last pass."""

_BUSY_SECONDS: Final = 1.0
"""When to try again where another process is tidying."""

_GIVE_UP_SECONDS: Final = 0.5
_MAX_SAID: Final = 64


class Retention(Sink):
    """Tidies when the session begins, every minute, and when it ends.

    A minute is one of the clock or of the stream, whichever is over first: a replay may record an hour while
    the clock passes a minute. What goes wrong in it becomes a complaint: no recording hangs on it.
    """

    def __init__(
        self,
        out_dir: Path,
        bounds: RetentionLimits,
        *,
        every_seconds: float = PRUNE_INTERVAL_SECONDS,
        patience_seconds: float = CLOSE_TIMEOUT_SECONDS,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._out_dir = out_dir
        self._bounds = bounds
        self._every_seconds = every_seconds
        self._patience_seconds = patience_seconds
        self._clock = FileClock(bounds.keep_seconds or 0.0) if clock is None else clock
        self._tidying = Pruner(out_dir, bounds)
        self._complaints = Complaints()
        self._said: set[str] = set()
        self._began = steady_seconds()
        self._stream_seconds = 0.0
        self._due_seconds = every_seconds
        self._wanted = threading.Event()
        self._ending = threading.Event()
        self._given_up = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, facts: SessionInfo) -> None:
        """Start the thread, and with it the first pass."""
        # A daemon: a disk that hangs must not keep the program from ending.
        self._thread = threading.Thread(
            target=self._run, args=(facts.session,), name="callmood-retention", daemon=True
        )
        self._thread.start()

    def take_row(self, row: Row) -> None:
        """Have the recordings tidied where a minute of the stream is over."""
        self._stream_seconds = row.end
        if row.end >= self._due_seconds:
            self._wanted.set()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What could not be removed, and what was left alone."""
        return self._complaints.lines

    def close(self, summary: Summary | None) -> None:
        """Wait a little for the last pass, then give it up; a second call does nothing."""
        if self._thread is None:
            return
        if summary is None:
            self._given_up.set()
        self._ending.set()
        self._wanted.set()
        try:
            self._over.wait(self._patience_seconds)
        finally:
            # Also where the user insists while we wait.
            self._given_up.set()
            self._over.wait(_GIVE_UP_SECONDS)
            self._thread = None

    def _run(self, session: str) -> None:
        try:
            wait_seconds = 0.0
            while not self._is_ending_after(wait_seconds):
                self._due_seconds = self._stream_seconds + self._every_seconds
                wait_seconds = self._every_seconds if self._tidy(session).is_done else _BUSY_SECONDS
            if not self._given_up.is_set():
                self._end(self._tidy(session))
        except Exception as error:  # noqa: BLE001 - no tidiness is worth the recording
            self._complain(f"recordings are tidied no more: {error!r}")
        finally:
            self._over.set()

    def _is_ending_after(self, seconds: float) -> bool:
        """Wait for the next pass, or for the end."""
        self._wanted.wait(seconds)
        # Before looking whether it ends: `close` says that first, and sets this once more.
        self._wanted.clear()
        return self._ending.is_set()

    def _tidy(self, session: str) -> PruneResult:
        seconds = steady_seconds() - self._began
        tidied = self._tidying.run(self._clock(), session, self._given_up.is_set, own_seconds=seconds)
        for line in tidied.complaints:
            self._complain(line)
        return tidied

    def _end(self, tidied: PruneResult) -> None:
        """Say so where the bound does not hold."""
        bound = self._bounds.max_bytes
        if bound is not None and tidied.num_bytes > bound:
            self._complain(
                f"{printable(self._out_dir)} holds {size_text(tidied.num_bytes)} of recordings, "
                f"more than {size_text(bound)}: what is left is being recorded, or could not be removed"
            )

    def _complain(self, line: str) -> None:
        """Say each thing once, however often it is met."""
        if line not in self._said and len(self._said) < _MAX_SAID:
            self._said.add(line)
            self._complaints.add(line)
