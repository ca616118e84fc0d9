"""Keep a folder of recordings within its limits of age and size, from a thread of its own."""

import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from emotion import wall_clock
from emotion.atomic_files import lock_folder
from emotion.errors import UsageError, printable
from streamer.events import Event, Row
from streamer.recordings.removal import (
    LOG_FILE,
    Removed,
    closed_files,
    log_removed,
    never_cancel,
    remove_all_but_journal,
    remove_file,
    remove_session,
)
from streamer.recordings.scan import (
    QUIET_SECONDS,
    SESSION_ID,
    FolderContents,
    Scanner,
    SessionContents,
    entries,
    opened_folder,
)
from streamer.recordings.wav import MAX_WAV_BYTES
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Complaints, Sink

_UNITS: Final = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_QUANTITY: Final = re.compile(
    r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?) ?(?P<unit>[a-z]{1,2})", re.ASCII | re.IGNORECASE
)
_UNIT_BYTES: Final = {
    unit: 1000**power for power, prefix in enumerate("kmgt", 1) for unit in (prefix, f"{prefix}b")
}
_UNIT_SECONDS: Final = {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def size_text(num_bytes: int) -> str:
    """Write a size, as ``1.5 GB``."""
    # 999.6 kB would be written 1e+03 kB.
    unit = next((unit for unit, one in _UNITS.items() if num_bytes < 999.5 * one), "TB")
    return f"{num_bytes / _UNITS[unit]:.3g} {unit}"


def parse_size(text: str) -> int:
    """Parse `--max-size`, bytes."""
    num_bytes = round(_quantity(text, _UNIT_BYTES))
    if num_bytes < 1:
        raise UsageError(f"--max-size is {text[:40]!r}; give a size with its unit, such as 500MB or 2GB")
    return num_bytes


def _parse_age(text: str, option: str = "--keep") -> float:
    """Parse `--keep` or `--keep-journals`, s."""
    seconds = _quantity(text, _UNIT_SECONDS)
    if not seconds:
        raise UsageError(f"{option} is {text[:40]!r}; give an age with its unit, such as 36h, 7d or 2w")
    return seconds


def _quantity(text: str, units: Mapping[str, float]) -> float:
    """Multiply a number with its unit; 0 where the text is something else."""
    match = _QUANTITY.fullmatch(text.strip())
    return float(match["number"]) * units.get(match["unit"].lower(), 0) if match else 0.0


def age_words(text: str) -> tuple[str, str]:
    """Split an age of `RetentionLimits`, such as ``36h``, into the number and the unit: h, d or w."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r:.60} is no age")
    return match["number"], match["unit"].lower()


_SHARE_OF_ONE_FILE: Final = 8
_LEAST_FILE_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """Limits of a folder of recordings.

    Attributes
    ----------
    keep_seconds : float or None
        What was changed longer ago is removed, s; None without a limit.
    max_bytes : int or None
        What exceeds it is removed, the oldest first; None without a limit.
    keep_text : str
        The age as it was typed; empty without one.
    journal_seconds : float or None
        A journal is kept until it was changed longer ago, also where the rest of its session is removed, s;
        None where it goes with the rest. What journals take does not count for `max_bytes` then.
    journal_text : str
        That age as it was typed; empty without one.
    """

    keep_seconds: float | None = None
    max_bytes: int | None = None
    keep_text: str = ""
    journal_seconds: float | None = None
    journal_text: str = ""

    @classmethod
    def parse(cls, keep: str | None, max_size: str | None, keep_journals: str | None = None) -> Self | None:
        """Parse `--keep`, `--max-size` and `--keep-journals`; None where none is given."""
        if keep is None and max_size is None and keep_journals is None:
            return None
        limits = cls(
            None if keep is None else _parse_age(keep),
            None if max_size is None else parse_size(max_size),
            "" if keep is None else keep.strip(),
            None if keep_journals is None else _parse_age(keep_journals, "--keep-journals"),
            "" if keep_journals is None else keep_journals.strip(),
        )
        if (limits.journal_seconds or math.inf) < (limits.keep_seconds or 0.0):
            raise UsageError(
                f"--keep-journals {limits.journal_text} is shorter than --keep {limits.keep_text}: journals "
                "stay at least as long as the sound; give a longer age"
            )
        return limits

    @property
    def longest_seconds(self) -> float:
        """The longest of the ages, s; 0 without one."""
        return max(self.keep_seconds or 0.0, self.journal_seconds or 0.0)

    def counted_bytes(self, contents: FolderContents) -> int:
        """Count what `max_bytes` limits."""
        return contents.num_bytes - (0 if self.journal_seconds is None else contents.journal_bytes)

    def why_journal(self, seconds: float) -> str | None:
        """Say why a journal of this age must be removed; None where it may stay when the rest goes."""
        if self.journal_seconds is None:
            return "as the rest"
        return f"journal older than {self.journal_text}" if seconds > self.journal_seconds else None

    @property
    def max_file_bytes(self) -> int:
        """Size limit of a file of the whole sound, so that the open one is a small share of `max_bytes`."""
        if self.max_bytes is None:
            return MAX_WAV_BYTES
        return min(MAX_WAV_BYTES, max(_LEAST_FILE_BYTES, self.max_bytes // _SHARE_OF_ONE_FILE))

    def why(self, seconds: float, num_bytes: int) -> str | None:
        """Say why something of this age must be removed; None where it may stay."""
        if self.keep_seconds is not None and seconds > self.keep_seconds:
            return f"older than {self.keep_text}"
        if self.max_bytes is not None and num_bytes > self.max_bytes:
            return f"more than {size_text(self.max_bytes)}"
        return None


_JUMP_SECONDS: Final = 60.0
"""What the wall clock may gain at once: a leap second, a correction, a late reading."""


def steady_seconds() -> float:
    """Read a clock that cannot be set, and which counts suspend where the system has such a one."""
    return time.clock_gettime(
        time.CLOCK_BOOTTIME if hasattr(time, "CLOCK_BOOTTIME") else time.CLOCK_MONOTONIC
    )


class FileClock:
    """A wall clock for ages of files, which does not follow a jump forward at once.

    If the wall clock is set forward by a year, a file saved a minute ago would be a year old. So the jump is
    followed only after `keep_seconds`, when every file written before it has really reached that age;
    files written after it are in the future until then, and stay. A clock that is set back is followed at
    once: files only become younger.
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
        """Give the time, seconds since the epoch."""
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
        Size of the recordings now.
    is_done : bool
        False where another process was cleaning the folder.
    complaints : list of str
        What could not be removed, or is not ours to remove; a line each.
    """

    num_bytes: int = 0
    is_done: bool = True
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass: the open folder of recordings, the time, the session of this process and its age."""

    recordings: int
    now: float
    own: str
    own_seconds: float
    is_cancelled: Callable[[], bool]
    result: PruneResult

    @contextmanager
    def errors_noted(self, path: Path) -> Iterator[None]:
        """Go on after an error, with a complaint."""
        try:
            yield
        except OSError as error:
            self.result.complaints.append(_prune_error(path, error))

    def own_age(self, changed: float) -> float:
        """Give the age of a file of our own session, s."""
        return min(self.now - changed, self.own_seconds)


class Pruner:
    """Removes sessions beyond the limits from a folder of recordings; their journals may stay longer.

    A folder counts as a session while it has its original name and its session.json describes it: renaming
    the folder keeps it. Whole sessions are removed, the one that was changed longest ago first. Sessions that
    are being recorded stay; of the session of this process, closed files are removed when nothing else is
    left.
    """

    def __init__(self, out_dir: Path, limits: RetentionLimits) -> None:
        self._out_dir = out_dir
        self._limits = limits
        self._scanner = Scanner()

    def run(
        self,
        now: float,
        own: str = "",
        is_cancelled: Callable[[], bool] = never_cancel,
        *,
        own_seconds: float = math.inf,
    ) -> PruneResult:
        """Remove what is beyond the limits."""
        result = PruneResult()
        try:
            with opened_folder(self._out_dir) as recordings:
                if lock_folder(recordings) == "another's":
                    result.is_done = False
                else:
                    self._prune(_Pass(recordings, now, own, own_seconds, is_cancelled, result))
        except FileNotFoundError:
            pass  # Nothing has been recorded yet.
        except OSError as error:
            result.complaints.append(_prune_error(self._out_dir, error))
        return result

    def _prune(self, this: _Pass) -> None:
        self._scanner.begin_pass(this.now)
        names = [entry.name for entry in entries(this.recordings) if SESSION_ID.fullmatch(entry.name)]
        found = [session for name in names if (session := self._scan(this, name)) is not None]
        this.result.num_bytes = sum(self._limits.counted_bytes(each.total) for each in found)
        for each in sorted(found, key=lambda other: (other.total.newest, other.session)):
            seconds = this.now - each.total.newest
            may_have_ended = each.has_summary or seconds >= QUIET_SECONDS
            if may_have_ended and each.session != this.own and not this.is_cancelled():
                self._hold_to_limits(this, each, seconds)
        for running in found:
            if running.session == this.own:
                self._remove_closed_files(this, running)

    def _scan(self, this: _Pass, name: str) -> SessionContents | None:
        found = None
        with this.errors_noted(self._out_dir / name):
            found = self._scanner.scan(name, this.recordings)
        if found is not None and found.named != name:
            this.result.complaints.append(
                f"{printable(self._out_dir / name)} was left alone: "
                "its session.json does not tell of this session"
            )
            return None
        return found

    def _hold_to_limits(self, this: _Pass, each: SessionContents, seconds: float) -> None:
        """Remove a session, or all but its journal where that may stay longer."""
        limits = self._limits
        why_journal = limits.why_journal(seconds)
        if limits.journal_seconds is not None and not each.total.num_beside_journal:
            why, is_whole = why_journal, True
        else:
            why = limits.why(seconds, this.result.num_bytes)
            is_whole = why_journal is not None or not each.total.num_journals
        if why is not None:
            self._remove(this, each, why, is_whole=is_whole)

    def _remove(self, this: _Pass, each: SessionContents, why: str, *, is_whole: bool) -> None:
        """Remove a session, or all but its journal, unless it is locked."""
        removed = Removed()
        with (
            this.errors_noted(self._out_dir / each.session),
            opened_folder(each.session, this.recordings) as folder,
        ):
            if lock_folder(folder) == "another's":
                return
            if is_whole:
                remove_session(each.session, this.recordings, folder, removed, this.is_cancelled)
            else:
                remove_all_but_journal(folder, removed, this.is_cancelled)
        if removed.whole and each.total.num_foreign:
            this.result.complaints.append(foreign_files_text(self._out_dir / each.session, each))
        uncounted = each.total.num_bytes - self._limits.counted_bytes(each.total) if removed.whole else 0
        self._account(this, each.session, removed, why, uncounted)

    def _remove_closed_files(self, this: _Pass, running: SessionContents) -> None:
        """Remove closed files of our own session."""
        if self._limits.why(this.own_age(running.total.oldest), this.result.num_bytes) is None:
            return
        removed, why = Removed(), ""
        with (
            this.errors_noted(self._out_dir / running.session),
            opened_folder(running.session, this.recordings) as folder,
        ):
            for file in closed_files(running, folder):
                num_bytes = this.result.num_bytes - removed.num_bytes
                reason = self._limits.why(this.own_age(file.changed), num_bytes)
                if reason is None or this.is_cancelled():
                    break
                why = reason
                with ExitStack() as stack:
                    place = folder
                    for name in file.folders:
                        place = stack.enter_context(opened_folder(name, place))
                    remove_file(file.name, place, removed)
        self._account(this, running.session, removed, why)

    def _account(self, this: _Pass, session: str, removed: Removed, why: str, uncounted: int = 0) -> None:
        """Subtract what was removed, less what had not been counted, and log it."""
        this.result.num_bytes -= removed.num_bytes - uncounted
        if removed.num_files:
            with this.errors_noted(self._out_dir / LOG_FILE):
                log_removed(this.recordings, this.now, removed, why, session=session)


def foreign_files_text(path: Path, session: SessionContents) -> str:
    """Say what remains of a session that is removed."""
    total = session.total
    named = ", ".join(printable(name) for name in total.foreign)
    num_more = total.num_foreign - len(total.foreign)
    return f"{printable(path)} stays, with what is not callmood's: {named}" + (
        f" and {num_more} more" if num_more else ""
    )


def _prune_error(path: Path, error: OSError) -> str:
    return f"cannot tidy {printable(path)}: {error.strerror or error}; check its rights"


PRUNE_INTERVAL_SECONDS: Final = 60.0
CLOSE_TIMEOUT_SECONDS: Final = 5.0
"""How long the end of a session waits for the last pass."""

_BUSY_SECONDS: Final = 1.0
"""When to try again while another process is cleaning the folder."""

_GIVE_UP_SECONDS: Final = 0.5


class Retention(Sink):
    """Prunes the recordings at the start and the end of a session, and every minute.

    A minute passes by the clock or in the stream, whichever is first: a fast replay may record an hour in a
    minute. Errors become complaints: none of them ends the recording.
    """

    def __init__(
        self,
        out_dir: Path,
        limits: RetentionLimits,
        *,
        every_seconds: float = PRUNE_INTERVAL_SECONDS,
        close_seconds: float = CLOSE_TIMEOUT_SECONDS,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._out_dir = out_dir
        self._limits = limits
        self._every_seconds = every_seconds
        self._close_seconds = close_seconds
        self._clock = FileClock(limits.longest_seconds) if clock is None else clock
        self._pruner = Pruner(out_dir, limits)
        self._complaints = Complaints()
        self._began = steady_seconds()
        self._stream_seconds = 0.0
        self._due_seconds = every_seconds
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._cancelled = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, info: SessionInfo) -> None:
        """Start the thread, and with it the first pass."""
        # A daemon: a disk that hangs must not keep the program from ending.
        self._thread = threading.Thread(
            target=self._run, args=(info.session,), name="callmood-retention", daemon=True
        )
        self._thread.start()

    def handle(self, event: Event) -> None:
        """Start a pass where a minute of the stream is over."""
        if isinstance(event, Row):
            self._stream_seconds = event.end
            if event.end >= self._due_seconds:
                self._wake.set()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What could not be removed, and what was left alone."""
        return self._complaints.lines

    def close(self, summary: Summary | None) -> None:
        """Wait for the last pass, then give it up; a second call does nothing."""
        if self._thread is None:
            return
        if summary is None:
            self._cancelled.set()
        self._ending.set()
        self._wake.set()
        try:
            self._over.wait(self._close_seconds)
        finally:
            # Also after a second Ctrl-C during the wait.
            self._cancelled.set()
            self._over.wait(_GIVE_UP_SECONDS)
            self._thread = None

    def _run(self, session: str) -> None:
        try:
            wait_seconds = 0.0
            while not self._is_ending_after(wait_seconds):
                self._due_seconds = self._stream_seconds + self._every_seconds
                wait_seconds = self._every_seconds if self._prune(session).is_done else _BUSY_SECONDS
            if not self._cancelled.is_set():
                self._check_size(self._prune(session).num_bytes)
        except Exception as error:  # noqa: BLE001 - the recording must go on
            self._complaints.add_once(f"recordings are tidied no more: {error!r}")
        finally:
            self._over.set()

    def _is_ending_after(self, seconds: float) -> bool:
        """Wait for the next pass, or for the end."""
        self._wake.wait(seconds)
        # Cleared before the check: `close` sets `_ending` first and then wakes once more.
        self._wake.clear()
        return self._ending.is_set()

    def _prune(self, session: str) -> PruneResult:
        """Run a pass; each complaint is reported once, however often it occurs."""
        seconds = steady_seconds() - self._began
        result = self._pruner.run(self._clock(), session, self._cancelled.is_set, own_seconds=seconds)
        for line in result.complaints:
            self._complaints.add_once(line)
        return result

    def _check_size(self, num_bytes: int) -> None:
        """Complain where the recordings are still too large."""
        max_bytes = self._limits.max_bytes
        if max_bytes is not None and num_bytes > max_bytes:
            self._complaints.add_once(
                f"{printable(self._out_dir)} holds {size_text(num_bytes)} of recordings, "
                f"more than {size_text(max_bytes)}: what is left is being recorded, or could not be removed"
            )
