"""Remove callmood's own files from a session's folder, and log each removal in removed.log."""

import errno
import heapq
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from emotion.atomic_files import PRIVATE
from emotion.wall_clock import utc
from streamer.recordings.clip_files import kind_of_clip
from streamer.recordings.scan import (
    SESSION,
    Layout,
    SessionContents,
    entries,
    is_kept_with_journal,
    opened_folder,
    status_of,
)
from streamer.recordings.session_audio import first_sample_of, is_sound_folder
from streamer.recordings.session_folder import SESSION_FILE

LOG_FILE: Final = "removed.log"
MAX_LOG_BYTES: Final = 1_000_000
"""Beyond it the older half of the log is dropped."""


@dataclass(slots=True)
class Removed:
    """Number and size of the files removed so far, and whether they are all of what was to be removed."""

    num_files: int = 0
    num_bytes: int = 0
    whole: bool = False


def log_removed(
    folder: int, now: float, removed: Removed, why: str, *, session: str | None, kind: str = "voice"
) -> None:
    """Append a line to the log; callers hold the lock of the folder. What is no session has a kind."""
    values = {
        "when": utc(now).isoformat(timespec="seconds"),
        **({"kind": kind} if session is None else {"session": session}),
        "bytes": removed.num_bytes,
        "files": removed.num_files,
        "whole": removed.whole,
        "why": why,
    }
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(LOG_FILE, flags, dir_fd=folder)
    except FileNotFoundError:
        descriptor = os.open(LOG_FILE, flags | os.O_CREAT | os.O_EXCL, PRIVATE.file_mode, dir_fd=folder)
        os.fchmod(descriptor, PRIVATE.file_mode)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", LOG_FILE)
        content = (json.dumps(values) + "\n").encode()
        if os.write(descriptor, content) < len(content):
            os.ftruncate(descriptor, status.st_size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), LOG_FILE)
        if status.st_size + len(content) > MAX_LOG_BYTES:
            _keep_newer_half(folder, descriptor, stat.S_IMODE(status.st_mode))
    finally:
        os.close(descriptor)


def _keep_newer_half(folder: int, descriptor: int, mode: int) -> None:
    """Replace the open log by a shorter one."""
    half = MAX_LOG_BYTES // 2
    content = os.pread(descriptor, half, os.fstat(descriptor).st_size - half).partition(b"\n")[2]
    part = f".{LOG_FILE}.{os.getpid()}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    shorter = os.open(part, flags, mode, dir_fd=folder)
    try:
        os.fchmod(shorter, mode)
        written = os.write(shorter, content)
        if written == len(content):
            os.rename(part, LOG_FILE, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.close(shorter)
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)


_NOT_EMPTY: Final = {errno.ENOTEMPTY, errno.EEXIST}


def never_cancel() -> bool:
    """Default for removals that are not cancelled."""
    return False


def remove_session(
    session: str,
    recordings: int,
    folder: int,
    removed: Removed,
    is_cancelled: Callable[[], bool] = never_cancel,
) -> None:
    """Remove a session; session.json goes last, so that a later pass can finish."""
    if _remove(folder, SESSION, removed, is_cancelled, _is_session_file):
        remove_file(SESSION_FILE, folder, removed)
        _remove_folder(session, recordings)
        removed.whole = True


def remove_all_but_journal(folder: int, removed: Removed, is_cancelled: Callable[[], bool]) -> None:
    """Remove sound, clips, moments, picture and reports of a session."""
    _remove(folder, SESSION, removed, is_cancelled, is_kept_with_journal)


def _is_session_file(name: str) -> bool:
    return name == SESSION_FILE


def _never(_name: str) -> bool:
    return False


def remove_file(name: str, folder: int, removed: Removed) -> None:
    """Remove a file; one removed meanwhile is not counted."""
    with suppress(FileNotFoundError):
        num_bytes = status_of(name, folder).st_size
        os.unlink(name, dir_fd=folder)
        removed.num_files += 1
        removed.num_bytes += num_bytes


def _remove(
    folder: int,
    layout: Layout,
    removed: Removed,
    is_cancelled: Callable[[], bool],
    stays: Callable[[str], bool] = _never,
) -> bool:
    """Remove all of ours but files in this folder that stay; False where cancelled."""
    for entry in list(entries(folder)):
        if is_cancelled():
            return False
        inner = layout.folder(entry.name)
        if inner is not None and entry.is_dir(follow_symlinks=False):
            with opened_folder(entry.name, folder) as descriptor:
                if not _remove(descriptor, inner, removed, is_cancelled):
                    return False
            _remove_folder(entry.name, folder)
        elif not stays(entry.name) and layout.owns_file(entry.name) and entry.is_file(follow_symlinks=False):
            remove_file(entry.name, folder, removed)
    return True


def _remove_folder(name: str, inside: int) -> None:
    """Remove a folder of ours unless it has foreign entries."""
    try:
        os.rmdir(name, dir_fd=inside)
    except OSError as error:
        if error.errno not in _NOT_EMPTY:
            raise


class ClosedFile(NamedTuple):
    """A file that is no longer written to.

    Attributes
    ----------
    changed : float
        When it was last changed, seconds since the epoch.
    name : str
        Without its folders.
    folders : tuple of str
        Path of its folder, from the session's.
    """

    changed: float
    name: str
    folders: tuple[str, ...]


def closed_files(running: SessionContents, folder: int) -> Iterator[ClosedFile]:
    """Give the clips and the sound without its newest files, the oldest first."""
    yield from heapq.merge(_closed_sounds(folder), _closed_clips(running, folder))


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


def _closed_clips(running: SessionContents, folder: int) -> Iterator[ClosedFile]:
    for folders in sorted(running.hours, key=lambda hour: (running.hours[hour].oldest, hour)):
        kind, hour = folders
        with opened_folder(kind, folder) as clips, opened_folder(hour, clips) as descriptor:
            closed = [
                ClosedFile(status_of(entry.name, descriptor).st_mtime, entry.name, folders)
                for entry in entries(descriptor)
                if kind_of_clip(entry.name) is not None and entry.is_file(follow_symlinks=False)
            ]
        yield from sorted(closed)
