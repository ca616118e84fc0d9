"""Looks through a folder of recordings: what there is of each session."""

import json
import os
import stat
from contextlib import suppress
from typing import Any, Final

from streamer.recorder.session_folder import SESSION_FILE
from streamer.retention.held import Held, HeldSession
from streamer.retention.layout import HOUR, SESSION, Layout
from streamer.retention.opened_folder import entries, opened_folder, status_of
from streamer.retention.remembered import Remembered

SETTLED_SECONDS: Final = 5.0
"""A folder changed more recently can change once more under the same time stamp: some count in 2 s."""

_MAX_HEAD_BYTES: Final = 1_000_000

Head = tuple[str | None, bool]
"""Which session a session.json tells of, and whether it has a summary."""


class Survey:
    """Goes through sessions again and again; what has not changed since costs one look at its folder.

    No link is followed, and what goes away meanwhile is not counted.
    """

    def __init__(self) -> None:
        self._hours: Remembered[Held] = Remembered()
        self._heads: Remembered[Head] = Remembered()
        self._now = 0.0

    def begin_pass(self, now: float) -> None:
        """Begin to look through everything again.

        Parameters
        ----------
        now : float
            Seconds since the epoch.
        """
        self._now = now
        self._hours.begin_pass()
        self._heads.begin_pass()

    def look_at(self, session: str, recordings: int) -> HeldSession | None:
        """Look through the folder of a session.

        Parameters
        ----------
        session : str
            Its name.
        recordings : int
            Descriptor of the folder in which it lies.

        Returns
        -------
        HeldSession or None
            None where it is no folder, or has no session.json: nothing says that it is a session's.

        Raises
        ------
        OSError
            If it cannot be looked into.
        """
        try:
            with opened_folder(session, recordings) as folder:
                named, has_summary = self._head(session, folder)
                hours: dict[str, Held] = {}
                held = self._look(folder, SESSION, (session,), hours)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return HeldSession(session, held, hours, named, has_summary)

    def _head(self, session: str, folder: int) -> Head:
        """Read session.json as far as is needed; a link, or what is no file, is none."""
        status = status_of(SESSION_FILE, folder)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(SESSION_FILE)
        # It is only ever exchanged for another file.
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        return self._heads.get((session,), stamp, lambda: _read_head(folder), settled=True)

    def _look(self, folder: int, layout: Layout, path: tuple[str, ...], hours: dict[str, Held]) -> Held:
        held = Held()
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
        hours: dict[str, Held],
    ) -> Held:
        def look() -> Held:
            with opened_folder(entry.name, outer) as folder:
                return self._look(folder, layout, path, hours)

        if layout is not HOUR:
            return look()
        status = entry.stat(follow_symlinks=False)
        settled = self._now - status.st_mtime > SETTLED_SECONDS
        hours[entry.name] = self._hours.get(path, status.st_mtime_ns, look, settled=settled)
        return hours[entry.name]


def _read_head(folder: int) -> Head:
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
