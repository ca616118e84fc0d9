"""Write whole lines, each at once, to a file, pipe or terminal.

Handles a reader that stalls, log rotation and a full disk; no line is ever cut in two.
"""

import errno
import io
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

from emotion.atomic_files import PRIVATE, Access
from emotion.errors import OutputError, output_error
from streamer.disk_space import has_disk_space
from streamer.terminal_io import flush_unfinished, open_terminal_again, unfinished_line, write_with_timeout

# Without O_NONBLOCK a named pipe that nobody reads would hold the session up for good.
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
_MAX_NAMES: Final = 1000


class LineFile:
    """Writes lines straight to the system, unbuffered, so that a killed process loses none.

    Whoever rotates logs may take the file away at any time. Where it was moved or removed, the lines go on in
    a new file of its name, which begins with the same first line; where it was truncated, they go on in it,
    after the first line again if it is empty. A file of somebody else that has appeared in its place is left
    alone: the lines go on in ``call-2.jsonl``.

    Attributes
    ----------
    path : Path
        Where the lines go now.
    num_written : int
        Lines written, those that begin a file again not counted.
    """

    def __init__(self, path: Path, *, access: Access = PRIVATE, replace: bool = False) -> None:
        self.path = path
        self.num_written = 0
        self._wanted = path
        self._access = access
        self._existed = os.path.exists(path)  # noqa: PTH110 - Path.exists raises at a name that is too long
        self._first_line = b""
        # Of the file when we last wrote to it.
        self._size = 0
        # What a pipe has not taken of a line that it has begun with.
        self._owed = bytearray()
        self._num_moves = self._num_truncations = 0
        # Why the lines go on in a file that was moved.
        self._stays_because = ""
        try:
            if replace:
                self._existed = not _remove(path) and self._existed
            self._descriptor: int | None = _open_empty(path, access)
        except OSError as error:
            raise _explained(path, error) from error
        self._status = os.fstat(self._descriptor)
        self._is_file = stat.S_ISREG(self._status.st_mode)

    def write(self, line: str) -> None:
        """Write one line, whole or not at all."""
        if self._descriptor is None:
            raise OutputError(f"{self.path} is closed already; nothing more can be written to it")
        content = (line + "\n").encode("utf-8", "backslashreplace")
        try:
            if self._is_file:
                self._append(content)
            else:
                self._pass_on(self._descriptor, content)
        except OSError as error:
            if self._is_file and not self._wanted.parent.is_dir():
                raise OutputError(
                    f"cannot write {self._wanted}: the folder {self._wanted.parent} was removed; "
                    "make it again, and the lines go on in a new file"
                ) from error
            raise _explained(self.path, error) from error
        self.num_written += 1

    @property
    def is_there(self) -> bool:
        """False where what was written last does not lie at `path`: it was moved, removed or replaced."""
        try:
            return not self._is_file or _is_same(_status_of(self.path), self._status)
        except OSError:  # Nobody may look.
            return True

    @property
    def note(self) -> str | None:
        """What others did to the file, in one line; None where nobody did anything."""
        happened = [
            f"was {what}{f' {count} times' if count > 1 else ''}"
            for what, count in (
                ("moved or removed", self._num_moves),
                ("truncated", self._num_truncations),
            )
            if count
        ]
        if not happened:
            return None
        if self._stays_because:
            why = self._stays_because
            goes_on = f"it cannot be begun anew ({why}), and the lines go on in the moved file"
        elif self.path != self._wanted:
            goes_on = f"another file has its name now, and the lines go on in {self.path}"
        else:
            goes_on = "the lines go on in " + ("a new file of that name" if self._num_moves else "it")
        return f"{self._wanted} {' and '.join(happened)}; {goes_on}"

    def is_ready(self) -> bool:
        """Tell whether it is worth trying again after a failure."""
        if self._descriptor is None:
            return False
        if self._is_file:
            try:
                folder = Path(os.path.realpath(self.path)).parent
            except OSError:  # The working directory was removed.
                return False
            return has_disk_space(folder)
        return flush_unfinished(self._descriptor, self._owed)

    def close(self) -> None:
        """Let go; a second call does nothing."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.close(descriptor)
        except OSError as error:
            raise _explained(self.path, error) from error

    def withdraw(self) -> None:
        """Leave no trace: close, and remove the file or make it empty again, as it was found."""
        if self._descriptor is None:
            return
        self.num_written = 0
        try:
            if self._is_file and self.is_there:
                os.ftruncate(self._descriptor, 0)
                if not self._existed:
                    Path(os.path.realpath(self.path)).unlink(missing_ok=True)
        except OSError as error:
            raise _explained(self.path, error) from error
        finally:
            self.close()

    def _append(self, content: bytes) -> None:
        """Write a line at the end of the file that has the name now."""
        descriptor = self._follow()
        size = os.fstat(descriptor).st_size
        self._num_truncations += size < self._size
        rest = bytearray(self._lead_in(size) + content)
        num_bytes = len(rest)
        try:
            write_with_timeout(descriptor, rest)
        except OSError:
            if len(rest) < num_bytes:
                _cut_off(descriptor, num_bytes - len(rest))
            self._size = os.fstat(descriptor).st_size
            raise
        self._size = size + num_bytes
        self._first_line = self._first_line or content

    def _follow(self) -> int:
        """Open the path anew where our file is not there any more; give the descriptor to write to."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} is closed")
        try:
            found = _status_of(self.path)
        except OSError:
            # Nobody may look. That is no reason to leave a file which is open.
            return self._descriptor
        num_names = os.fstat(self._descriptor).st_nlink
        if _is_same(found, self._status):
            if not num_names:  # A name such as /dev/stdout leads to it all the same.
                raise OSError(errno.ESTALE, "the file was removed")
            return self._descriptor
        try:
            path, existed, descriptor = _open_anew(self._wanted, self._access)
        except OSError as error:
            if not num_names:
                raise
            self._num_moves += not self._stays_because
            self._stays_because = error.strerror or str(error)
            return self._descriptor
        self._num_moves += not self._stays_because
        self._stays_because = ""
        old, self._descriptor = self._descriptor, descriptor
        self.path, self._existed, self._size, self._status = path, existed, 0, os.fstat(descriptor)
        os.close(old)
        return descriptor

    def _lead_in(self, size: int) -> bytes:
        """Give what must stand before a line: the first line in an empty file, an end to a half line."""
        if not size:
            return self._first_line
        if size == self._size:
            return b""
        try:
            with self.path.open("rb") as file:
                file.seek(-1, os.SEEK_END)
                ends_whole = file.read(1) == b"\n"
        except OSError:
            ends_whole = False
        return b"" if ends_whole else b"\n"

    def _pass_on(self, descriptor: int, content: bytes) -> None:
        """Write a line to a pipe or a device."""
        rest = self._owed + content
        try:
            write_with_timeout(descriptor, rest)
        except OSError as error:
            # A reader that has left takes its half of a line with it.
            stalled = isinstance(error, TimeoutError)
            self._owed = unfinished_line(rest, len(content)) if stalled else bytearray()
            raise
        self._owed = bytearray()


def _status_of(path: Path) -> os.stat_result | None:
    """Look where a path leads; None where nothing is there."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_same(one: os.stat_result | None, other: os.stat_result) -> bool:
    return one is not None and (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def _remove(path: Path) -> bool:
    """Remove a regular file that holds something, at the end of all links; tell whether there was one."""
    status = _status_of(path)
    if status is None or not stat.S_ISREG(status.st_mode) or not status.st_size:
        return False
    Path(os.path.realpath(path)).unlink()
    return True


def _open_empty(path: Path, access: Access) -> int:
    """Open for writing what holds nothing yet."""
    descriptor = access.open_file(path, _FLAGS)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size:
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, f"it exists and holds {status.st_size} bytes")
    return descriptor


def _open_anew(path: Path, access: Access) -> tuple[Path, bool, int]:
    """Open a path for a regular file; a numbered one beside it where somebody else's is there."""
    found = _status_of(path)
    if found is None or (stat.S_ISREG(found.st_mode) and not found.st_size):
        with suppress(FileExistsError):
            return path, found is not None, _open_empty(path, access)
    beside = Path(os.path.realpath(path)) if path.is_symlink() else path
    for number in range(2, _MAX_NAMES):
        numbered = beside.with_stem(f"{beside.stem}-{number}")
        with suppress(FileExistsError):
            return numbered, False, access.open_file(numbered, _FLAGS | os.O_EXCL)
    raise FileExistsError(errno.EEXIST, f"it and {_MAX_NAMES} numbered names beside it are taken")


def _cut_off(descriptor: int, num_bytes: int) -> None:
    """Take back the beginning of a line; never longer than the file is by now, for others may cut it, too."""
    # What the system refuses even now, it has just refused: the first error says more.
    with suppress(OSError):
        os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - num_bytes))


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


class LinePrinter:
    """Writes a line at a time to a text stream, and waits no longer than a second for whoever reads it.

    Attributes
    ----------
    reader_gone : bool
        True once the other end of a pipe has been closed, as `head` does when it has seen enough.
    num_written : int
        How often `write` has written all that it was given.
    """

    def __init__(self, stream: TextIO) -> None:
        self.reader_gone = False
        self.num_written = 0
        self._stream = stream
        self._descriptor = _descriptor_of(stream)
        self._owed = bytearray()
        self._left: Callable[[], None] | None = None

    def when_reader_leaves(self, call: Callable[[], None]) -> None:
        """Say what is to be done, once, when nobody reads any more."""
        self._left = call

    def write(self, line: str) -> None:
        """Write one line, or several with breaks between them."""
        encoding = self._stream.encoding or "utf-8"
        content = (line + "\n").encode(encoding, "backslashreplace")
        rest = self._owed + content
        try:
            self._write(rest, content.decode(encoding))
        except BrokenPipeError as error:
            self.reader_gone = True
            if self._left is not None:
                self._left()
            raise OutputError(
                "nobody reads the output any more; start again with a reader that stays"
            ) from error
        except TimeoutError as error:
            self._owed = unfinished_line(rest, len(content))
            raise OutputError(
                f"cannot write the output: {error.strerror}; let it read, or use --journal FILE"
            ) from error
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror}; send it somewhere else") from error
        self._owed = bytearray()
        self.num_written += 1

    def is_ready(self) -> bool:
        """Tell whether it is worth trying again after a failure."""
        if self.reader_gone or self._descriptor is None:
            return False
        return flush_unfinished(self._descriptor, self._owed, blocks=True)

    def _write(self, rest: bytearray, text: str) -> None:
        if self._descriptor is None:
            self._stream.write(text)
            self._stream.flush()
        else:
            self._stream.flush()
            write_with_timeout(self._descriptor, rest, blocks=True)


def _descriptor_of(stream: TextIO) -> int | None:
    """Give what may have a slow reader; None for a file or a text in memory, which take all at once."""
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
    except (io.UnsupportedOperation, AttributeError, OSError, ValueError):
        return None
    if stat.S_ISREG(mode):
        return None
    if os.isatty(descriptor):
        return open_terminal_again(descriptor)
    return descriptor
