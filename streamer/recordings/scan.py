"""What lies in a folder of recordings, summed up for who removes it; which files in it are callmood's."""

import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

from streamer.recordings.clip_files import CLIPS_FOLDER, is_hour_folder, kind_of_clip
from streamer.recordings.clips import INDEX_NAMES
from streamer.recordings.moments import MOMENTS_FOLDER
from streamer.recordings.session_audio import first_sample_of, is_sound_folder
from streamer.recordings.session_folder import SESSION_FILE, SessionHead, read_session_head

QUIET_SECONDS: Final = 600.0
"""A session without a summary that was changed more recently may still be recorded."""

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

_CLIPS_LAYOUT: Final = Layout(lambda _: False, ((is_hour_folder, HOUR),))
_SOUNDS_LAYOUT: Final = Layout(lambda name: first_sample_of(name) is not None)
_FOLDERS_OF_CLIPS: Final = (CLIPS_FOLDER, MOMENTS_FOLDER)
_REPORT_NAME: Final = re.compile(r"report(-[0-9]+)?\.(html|png|pdf|txt)", re.ASCII)
_JOURNAL_NAME: Final = re.compile(r"journal(-[0-9]+)?\.jsonl", re.ASCII)
_OTHER_NAMES: Final = re.compile(rf"{INDEX_NAMES.pattern}|moments(-[0-9]+)?\.csv|spectrogram\.png", re.ASCII)


def is_journal(name: str) -> bool:
    """Tell whether a journal has this name; another than the first where the first was moved away."""
    return _JOURNAL_NAME.fullmatch(name) is not None


def is_report(name: str) -> bool:
    """Tell whether a report has this name, which `callmood report` writes after the session."""
    return _REPORT_NAME.fullmatch(name) is not None


def is_kept_with_journal(name: str) -> bool:
    """Tell whether a file stays as long as the journal."""
    match = _PART_NAME.fullmatch(name)
    name = match["name"] if match else name
    return name == SESSION_FILE or is_journal(name)


SESSION: Final = Layout(
    lambda name: (
        name == SESSION_FILE
        or is_journal(name)
        or is_report(name)
        or _OTHER_NAMES.fullmatch(name) is not None
    ),
    ((is_sound_folder, _SOUNDS_LAYOUT), (lambda name: name in _FOLDERS_OF_CLIPS, _CLIPS_LAYOUT)),
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
    journal_bytes : int
        Size of those that `--keep-journals` keeps.
    num_journals, num_beside_journal : int
        Number of journals, and of the files that are neither one nor session.json.
    oldest : float
        When the oldest clip or sound was last changed, seconds since the epoch.
    newest : float
        When a file of the session itself was last changed, seconds since the epoch; reports do not count.
    num_foreign : int
        Foreign entries: other names, links, folders.
    foreign : list of str
        The first few of them, relative to the session's folder.
    """

    num_files: int = 0
    num_bytes: int = 0
    journal_bytes: int = 0
    num_journals: int = 0
    num_beside_journal: int = 0
    oldest: float = math.inf
    newest: float = -math.inf
    num_foreign: int = 0
    foreign: list[str] = field(default_factory=list)

    def count_sound(self, status: os.stat_result) -> None:
        """Count a file of sound."""
        self._count(status)
        self.num_beside_journal += 1
        self.oldest = min(self.oldest, status.st_mtime)
        self.newest = max(self.newest, status.st_mtime)

    def count_file(self, name: str, status: os.stat_result) -> None:
        """Count another file of ours."""
        self._count(status)
        if is_kept_with_journal(name):
            self.journal_bytes += status.st_size
            self.num_journals += is_journal(name)
        else:
            self.num_beside_journal += 1
        # A report that is made later makes the session no younger.
        if not is_report(name):
            self.newest = max(self.newest, status.st_mtime)

    def _count(self, status: os.stat_result) -> None:
        self.num_files += 1
        self.num_bytes += status.st_size

    def count_foreign(self, path: str) -> None:
        """Count an entry that is not ours."""
        self.num_foreign += 1
        if len(self.foreign) < _MAX_FOREIGN_NAMED:
            self.foreign.append(path)

    def add(self, other: "FolderContents") -> None:
        """Add a folder inside."""
        self.num_files += other.num_files
        self.num_bytes += other.num_bytes
        self.journal_bytes += other.journal_bytes
        self.num_journals += other.num_journals
        self.num_beside_journal += other.num_beside_journal
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
    hours : mapping of tuple of str to FolderContents
        Its clips and moments, by the path of the folder of their hour.
    named : str or None
        The session that session.json describes; None where it cannot be read.
    has_summary : bool
        Whether session.json says how the session ended.
    """

    session: str
    total: FolderContents
    hours: dict[tuple[str, ...], FolderContents]
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
                hours: dict[tuple[str, ...], FolderContents] = {}
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
        self, folder: int, layout: Layout, path: tuple[str, ...], hours: dict[tuple[str, ...], FolderContents]
    ) -> FolderContents:
        total = FolderContents()
        for entry in entries(folder):
            inner = layout.folder(entry.name)
            if inner is not None and entry.is_dir(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    total.add(self._scan_inside(folder, entry, inner, (*path, entry.name), hours))
            elif layout.owns_file(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    status = status_of(entry.name, folder)
                    if layout is SESSION:
                        total.count_file(entry.name, status)
                    else:
                        total.count_sound(status)
            else:
                total.count_foreign("/".join((*path[1:], entry.name)))
        return total

    def _scan_inside(
        self,
        outer: int,
        entry: "os.DirEntry[str]",
        layout: Layout,
        path: tuple[str, ...],
        hours: dict[tuple[str, ...], FolderContents],
    ) -> FolderContents:
        def scan() -> FolderContents:
            with opened_folder(entry.name, outer) as folder:
                return self._scan(folder, layout, path, hours)

        if layout is not HOUR:
            return scan()
        status = entry.stat(follow_symlinks=False)
        settled = self._now - status.st_mtime > SETTLED_SECONDS
        hours[path[1:]] = self._hours.get(path, status.st_mtime_ns, scan, settled=settled)
        return hours[path[1:]]


def _read_head(folder: int) -> SessionHead:
    descriptor = os.open(SESSION_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        return read_session_head(file)
