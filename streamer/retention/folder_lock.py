"""The lock of a session's folder, held while the session is recorded or read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from emotion.folder_lock import lock_folder
from streamer.recorder.session_folder import SESSION_FILE, SessionFolder
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink

LOOK_SECONDS: Final = 0.5
"""How long to wait for whoever only looks whether somebody has the lock."""


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
            lock_folder(self._descriptor, LOOK_SECONDS)

    def close(self, summary: Summary | None) -> None:  # noqa: ARG002 - it is over either way
        """Let go; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def kept_while_read(recording: Path) -> Iterator[None]:
    """Keep others, and our own tidying, from removing a recorded session while one of its files is read.

    Parameters
    ----------
    recording : Path
        Any file; only one in the folder of a session has something to keep.

    Yields
    ------
    None
        Until the block ends.
    """
    descriptor = None
    with suppress(OSError):
        # A sound lies two levels below recordings/, a clip three.
        above = recording.resolve().parents[:3]
        if session := next((folder for folder in above if (folder / SESSION_FILE).is_file()), None):
            descriptor = os.open(session, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            lock_folder(descriptor, LOOK_SECONDS, shared=True)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
