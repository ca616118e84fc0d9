"""removed.log: a line of JSON for what was removed, and none of its content."""

import errno
import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from emotion.access import PRIVATE
from emotion.wall_clock import utc

LOG_FILE: Final = "removed.log"
MAX_LOG_BYTES: Final = 1_000_000
"""Beyond it the older half of the log goes: not even this grows for ever."""


@dataclass(slots=True)
class Gone:
    """What was removed so far.

    Attributes
    ----------
    num_files, num_bytes : int
        How many files, and what they held.
    """

    num_files: int = 0
    num_bytes: int = 0


def log_removed(folder: int, now: float, gone: Gone, why: str, *, session: str | None, whole: bool) -> None:
    """Write a line; to be called by one process at a time.

    Parameters
    ----------
    folder : int
        Descriptor of the folder of the log.
    now : float
        Seconds since the epoch.
    gone : Gone
        What was removed.
    why : str
        In a few words.
    session : str or None
        Its id; None for a voice, whose name is somebody's.
    whole : bool
        False where some of it is still there.

    Raises
    ------
    OSError
        If it cannot be written; the lines before are whole.
    """
    values = {
        "when": utc(now).isoformat(timespec="seconds"),
        **({"kind": "voice"} if session is None else {"session": session}),
        "bytes": gone.num_bytes,
        "files": gone.num_files,
        "whole": whole,
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
    """Put a shorter log in place of the one that is open."""
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
