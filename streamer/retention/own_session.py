"""What of a session can go while it is being recorded: files that are closed, the oldest first."""

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from streamer.recorder.clip_names import CLIPS_FOLDER, kind_of_clip
from streamer.recorder.sound_names import first_sample_of, is_sound_folder
from streamer.retention.held import HeldSession
from streamer.retention.opened_folder import entries, opened_folder, status_of


class ClosedFile(NamedTuple):
    """A file that nobody writes to any more.

    Attributes
    ----------
    changed : float
        When that was last done, seconds since the epoch.
    name : str
        Without its folders.
    folders : tuple of str
        From the session's folder.
    """

    changed: float
    name: str
    folders: tuple[str, ...]


def closed_files(running: HeldSession, folder: int) -> Iterator[ClosedFile]:
    """Give the clips, which are whole as soon as they are there, and the whole sound less its newest files.

    Parameters
    ----------
    running : HeldSession
        The session, as it was looked at.
    folder : int
        Descriptor of its folder.

    Yields
    ------
    ClosedFile
        The oldest first; an hour of clips is looked into when its turn comes, for a week has a million.

    Raises
    ------
    OSError
        If a folder cannot be looked into.
    """
    yield from heapq.merge(_closed_sounds(folder), _clips(running, folder))


def _closed_sounds(folder: int) -> list[ClosedFile]:
    """List the whole sound of all sources, but the last file of each: it may be open."""
    closed = []
    for entry in entries(folder):
        if is_sound_folder(entry.name) and entry.is_dir(follow_symlinks=False):
            with opened_folder(entry.name, folder) as descriptor:
                files = [
                    (first_sample, file.name, file.stat(follow_symlinks=False))
                    for file in entries(descriptor)
                    if (first_sample := first_sample_of(file.name)) is not None
                    and file.is_file(follow_symlinks=False)
                ]
            closed += [
                ClosedFile(status.st_mtime, name, (entry.name,)) for _, name, status in sorted(files)[:-1]
            ]
    return sorted(closed)


def _clips(running: HeldSession, folder: int) -> Iterator[ClosedFile]:
    for hour in sorted(running.hours, key=lambda hour: (running.hours[hour].oldest, hour)):
        folders = (CLIPS_FOLDER, hour)
        with opened_folder(CLIPS_FOLDER, folder) as clips, opened_folder(hour, clips) as descriptor:
            closed = [
                _closed(entry.name, folders, descriptor)
                for entry in entries(descriptor)
                if kind_of_clip(entry.name) is not None and entry.is_file(follow_symlinks=False)
            ]
        closed.sort()
        yield from closed


def _closed(name: str, folders: tuple[str, ...], descriptor: int) -> ClosedFile:
    return ClosedFile(status_of(name, descriptor).st_mtime, name, folders)
