"""A lock on a folder: it ends with the process that holds it, however that ends, and leaves no file."""

import errno
import fcntl
import os
import time
from contextlib import suppress
from typing import Final, Literal

from streamer.recorder.session_folder import SessionFolder
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink

Locked = Literal["ours", "another's", "unknown"]

_LOOK_AGAIN_SECONDS: Final = 0.05


def lock_folder(descriptor: int, patience_seconds: float = 0.0) -> Locked:
    """Try to lock a folder; closing the descriptor lets go of it.

    Parameters
    ----------
    descriptor : int
        Of the folder.
    patience_seconds : float, optional
        How long to wait for whoever has it, s.

    Returns
    -------
    {'ours', "another's", 'unknown'}
        The last where the file system, such as NFS, has no locks of this kind.
    """
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                return "unknown"
            if time.monotonic() >= until:
                return "another's"
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return "ours"


class SessionLock(Sink):
    """Holds the lock of a session's folder while the session is recorded: nobody else removes it.

    Where there are no locks the session goes on without: others then leave alone what has no summary and was
    changed lately.

    Parameters
    ----------
    folder : SessionFolder
        Opened by the sinks before this one.
    """

    def __init__(self, folder: SessionFolder) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def open(self, facts: SessionFacts) -> None:  # noqa: ARG002 - the folder knows them
        """Take the lock."""
        with suppress(OSError):
            self._descriptor = os.open(self._folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            lock_folder(self._descriptor)

    def close(self, summary: Summary | None) -> None:  # noqa: ARG002 - it is over either way
        """Let go; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
