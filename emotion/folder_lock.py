"""A lock on a folder: it ends with the process that holds it, however that ends, and leaves no file."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

Locked = Literal["ours", "another's", "unknown"]

_LOOK_AGAIN_SECONDS: Final = 0.02


def lock_folder(descriptor: int, patience_seconds: float = 0.0, *, shared: bool = False) -> Locked:
    """Try to lock a folder; closing the descriptor lets go of it.

    Parameters
    ----------
    descriptor : int
        Of the folder.
    patience_seconds : float, optional
        How long to wait for whoever has it, s.
    shared : bool, optional
        True to see whether somebody has it: others may see it at the same time.

    Returns
    -------
    {'ours', "another's", 'unknown'}
        The last where the file system has no locks of this kind. On a share such as NFS a lock may be known
        to one computer only.
    """
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                return "unknown"
            if time.monotonic() >= until:
                return "another's"
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return "ours"


@contextmanager
def locked_folder(path: Path, patience_seconds: float = 0.0, *, shared: bool = False) -> Iterator[Locked]:
    """Try to lock a folder while a block runs.

    Parameters
    ----------
    path : Path
        The folder.
    patience_seconds, shared
        As `lock_folder` takes them.

    Yields
    ------
    {'ours', "another's", 'unknown'}
        As `lock_folder` gives it.

    Raises
    ------
    OSError
        If the folder cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield lock_folder(descriptor, patience_seconds, shared=shared)
    finally:
        os.close(descriptor)
