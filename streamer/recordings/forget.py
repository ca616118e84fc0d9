"""`callmood forget`: find a recorded session, a saved voice or a line by name, and remove it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from emotion import wall_clock
from emotion.atomic_files import lock_folder
from emotion.errors import OutputError, UsageError, printable
from streamer.lines import LineFolder
from streamer.recordings.listing import session_folders
from streamer.recordings.lookup import LAST, ambiguous_text, last_of, no_last_session, sessions_called
from streamer.recordings.removal import LOG_FILE, Removed, log_removed, remove_file, remove_session
from streamer.recordings.retention import foreign_files_text, size_text
from streamer.recordings.scan import (
    QUIET_SECONDS,
    SESSION_ID,
    FolderContents,
    Scanner,
    SessionContents,
    entries,
    opened_folder,
)
from streamer.recordings.session_folder import LOCK_WAIT_SECONDS, SESSION_FILE
from streamer.saved_states import SUFFIX
from streamer.sinks.base import counted
from streamer.voices import VoiceFolder

LOG_REASON: Final = "forgotten"
PATIENCE_SECONDS: Final = 10.0
"""How long to wait for a process that is cleaning the folder."""


@dataclass(frozen=True)
class ForgettableSession:
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
        line = f"session {printable(self.session.session)}: {_amount(total)} in {printable(self.path)}"
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
        """Remove it, log that, and give the lines to print."""
        name = self.session.session
        removed = Removed()
        with (
            suppress(FileNotFoundError),
            _removal(self.path, now, removed, session=name) as recordings,
            opened_folder(name, recordings) as folder,
        ):
            self.refuse_recorded(folder, now)
            remove_session(name, recordings, folder, removed)
        return (f"removed session {printable(name)}: {_amount(removed)}", *self.lines[1:])


@dataclass(frozen=True)
class ForgettableState:
    """A saved voice, or a line with its codecs.

    Attributes
    ----------
    kind : {'voice', 'line'}
        Which it is.
    paths : tuple of Path
        Its files, all in one folder; those of a line are called by name and codec.
    """

    kind: Literal["voice", "line"]
    paths: tuple[Path, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Names and places."""
        return tuple(f"{self.kind} {_stem(path)}: {printable(path)}" for path in self.paths)

    def forget(self, now: float) -> tuple[str, ...]:
        """Remove it, with temporary files of killed processes; log that, and give the lines to print."""
        return tuple(line for path in self.paths for line in self._forget(path, now))

    def _forget(self, path: Path, now: float) -> tuple[str, ...]:
        part = re.compile(rf"\.{re.escape(path.name)}\.[0-9]+\.part", re.ASCII)
        removed = Removed(whole=True)
        with suppress(FileNotFoundError), _removal(path, now, removed, kind=self.kind) as folder:
            names = [entry.name for entry in entries(folder) if part.fullmatch(entry.name)]
            for name in (path.name, *names):
                remove_file(name, folder, removed)
        return (f"removed {self.kind} {_stem(path)}: {printable(path)}",)


def _stem(path: Path) -> str:
    return printable(path.name.removesuffix(SUFFIX))


@contextmanager
def _removal(
    path: Path, now: float, removed: Removed, *, session: str | None = None, kind: str = ""
) -> Iterator[int]:
    """Lock the folder in which something lies while it is removed, and log that there.

    FileNotFoundError says that another process removed it meanwhile.
    """
    try:
        with opened_folder(path.parent) as folder:
            _wait_for_lock(folder, path.parent)
            try:
                yield folder
            finally:
                if removed.num_files:
                    _log(folder, path.parent, now, removed, session=session, kind=kind)
    except (OutputError, FileNotFoundError):
        raise
    except OSError as error:
        raise OutputError(
            f"cannot remove {printable(path)}: {error.strerror or error}; check its rights"
        ) from error


def _wait_for_lock(folder: int, path: Path) -> None:
    if lock_folder(folder, PATIENCE_SECONDS) == "another's":
        raise OutputError(
            f"another callmood has been tidying {printable(path)} for {PATIENCE_SECONDS:g} s; try again"
        )


def _log(folder: int, path: Path, now: float, removed: Removed, *, session: str | None, kind: str) -> None:
    try:
        log_removed(folder, now, removed, LOG_REASON, session=session, kind=kind)
    except OSError as error:
        raise OutputError(
            f"{removed.num_files} files were removed, but {printable(path / LOG_FILE)} cannot be written: "
            f"{error.strerror or error}; look after it"
        ) from error


def _amount(files: FolderContents | Removed) -> str:
    return f"{counted(files.num_files, 'file')}, {size_text(files.num_bytes)}"


Forgettable: TypeAlias = ForgettableSession | ForgettableState


def find_forgettable(name: str, out_dir: Path, voices: VoiceFolder) -> Forgettable:
    """Find the session, the voice or the line of a name; UsageError where there is none, or more than one."""
    try:
        sessions = _find_sessions(name, out_dir)
        voice = None if name == LAST else _find_voice(name, voices)
        line = None if name == LAST else _find_line(name, LineFolder(voices.path))
        _refuse_two(name, sessions, voice, line)
        if sessions:
            return _find_session(sessions[0], out_dir)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"cannot look into {printable(out_dir)}: {error.strerror or error}; check its rights"
        ) from error
    if name == LAST:
        raise no_last_session(out_dir)
    found = voice or line
    if found is None:
        raise UsageError(
            f"{name[:70]!a} is neither a session in {printable(out_dir)} nor a voice or line in "
            f"{printable(voices.path)}; callmood sessions and callmood voices list them"
        )
    return found


def _refuse_two(
    name: str, sessions: Sequence[str], voice: ForgettableState | None, line: ForgettableState | None
) -> None:
    """Refuse a name that means more than one thing."""
    ways = [] if voice is None else [f"for the voice callmood voices --delete {name}"]
    ways += [] if line is None else [f"for the line {_stem(line.paths[0])}"]
    if ways and sessions:
        raise UsageError(
            f"{name!a} is a {'line' if voice is None else 'voice'}, and means session "
            f"{printable(sessions[0])} as well; type more of the session's id, or {', or '.join(ways)}"
        )
    if len(ways) > 1:
        raise UsageError(f"{name!a} is a voice and a line; type {', or '.join(ways)}")
    if len(sessions) > 1:
        raise UsageError(ambiguous_text(name, sessions))


def _find_sessions(name: str, out_dir: Path) -> list[str]:
    """List the session of this name, or else those whose ids begin with it; `last` is the newest."""
    if name == LAST:
        folders = session_folders(out_dir)
        return [last_of(folders).name] if folders else []
    try:
        with opened_folder(out_dir) as recordings:
            called = sessions_called(name, sorted(entry.name for entry in entries(recordings)))
    except FileNotFoundError:
        return []
    # Links are found as well, and refused.
    return sessions_called(name, [each for each in called if (out_dir / each / SESSION_FILE).is_file()])


def _find_session(session: str, out_dir: Path) -> ForgettableSession:
    path = out_dir / session
    _refuse_link(path)
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


def _find_voice(name: str, voices: VoiceFolder) -> ForgettableState | None:
    try:
        path = voices.path_of(name)
    except UsageError:
        return None
    _refuse_link(path)
    return ForgettableState("voice", (path,)) if path.is_file() else None


def _find_line(name: str, lines: LineFolder) -> ForgettableState | None:
    paths = tuple(map(lines.path_of, lines.named(name)))
    for path in paths:
        _refuse_link(path)
    return ForgettableState("line", paths) if paths else None


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise UsageError(f"{printable(path)} is a link; remove it, and what it leads to, yourself")
