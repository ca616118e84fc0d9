"""A text file or pipe that holds whole lines only, each there as soon as it is written."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from emotion.errors import OutputError
from streamer.lines.patient_write import takes_more, unfinished, write_patiently
from streamer.room import has_room
from streamer.write_errors import output_error


class LineFile:
    """Writes lines straight to the system, unbuffered, so that a killed process loses none.

    Parameters
    ----------
    path : Path
        A new or empty file, a named pipe that someone reads, or a device such as /dev/stdout.

    Attributes
    ----------
    path : Path
        As given.

    Raises
    ------
    OutputError
        If it is a file with something in it, or cannot be written. Missing folders are not made: a mistyped
        path would hide the file in a new place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._existed = os.path.exists(path)  # noqa: PTH110 - Path.exists raises at a name that is too long
        self._kept_bytes = 0
        # What a pipe has not taken of a line that it has begun with.
        self._owed = bytearray()
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
            before are whole, and the next call may find that it works again.
        """
        if self._descriptor is None:
            raise OutputError(f"{self.path} is closed already; nothing more can be written to it")
        content = (line + "\n").encode("utf-8", "backslashreplace")
        rest = self._owed + content
        try:
            if not self.is_there:
                raise FileNotFoundError(errno.ENOENT, "the file was removed")
            write_patiently(self._descriptor, rest)
        except OSError as error:
            self._cut_half_line()
            # A reader that has left takes its half of a line with it.
            stalled = isinstance(error, TimeoutError) and not self._is_file
            self._owed = unfinished(rest, len(content)) if stalled else bytearray()
            raise _explained(self.path, error) from error
        self._owed = bytearray()
        self._kept_bytes += len(content)

    @property
    def is_there(self) -> bool:
        """False once the file was removed, or closed."""
        return self._descriptor is not None and (not self._is_file or os.fstat(self._descriptor).st_nlink > 0)

    def is_ready(self) -> bool:
        """Tell whether it is worth trying again after a failure.

        Returns
        -------
        bool
            False where the file was removed, there is no room, or a pipe would not take anything now.
        """
        if self._descriptor is None:
            return False
        if self._is_file:
            return self.is_there and has_room(self.path.parent)
        return takes_more(self._descriptor, self._owed)

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


def _explained(path: Path, error: OSError) -> OutputError:
    """Say what is special about a file of lines; leave the rest to the disk's own words."""
    if isinstance(error, FileExistsError):
        return OutputError(f"{path} would be overwritten: {error.strerror}; choose another name")
    if isinstance(error, TimeoutError):
        return OutputError(f"cannot write {path}: {error.strerror}; let it read, or write to a file")
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return OutputError(
            f"cannot write {path}: there is no folder {path.parent}; make it first, or choose another"
        )
    return output_error(path, error)
