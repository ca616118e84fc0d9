"""A text file or pipe that holds whole lines only, each there as soon as it is written."""

import errno
import os
import select
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from emotion.errors import OutputError
from streamer.write_errors import output_error

PATIENCE_SECONDS: Final = 1.0
"""How long the reader of a full pipe may keep the worker waiting."""


class LineFile:
    """Writes lines straight to the system, unbuffered, so that a killed process loses none.

    Parameters
    ----------
    path : Path
        A new or empty file, a named pipe that someone reads, or a device such as /dev/stdout.

    Raises
    ------
    OutputError
        If it is a file with something in it, or cannot be written. Missing folders are not made: a mistyped
        path would hide the file in a new place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._existed = path.exists()
        self._kept_bytes = 0
        try:
            self._descriptor: int | None = _open_empty(path)
        except OSError as error:
            raise _explained(path, error) from error
        self._is_file = stat.S_ISREG(os.fstat(self._descriptor).st_mode)

    def write(self, line: str) -> None:
        """Write one line, whole or not at all.

        Parameters
        ----------
        line : str
            Without its end. Bytes of a file name that are no UTF-8 are written as escapes.

        Raises
        ------
        OutputError
            If the disk is full, the file was removed, or the reader of a pipe left or stalled; the lines
            before are whole.
        """
        if self._descriptor is None:
            raise OutputError(f"{self.path} is closed already; nothing more can be written to it")
        content = (line + "\n").encode("utf-8", "backslashreplace")
        try:
            if self._is_file and os.fstat(self._descriptor).st_nlink == 0:
                raise FileNotFoundError(errno.ENOENT, "the file was removed")
            _write_all(self._descriptor, content)
        except OSError as error:
            self._cut_half_line()
            raise _explained(self.path, error) from error
        self._kept_bytes += len(content)

    def close(self) -> None:
        """Let go; a second call does nothing.

        Raises
        ------
        OutputError
            If the system reports a late fault.
        """
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.close(descriptor)
        except OSError as error:
            raise _explained(self.path, error) from error

    def withdraw(self) -> None:
        """Leave no trace: close, and remove the file or make it empty again, as it was found.

        Raises
        ------
        OutputError
            If the file cannot be removed.
        """
        if self._descriptor is None:
            return
        try:
            if self._is_file:
                os.ftruncate(self._descriptor, 0)
            if self._is_file and not self._existed:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise _explained(self.path, error) from error
        finally:
            self.close()

    def _cut_half_line(self) -> None:
        if self._descriptor is not None and self._is_file:
            # What the system refuses even now, it has just refused: the first error says more.
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._kept_bytes)


def _open_empty(path: Path) -> int:
    """Open for writing what holds nothing yet."""
    # Without O_NONBLOCK a named pipe that nobody reads would hold the session up for good.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o666)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size:
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, f"it exists and holds {status.st_size} bytes")
    return descriptor


def _write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`; wait for the reader of a full pipe, but not for ever."""
    rest = memoryview(content)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError as error:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            if not poll.poll(PATIENCE_SECONDS * 1000):
                stalled = f"its reader has taken nothing for {PATIENCE_SECONDS:g} s"
                raise TimeoutError(errno.ETIMEDOUT, stalled) from error


def _explained(path: Path, error: OSError) -> OutputError:
    """Say what is special about a file of lines; leave the rest to the disk's own words."""
    if isinstance(error, FileExistsError):
        return OutputError(f"{path} would be overwritten: {error.strerror}; choose another name")
    if isinstance(error, TimeoutError):
        return OutputError(f"cannot write {path}: {error.strerror}; read faster, or write to a file")
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return OutputError(
            f"cannot write {path}: there is no folder {path.parent}; make it first, or choose another"
        )
    return output_error(path, error)
