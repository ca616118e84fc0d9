"""Scan a folder of recordings without following links: callmood's files in each session, size and age."""

import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from streamer.recordings.clips import CLIPS_FOLDER, INDEX_NAMES, kind_of_clip
from streamer.recordings.session_audio import first_sample_of, is_sound_folder
from streamer.recordings.session_folder import SESSION_FILE

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def opened_folder(name: str | Path, inside: int | None = None) -> Iterator[int]:
    """Open a folder."""
    flags = _FOLDER_FLAGS if inside is None else _FOLDER_FLAGS | os.O_NOFOLLOW
    descriptor = os.open(name, flags, dir_fd=inside)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def entries(descriptor: int) -> "Iterator[os.DirEntry[str]]":
    """Go through a folder, and hold one entry at a time: an hour of clips has thousands.

    Whoever removes some meanwhile lists them first. An entry keeps the status that it is asked for;
    `status_of` keeps nothing.
    """
    with os.scandir(descriptor) as found:
        yield from found


def status_of(name: str, descriptor: int) -> os.stat_result:
    """Look at what lies in a folder, and follow no link."""
    return os.stat(name, dir_fd=descriptor, follow_symlinks=False)


SESSION_ID: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}", re.ASCII)
"""What a session's folder is called, as long as nobody has given it another name."""

_HOUR_NAME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}", re.ASCII)
_PART_NAME: Final = re.compile(r"\.(?P<name>.+)\.[0-9]+\.part", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """What of ours can lie in a folder.

    Attributes
    ----------
    owns : callable
        Tells whether a file of this name is ours.
    folders : tuple of (callable, Layout)
        Which names folders of ours have, and what lies in them.
    """

    owns: Callable[[str], bool]
    folders: "tuple[tuple[Callable[[str], bool], Layout], ...]" = field(default=())

    def owns_file(self, name: str) -> bool:
        """Tell whether a file is ours, be it the hidden one that a process was killed over."""
        match = _PART_NAME.fullmatch(name)
        return self.owns(match["name"] if match else name)

    def folder(self, name: str) -> "Layout | None":
        """Give what lies in a folder of ours."""
        return next((inner for owns, inner in self.folders if owns(name)), None)


HOUR: Final = Layout(lambda name: kind_of_clip(name) is not None)
"""An hour of clips: the only folder whose files do not change once they are there."""

_CLIPS_LAYOUT: Final = Layout(lambda _: False, ((lambda name: _HOUR_NAME.fullmatch(name) is not None, HOUR),))
_SOUNDS_LAYOUT: Final = Layout(lambda name: first_sample_of(name) is not None)
SESSION: Final = Layout(
    lambda name: name == SESSION_FILE or INDEX_NAMES.fullmatch(name) is not None,
    ((is_sound_folder, _SOUNDS_LAYOUT), (lambda name: name == CLIPS_FOLDER, _CLIPS_LAYOUT)),
)
"""The folder of a session."""


_MAX_STRANGERS_NAMED: Final = 3


@dataclass(slots=True)
class FolderContents:
    """Our files in a folder, summed up, and those that are not ours.

    Attributes
    ----------
    num_files, num_bytes : int
        How many are ours, and their size.
    oldest : float
        When the clip or sound was changed that was changed longest ago, seconds since the epoch.
    newest : float
        When anything of ours was changed last, seconds since the epoch.
    num_strangers : int
        What lies there and is not ours: other names, links, folders.
    strangers : list of str
        The first few of them, from the session's folder.
    """

    num_files: int = 0
    num_bytes: int = 0
    oldest: float = math.inf
    newest: float = -math.inf
    num_strangers: int = 0
    strangers: list[str] = field(default_factory=list)

    def count_file(self, status: os.stat_result, *, is_sound: bool) -> None:
        """Count a file of ours."""
        self.num_files += 1
        self.num_bytes += status.st_size
        if is_sound:
            self.oldest = min(self.oldest, status.st_mtime)
        self.newest = max(self.newest, status.st_mtime)

    def count_stranger(self, path: str) -> None:
        """Count what is not ours."""
        self.num_strangers += 1
        if len(self.strangers) < _MAX_STRANGERS_NAMED:
            self.strangers.append(path)

    def add(self, other: "FolderContents") -> None:
        """Count what a folder inside holds."""
        self.num_files += other.num_files
        self.num_bytes += other.num_bytes
        self.oldest = min(self.oldest, other.oldest)
        self.newest = max(self.newest, other.newest)
        self.num_strangers += other.num_strangers
        self.strangers += other.strangers[: _MAX_STRANGERS_NAMED - len(self.strangers)]


@dataclass(frozen=True, slots=True)
class SessionContents:
    """A session's folder.

    Attributes
    ----------
    session : str
        Its name.
    held : Held
        All of it.
    hours : mapping of str to Held
        Its clips, by the folder of their hour.
    named : str or None
        The session that session.json tells of; None where it cannot be read.
    has_summary : bool
        Whether session.json says how the session ended.
    """

    session: str
    held: FolderContents
    hours: dict[str, FolderContents]
    named: str | None
    has_summary: bool


T = TypeVar("T")


class ScanCache(Generic[T]):
    """Values by place, each good for as long as its stamp is the same.

    What is not asked for in a pass is forgotten with the next: nothing grows that the disk does not hold.
    """

    def __init__(self) -> None:
        self._before: dict[tuple[str, ...], tuple[object, T]] = {}
        self._now: dict[tuple[str, ...], tuple[object, T]] = {}

    def begin_pass(self) -> None:
        """Begin to look through everything again."""
        self._before, self._now = self._now, {}

    def get(self, place: tuple[str, ...], stamp: object, find: Callable[[], T], *, settled: bool) -> T:
        """Give what is known of a place, or find it out."""
        known = self._before.get(place)
        value = find() if known is None or known[0] != stamp else known[1]
        if settled:
            self._now[place] = (stamp, value)
        return value


SETTLED_SECONDS: Final = 5.0
"""A folder changed more recently can change once more under the same time stamp: some count in 2 s."""

_MAX_HEAD_BYTES: Final = 1_000_000

SessionHead = tuple[str | None, bool]
"""Which session a session.json tells of, and whether it has a summary."""


class Scanner:
    """Goes through sessions again and again; what has not changed since costs one look at its folder.

    No link is followed, and what goes away meanwhile is not counted.
    """

    def __init__(self) -> None:
        self._hours: ScanCache[FolderContents] = ScanCache()
        self._heads: ScanCache[SessionHead] = ScanCache()
        self._now = 0.0

    def begin_pass(self, now: float) -> None:
        """Begin to look through everything again."""
        self._now = now
        self._hours.begin_pass()
        self._heads.begin_pass()

    def look_at(self, session: str, recordings: int) -> SessionContents | None:
        """Look through the folder of a session."""
        try:
            with opened_folder(session, recordings) as folder:
                named, has_summary = self._head(session, folder)
                hours: dict[str, FolderContents] = {}
                held = self._look(folder, SESSION, (session,), hours)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return SessionContents(session, held, hours, named, has_summary)

    def _head(self, session: str, folder: int) -> SessionHead:
        """Read session.json as far as is needed; a link, or what is no file, is none."""
        status = status_of(SESSION_FILE, folder)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(SESSION_FILE)
        # It is only ever exchanged for another file.
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        return self._heads.get((session,), stamp, lambda: _read_head(folder), settled=True)

    def _look(
        self, folder: int, layout: Layout, path: tuple[str, ...], hours: dict[str, FolderContents]
    ) -> FolderContents:
        held = FolderContents()
        for entry in entries(folder):
            inner = layout.folder(entry.name)
            if inner is not None and entry.is_dir(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    held.add(self._look_inside(folder, entry, inner, (*path, entry.name), hours))
            elif layout.owns_file(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    held.count_file(status_of(entry.name, folder), is_sound=layout is not SESSION)
            else:
                held.count_stranger("/".join((*path[1:], entry.name)))
        return held

    def _look_inside(
        self,
        outer: int,
        entry: "os.DirEntry[str]",
        layout: Layout,
        path: tuple[str, ...],
        hours: dict[str, FolderContents],
    ) -> FolderContents:
        def look() -> FolderContents:
            with opened_folder(entry.name, outer) as folder:
                return self._look(folder, layout, path, hours)

        if layout is not HOUR:
            return look()
        status = entry.stat(follow_symlinks=False)
        settled = self._now - status.st_mtime > SETTLED_SECONDS
        hours[entry.name] = self._hours.get(path, status.st_mtime_ns, look, settled=settled)
        return hours[entry.name]


def _read_head(folder: int) -> SessionHead:
    """Believe session.json no further than it makes sense."""
    descriptor = os.open(SESSION_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(_MAX_HEAD_BYTES + 1)
    if len(content) > _MAX_HEAD_BYTES:
        return None, False
    try:
        values: Any = json.loads(content)
        return str(values["session"]), "summary" in values
    except (ValueError, TypeError, LookupError, RecursionError):
        return None, False
