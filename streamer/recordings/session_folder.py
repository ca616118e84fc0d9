"""The folder of one session: session.json, and the lock that keeps others from removing it."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from emotion.atomic_files import PRIVATE, Access, lock_folder, replace, write_new
from emotion.errors import OutputError, output_error
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.journal import Line, facts_values, summary_values

SESSION_FILE: Final = "session.json"


class SessionFolder:
    """`out_dir/session`, made when the first sink opens it; the sinks of a session share it.

    Attributes
    ----------
    path : Path
        The session's own folder, once it is open.
    access : Access
        As given.
    """

    def __init__(self, out_dir: Path, access: Access = PRIVATE) -> None:
        self.access = access
        self._out_dir = out_dir
        self.path = out_dir
        self._values: Line | None = None
        self._num_users = 0
        self._made: tuple[Path, ...] = ()

    def open(self, facts: SessionInfo) -> None:
        """Make the folder and write session.json, unless another sink has done so."""
        if self._values is not None:
            self._num_users += 1
            return
        self.path = self._out_dir / facts.session
        values = facts_values(facts)
        try:
            self._made = self.access.make_folder(self._out_dir)
            self.path.mkdir(self.access.folder_mode)
            self.path.chmod(self.access.folder_mode)
        except OSError as error:
            raise output_error(self.path, error) from error
        try:
            write_new(self.path / SESSION_FILE, _bytes(values), self.access)
        except OSError as error:
            self._withdraw()
            raise output_error(self.path / SESSION_FILE, error) from error
        self._values = values
        self._num_users = 1

    def explained(self, error: OutputError) -> OutputError:
        """Say so where nothing can be written because the folder has been taken away."""
        if self.path.is_dir():
            return error
        return OutputError(f"{self.path} was taken away; put it back and saving goes on, or start again")

    def close(self, summary: Summary | None) -> None:
        """Add the summary to session.json.

        To be called once for each `open`. Where there is no summary, the last call removes a folder that
        holds nothing but session.json: a session that never began leaves no trace.
        """
        if self._values is None:
            return
        self._num_users -= 1
        if summary is None:
            if not self._num_users and [entry.name for entry in self.path.glob("*")] == [SESSION_FILE]:
                self._withdraw()
            return
        try:
            values = {**self._values, "summary": summary_values(summary)}
            replace(self.path / SESSION_FILE, _bytes(values), self.access)
        except OSError as error:
            raise self.explained(output_error(self.path / SESSION_FILE, error)) from error

    def _withdraw(self) -> None:
        """Remove session.json and the folder, and those above it that were made for it and are empty."""
        try:
            (self.path / SESSION_FILE).unlink(missing_ok=True)
            for folder in (self.path, *self._made):
                folder.rmdir()
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
                raise output_error(self.path, error) from error


def _bytes(values: Line) -> bytes:
    """Write what people may want to read as well."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace")


LOCK_WAIT_SECONDS: Final = 0.5
"""How long to wait for whoever only looks whether somebody has the lock."""


class SessionLock(Sink):
    """Holds the lock of a session's folder while the session is recorded: nobody else removes it.

    Where there are no locks the session goes on without: others then leave alone what has no summary and was
    changed lately.
    """

    def __init__(self, folder: SessionFolder) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def open(self, facts: SessionInfo) -> None:  # noqa: ARG002 - the folder knows them
        """Take the lock."""
        with suppress(OSError):
            self._descriptor = os.open(self._folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            lock_folder(self._descriptor, LOCK_WAIT_SECONDS)

    def close(self, summary: Summary | None) -> None:  # noqa: ARG002 - it is over either way
        """Let go; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def kept_while_read(recording: Path) -> Iterator[None]:
    """Keep others, and our own tidying, from removing a recorded session while one of its files is read."""
    descriptor = None
    with suppress(OSError):
        # A sound lies two levels below recordings/, a clip three.
        above = recording.resolve().parents[:3]
        if session := next((folder for folder in above if (folder / SESSION_FILE).is_file()), None):
            descriptor = os.open(session, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            lock_folder(descriptor, LOCK_WAIT_SECONDS, shared=True)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
