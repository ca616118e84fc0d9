"""What lies in a folder of recordings: its sessions, listed for people and summed up for who removes them."""

import math
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

from emotion import wall_clock
from emotion.atomic_files import locked_folder
from emotion.errors import OutputError
from streamer.recordings.clips import CLIPS_FOLDER, INDEX_FILE, INDEX_NAMES, kind_of_clip
from streamer.recordings.session_audio import first_sample_of, is_sound_folder, sound_files
from streamer.recordings.session_folder import SESSION_FILE, SessionHead, checked_seconds, read_session_head

_SESSION_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
"""Folders with other names, such as escape sequences of the terminal, are not listed."""

QUIET_SECONDS: Final = 600.0
"""A session without a summary that was changed more recently may still be recorded."""

_TAIL_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """One session on disk.

    Attributes
    ----------
    session : str
        Its id, the name of its folder.
    started : str or None
        ISO 8601 with offset; None where session.json cannot be read.
    seconds : float or None
        Stream time heard, s: from the summary, or else the end of the sound or of the last clip; None where
        none of them can be read.
    clips : mapping of str to int
        Clips by emotion, or by state where they have none.
    whole_sound : bool
        True where the whole sound was kept.
    num_bytes : int
        Size of all its files.
    note : str or None
        Set where it is still running, did not end in order, or session.json is damaged.
    """

    session: str
    started: str | None
    seconds: float | None
    clips: Mapping[str, int]
    whole_sound: bool
    num_bytes: int
    note: str | None = None


def recorded_sessions(out_dir: Path) -> list[RecordedSession]:
    """List the sessions in a folder of recordings, by name."""
    if not out_dir.exists():
        return []
    try:
        found = [path for path in out_dir.iterdir() if _SESSION_NAME.fullmatch(path.name)]
        return [_read_session(folder) for folder in sorted(found) if (folder / SESSION_FILE).is_file()]
    except OSError as error:
        raise OutputError(f"cannot look into {out_dir}: {error.strerror}; name another folder") from error


def _read_session(folder: Path) -> RecordedSession:
    with (folder / SESSION_FILE).open("rb") as file:
        head = read_session_head(file)
    sounds = sound_files(folder, head.source)
    seconds = head.seconds
    if seconds is None and sounds and head.wav_format:
        # A dangling link has no length; the other sessions are listed all the same.
        with suppress(FileNotFoundError):
            end = sounds[-1].first_sample + head.wav_format.samples_in(sounds[-1].path.stat().st_size)
            seconds = end / head.wav_format.sample_rate
    if seconds is None:
        seconds = _end_of_last_clip(folder / INDEX_FILE)
    kinds = (kind_of_clip(path.name) for path in (folder / CLIPS_FOLDER).glob("*/*.wav"))
    clips = Counter(kind for kind in kinds if kind)
    num_bytes, newest = _size(folder)
    if head.is_damaged:
        note: str | None = "session.json is damaged"
    else:
        note = _why_it_has_no_end(folder, newest) if head.seconds is None else None
    return RecordedSession(
        session=folder.name,
        started=head.started,
        seconds=seconds,
        clips=dict(sorted(clips.items())),
        whole_sound=bool(sounds),
        num_bytes=num_bytes,
        note=note,
    )


def _why_it_has_no_end(folder: Path, newest: float) -> str:
    """Say whether it runs: certain where its lock is held; a free lock is proof on this computer only."""
    with locked_folder(folder, shared=True) as locked:
        if locked == "another's":
            return "running"
    if wall_clock.now() - newest >= QUIET_SECONDS:
        return "did not end in order"
    if locked == "unknown":
        return "running or did not end in order: no locks here"
    return "did not end in order, or runs on another computer"


def _end_of_last_clip(path: Path) -> float | None:
    """Read the last whole line of index.csv; its second value is the end of a window."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return checked_seconds(lines[-1].split(",")[1])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _size(folder: Path) -> tuple[int, float]:
    """Give the size of all files and when one was changed last; a file removed meanwhile does not count."""
    num_bytes, newest = 0, -math.inf
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                status = path.stat()
                num_bytes += status.st_size
                newest = max(newest, status.st_mtime)
    return num_bytes, newest


_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def opened_folder(name: str | Path, inside: int | None = None) -> Iterator[int]:
    """Open a folder; one inside another is opened without following a link."""
    flags = _FOLDER_FLAGS if inside is None else _FOLDER_FLAGS | os.O_NOFOLLOW
    descriptor = os.open(name, flags, dir_fd=inside)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def entries(descriptor: int) -> "Iterator[os.DirEntry[str]]":
    """Iterate over a folder, one entry at a time: an hour of clips has thousands.

    To remove entries, list them first. An entry caches its status; use `status_of` for the current one.
    """
    with os.scandir(descriptor) as found:
        yield from found


def status_of(name: str, descriptor: int) -> os.stat_result:
    """Give the status of an entry without following a link."""
    return os.stat(name, dir_fd=descriptor, follow_symlinks=False)


SESSION_ID: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}", re.ASCII)
"""The name of a session's folder, unless somebody renamed it."""

_HOUR_NAME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}", re.ASCII)
_PART_NAME: Final = re.compile(r"\.(?P<name>.+)\.[0-9]+\.part", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """Which files and folders of callmood a folder may contain.

    Attributes
    ----------
    owns : callable
        Tells whether a file of this name is ours.
    folders : tuple of (callable, Layout)
        Names of our folders, with their own layouts.
    """

    owns: Callable[[str], bool]
    folders: "tuple[tuple[Callable[[str], bool], Layout], ...]" = field(default=())

    def owns_file(self, name: str) -> bool:
        """Tell whether a file is ours, also the hidden temporary file that a killed process leaves."""
        match = _PART_NAME.fullmatch(name)
        return self.owns(match["name"] if match else name)

    def folder(self, name: str) -> "Layout | None":
        """Give the layout of one of our folders."""
        return next((inner for owns, inner in self.folders if owns(name)), None)


HOUR: Final = Layout(lambda name: kind_of_clip(name) is not None)
"""An hour of clips: the only folder whose files never change."""

_CLIPS_LAYOUT: Final = Layout(lambda _: False, ((lambda name: _HOUR_NAME.fullmatch(name) is not None, HOUR),))
_SOUNDS_LAYOUT: Final = Layout(lambda name: first_sample_of(name) is not None)
SESSION: Final = Layout(
    lambda name: name == SESSION_FILE or INDEX_NAMES.fullmatch(name) is not None,
    ((is_sound_folder, _SOUNDS_LAYOUT), (lambda name: name == CLIPS_FOLDER, _CLIPS_LAYOUT)),
)
"""The folder of a session."""


_MAX_FOREIGN_NAMED: Final = 3


@dataclass(slots=True)
class FolderContents:
    """The files of callmood in a folder, summed up, and the entries that are not its own.

    Attributes
    ----------
    num_files, num_bytes : int
        Files of callmood, and their size.
    oldest : float
        When the oldest clip or sound was last changed, seconds since the epoch.
    newest : float
        When a file of callmood was last changed, seconds since the epoch.
    num_foreign : int
        Foreign entries: other names, links, folders.
    foreign : list of str
        The first few of them, relative to the session's folder.
    """

    num_files: int = 0
    num_bytes: int = 0
    oldest: float = math.inf
    newest: float = -math.inf
    num_foreign: int = 0
    foreign: list[str] = field(default_factory=list)

    def count_file(self, status: os.stat_result, *, is_sound: bool) -> None:
        """Count a file of ours."""
        self.num_files += 1
        self.num_bytes += status.st_size
        if is_sound:
            self.oldest = min(self.oldest, status.st_mtime)
        self.newest = max(self.newest, status.st_mtime)

    def count_foreign(self, path: str) -> None:
        """Count an entry that is not ours."""
        self.num_foreign += 1
        if len(self.foreign) < _MAX_FOREIGN_NAMED:
            self.foreign.append(path)

    def add(self, other: "FolderContents") -> None:
        """Add a folder inside."""
        self.num_files += other.num_files
        self.num_bytes += other.num_bytes
        self.oldest = min(self.oldest, other.oldest)
        self.newest = max(self.newest, other.newest)
        self.num_foreign += other.num_foreign
        self.foreign += other.foreign[: _MAX_FOREIGN_NAMED - len(self.foreign)]


@dataclass(frozen=True, slots=True)
class SessionContents:
    """A session's folder.

    Attributes
    ----------
    session : str
        Its name.
    total : FolderContents
        All of it.
    hours : mapping of str to FolderContents
        Its clips, by the folder of their hour.
    named : str or None
        The session that session.json describes; None where it cannot be read.
    has_summary : bool
        Whether session.json says how the session ended.
    """

    session: str
    total: FolderContents
    hours: dict[str, FolderContents]
    named: str | None
    has_summary: bool


T = TypeVar("T")


class ScanCache(Generic[T]):
    """Values by place, each valid while its stamp is the same; dropped after a pass without a request."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, ...], tuple[object, T]] = {}
        self._now: dict[tuple[str, ...], tuple[object, T]] = {}

    def begin_pass(self) -> None:
        """Begin another pass."""
        self._before, self._now = self._now, {}

    def get(self, place: tuple[str, ...], stamp: object, find: Callable[[], T], *, settled: bool) -> T:
        """Give the cached value of a place, or compute it; it is cached where `settled`."""
        known = self._before.get(place)
        value = find() if known is None or known[0] != stamp else known[1]
        if settled:
            self._now[place] = (stamp, value)
        return value


SETTLED_SECONDS: Final = 5.0
"""A folder changed more recently may change again under the same time stamp, which some count in 2 s."""


class Scanner:
    """Sums up sessions repeatedly; an hour of clips that has not changed costs one ``stat``.

    Links are not followed, and files removed meanwhile are not counted.
    """

    def __init__(self) -> None:
        self._hours: ScanCache[FolderContents] = ScanCache()
        self._heads: ScanCache[SessionHead] = ScanCache()
        self._now = 0.0

    def begin_pass(self, now: float) -> None:
        """Begin another pass."""
        self._now = now
        self._hours.begin_pass()
        self._heads.begin_pass()

    def scan(self, session: str, recordings: int) -> SessionContents | None:
        """Sum up the folder of a session; None where there is none."""
        try:
            with opened_folder(session, recordings) as folder:
                head = self._head(session, folder)
                hours: dict[str, FolderContents] = {}
                total = self._scan(folder, SESSION, (session,), hours)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return SessionContents(session, total, hours, head.session, head.has_summary)

    def _head(self, session: str, folder: int) -> SessionHead:
        """Read session.json; a link, or anything else that is no regular file, counts as none."""
        status = status_of(SESSION_FILE, folder)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(SESSION_FILE)
        # It is never changed in place, only replaced.
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        return self._heads.get((session,), stamp, lambda: _read_head(folder), settled=True)

    def _scan(
        self, folder: int, layout: Layout, path: tuple[str, ...], hours: dict[str, FolderContents]
    ) -> FolderContents:
        total = FolderContents()
        for entry in entries(folder):
            inner = layout.folder(entry.name)
            if inner is not None and entry.is_dir(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    total.add(self._scan_inside(folder, entry, inner, (*path, entry.name), hours))
            elif layout.owns_file(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    total.count_file(status_of(entry.name, folder), is_sound=layout is not SESSION)
            else:
                total.count_foreign("/".join((*path[1:], entry.name)))
        return total

    def _scan_inside(
        self,
        outer: int,
        entry: "os.DirEntry[str]",
        layout: Layout,
        path: tuple[str, ...],
        hours: dict[str, FolderContents],
    ) -> FolderContents:
        def scan() -> FolderContents:
            with opened_folder(entry.name, outer) as folder:
                return self._scan(folder, layout, path, hours)

        if layout is not HOUR:
            return scan()
        status = entry.stat(follow_symlinks=False)
        settled = self._now - status.st_mtime > SETTLED_SECONDS
        hours[entry.name] = self._hours.get(path, status.st_mtime_ns, scan, settled=settled)
        return hours[entry.name]


def _read_head(folder: int) -> SessionHead:
    descriptor = os.open(SESSION_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        return read_session_head(file)
