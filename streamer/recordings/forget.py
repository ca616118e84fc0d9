"""`callmood forget`: find a recorded session or a saved voice by name, and remove it."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion import wall_clock
from emotion.atomic_files import lock_folder
from emotion.errors import OutputError, UsageError
from emotion.untrusted_text import printable
from streamer.recordings.listing import QUIET_SECONDS
from streamer.recordings.removal import LOG_FILE, Removed, log_removed, remove_file, remove_session
from streamer.recordings.retention import foreign_files_text, size_text
from streamer.recordings.scan import SESSION_ID, Scanner, SessionContents, entries, opened_folder
from streamer.recordings.session_folder import LOCK_WAIT_SECONDS, SESSION_FILE
from streamer.voices import VoiceFolder

LOG_REASON: Final = "forgotten"
PATIENCE_SECONDS: Final = 10.0
"""How long to wait for a process that is cleaning the folder."""


class Forgettable(ABC):
    """Something that can be removed on request."""

    @property
    @abstractmethod
    def lines(self) -> tuple[str, ...]:
        """Its name and size, and what would remain: a line, or two."""

    @abstractmethod
    def forget(self, now: float) -> tuple[str, ...]:
        """Remove it, log that, and give the lines to print."""


@dataclass(frozen=True)
class ForgettableSession(Forgettable):
    """A recorded session.

    Attributes
    ----------
    out_dir : Path
        The folder of all recordings.
    session : SessionContents
        As it was scanned.
    """

    out_dir: Path
    session: SessionContents

    @property
    def lines(self) -> tuple[str, ...]:
        """Its id and size, and the foreign entries in its folder."""
        total = self.session.total
        amount = _amount(total.num_files, total.num_bytes)
        line = f"session {printable(self.session.session)}: {amount} in {printable(self.path)}"
        return (line, foreign_files_text(self.path, self.session)) if total.num_foreign else (line,)

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.out_dir / self.session.session

    def refuse_recorded(self, folder: int, now: float) -> None:
        """Raise OutputError where it is being recorded."""
        locked = lock_folder(folder, LOCK_WAIT_SECONDS)
        fresh = not self.session.has_summary and now - self.session.total.newest < QUIET_SECONDS
        if locked == "another's" or (locked == "unknown" and fresh):
            raise OutputError(
                f"session {printable(self.session.session)} is being recorded; stop that, then forget it"
            )

    def forget(self, now: float) -> tuple[str, ...]:
        """Remove it; see `Forgettable.forget`."""
        removed, whole = Removed(), False
        try:
            with opened_folder(self.out_dir) as recordings:
                _wait_for_lock(recordings, self.out_dir)
                try:
                    with opened_folder(self.session.session, recordings) as folder:
                        self.refuse_recorded(folder, now)
                        whole = remove_session(self.session.session, recordings, folder, removed)
                finally:
                    if removed.num_files:
                        _log_removal(
                            recordings, self.out_dir, now, removed, session=self.session.session, whole=whole
                        )
        except FileNotFoundError:
            pass  # Removed by another process meanwhile.
        except OutputError:
            raise
        except OSError as error:
            raise _not_removed(self.path, error) from error
        amount = _amount(removed.num_files, removed.num_bytes)
        return (f"removed session {printable(self.session.session)}: {amount}", *self.lines[1:])


@dataclass(frozen=True)
class ForgettableVoice(Forgettable):
    """A saved voice.

    Attributes
    ----------
    path : Path
        Its file.
    name : str
        As the user calls it.
    """

    path: Path
    name: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Its name and place."""
        return (f"voice {self.name}: {printable(self.path)}",)

    def forget(self, now: float) -> tuple[str, ...]:
        """Remove it, with temporary files of killed processes; see `Forgettable.forget`."""
        removed = Removed()
        part = re.compile(rf"\.{re.escape(self.path.name)}\.[0-9]+\.part", re.ASCII)
        try:
            with opened_folder(self.path.parent) as voices:
                _wait_for_lock(voices, self.path.parent)
                names = [entry.name for entry in entries(voices) if part.fullmatch(entry.name)]
                try:
                    for name in (self.path.name, *names):
                        remove_file(name, voices, removed)
                finally:
                    if removed.num_files:
                        _log_removal(voices, self.path.parent, now, removed, session=None, whole=True)
        except OutputError:
            raise
        except OSError as error:
            raise _not_removed(self.path, error) from error
        return (f"removed voice {self.name}: {printable(self.path)}",)


def _wait_for_lock(folder: int, path: Path) -> None:
    if lock_folder(folder, PATIENCE_SECONDS) == "another's":
        raise OutputError(
            f"another callmood has been tidying {printable(path)} for {PATIENCE_SECONDS:g} s; try again"
        )


def _log_removal(
    folder: int, path: Path, now: float, removed: Removed, *, session: str | None, whole: bool
) -> None:
    try:
        log_removed(folder, now, removed, LOG_REASON, session=session, whole=whole)
    except OSError as error:
        raise OutputError(
            f"{removed.num_files} files were removed, but {printable(path / LOG_FILE)} cannot be written: "
            f"{error.strerror or error}; look after it"
        ) from error


def _not_removed(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot remove {printable(path)}: {error.strerror or error}; check its rights")


def _amount(num_files: int, num_bytes: int) -> str:
    return f"{num_files} file{'' if num_files == 1 else 's'}, {size_text(num_bytes)}"


_NUM_NAMED: Final = 3


def find_forgettable(name: str, out_dir: Path, voices: VoiceFolder) -> Forgettable:
    """Find the session or the voice of a name; UsageError where there is none, or more than one."""
    try:
        sessions = _find_sessions(name, out_dir)
        voice = _find_voice(name, voices)
        if voice is not None and sessions:
            raise UsageError(
                f"{name!a} is a voice, and means session {printable(sessions[0])} as well; type more of "
                f"the session's id, or for the voice callmood voices --delete {name}"
            )
        if len(sessions) > 1:
            more = f" and {len(sessions) - _NUM_NAMED} more" if len(sessions) > _NUM_NAMED else ""
            named = ", ".join(printable(session) for session in sessions[:_NUM_NAMED])
            raise UsageError(f"{name!a} begins {len(sessions)} sessions, {named}{more}; type more of one")
        if sessions:
            return _find_session(sessions[0], out_dir)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"cannot look into {printable(out_dir)}: {error.strerror or error}; check its rights"
        ) from error
    if voice is None:
        raise UsageError(
            f"{name[:70]!a} is neither a session in {printable(out_dir)} nor a voice in "
            f"{printable(voices.path)}; callmood sessions and callmood voices list them"
        )
    return voice


def _find_sessions(name: str, out_dir: Path) -> list[str]:
    """List the session of this name, or else those whose ids begin with it."""
    if not name:
        return []
    try:
        with opened_folder(out_dir) as recordings:
            found = sorted(
                entry.name
                for entry in entries(recordings)
                if entry.name.startswith(name) and (out_dir / entry.name / SESSION_FILE).is_file()
            )
    except FileNotFoundError:
        return []
    return [name] if name in found else found


def _find_session(session: str, out_dir: Path) -> ForgettableSession:
    path = out_dir / session
    if path.is_symlink():
        raise UsageError(f"{printable(path)} is a link; remove it, and what it leads to, yourself")
    scanner, now = Scanner(), wall_clock.now()
    scanner.begin_pass(now)
    with opened_folder(out_dir) as recordings:
        contents = scanner.scan(session, recordings)
        # A renamed folder can still be forgotten; session.json may be damaged.
        if contents is None or not SESSION_ID.fullmatch(contents.named or session):
            raise UsageError(f"{printable(path)} is not callmood's: its session.json tells of no session")
        found = ForgettableSession(out_dir, contents)
        with opened_folder(session, recordings) as folder:
            found.refuse_recorded(folder, now)
    return found


def _find_voice(name: str, voices: VoiceFolder) -> ForgettableVoice | None:
    try:
        path = voices.path_of(name)
    except UsageError:
        return None
    if path.is_symlink():
        raise UsageError(f"{printable(path)} is a link; remove it, and what it leads to, yourself")
    return ForgettableVoice(path, name) if path.is_file() else None
