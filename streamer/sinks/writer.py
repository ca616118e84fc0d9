"""Write whole lines, each at once, to a file, pipe or terminal.

Handles a reader that stalls, log rotation and a full disk; no line is ever cut in two.
"""

import errno
import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

from emotion.atomic_files import PRIVATE, Access
from emotion.errors import OutputError, output_error
from streamer.session_info import SessionClock, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.terminal_io import flush_unfinished, open_terminal_again, unfinished_line, write_with_timeout

# Without O_NONBLOCK a named pipe that nobody reads would hold the session up for good.
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
_MAX_NAMES: Final = 1000

MIN_BYTES: Final = 1_000_000
"""Less room than this is not worth a retry: half a minute of speech at 16 kHz."""

MIN_FILES: Final = 10
"""A clip needs up to four: two folders, the clip, the index."""


def has_disk_space(folder: Path) -> bool:
    """Tell whether a folder can take more, without writing to it."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    # File systems that make inodes on demand, such as btrfs, count none at all.
    has_inodes = not status.f_files or status.f_favail >= MIN_FILES
    has_bytes = status.f_bavail * status.f_frsize >= MIN_BYTES
    return has_inodes and has_bytes and os.access(folder, os.W_OK | os.X_OK)


class LineFile:
    """Writes lines unbuffered, so that a killed process loses none, and follows log rotation.

    A file that was moved or removed is replaced by a new one of the same name, which begins with the same
    first line. A truncated file is continued, and begins with the first line again if it is empty. Another
    file that has appeared in its place is left alone: the lines go on in ``call-2.jsonl``.

    Attributes
    ----------
    path : Path
        Where the lines go now.
    num_written : int
        Lines written, repeated first lines not counted.
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
        # The rest of a line of which a pipe has taken the beginning.
        self._unfinished = bytearray()
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
                self._write_to_pipe(self._descriptor, content)
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
        except OSError:  # Not allowed to check.
            return True

    @property
    def note(self) -> str | None:
        """What others did to the file, in one line; None where nothing happened."""
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
        return flush_unfinished(self._descriptor, self._unfinished)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.close(descriptor)
        except OSError as error:
            raise _explained(self.path, error) from error

    def withdraw(self) -> None:
        """Close the file and remove it, or make it empty where it existed before."""
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
        """Open the path again where our file is not there any more; give the descriptor to write to."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} is closed")
        try:
            found = _status_of(self.path)
        except OSError:
            # Not allowed to check: keep the file that is open.
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
        """Give what must precede a line: the first line in an empty file, a break after unfinished text."""
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

    def _write_to_pipe(self, descriptor: int, content: bytes) -> None:
        """Write a line to a pipe or a device."""
        rest = self._unfinished + content
        try:
            write_with_timeout(descriptor, rest)
        except OSError as error:
            # The next reader starts with a new line.
            stalled = isinstance(error, TimeoutError)
            self._unfinished = unfinished_line(rest, len(content)) if stalled else bytearray()
            raise
        self._unfinished = bytearray()


def _status_of(path: Path) -> os.stat_result | None:
    """Follow a path; None where nothing is there."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_same(one: os.stat_result | None, other: os.stat_result) -> bool:
    return one is not None and os.path.samestat(one, other)


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
    """Remove the beginning of a line from the end of a file, which others may have truncated meanwhile."""
    # An error here repeats the one that led to it, which says more.
    with suppress(OSError):
        os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - num_bytes))


def _explained(path: Path, error: OSError) -> OutputError:
    """Explain an error of a file of lines; other errors in the words of the system."""
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
    """Writes a line at a time to a text stream, and waits no longer than a second for its reader.

    Attributes
    ----------
    reader_gone : bool
        True once the other end of a pipe has been closed, as by `head`.
    num_written : int
        Calls of `write` that succeeded.
    """

    def __init__(self, stream: TextIO) -> None:
        self.reader_gone = False
        self.num_written = 0
        self._stream = stream
        self._descriptor = _descriptor_of(stream)
        self._unfinished = bytearray()
        self._on_reader_gone: Callable[[], None] | None = None

    def when_reader_leaves(self, call: Callable[[], None]) -> None:
        """Set what is called when the reader has closed its end."""
        self._on_reader_gone = call

    def write(self, line: str) -> None:
        """Write one line, or several with breaks between them."""
        encoding = self._stream.encoding or "utf-8"
        content = (line + "\n").encode(encoding, "backslashreplace")
        rest = self._unfinished + content
        try:
            if self._descriptor is None:
                self._stream.write(content.decode(encoding))
            self._stream.flush()
            if self._descriptor is not None:
                write_with_timeout(self._descriptor, rest, blocks=True)
        except BrokenPipeError as error:
            self.reader_gone = True
            if self._on_reader_gone is not None:
                self._on_reader_gone()
            raise OutputError(
                "nobody reads the output any more; start again with a reader that stays"
            ) from error
        except TimeoutError as error:
            self._unfinished = unfinished_line(rest, len(content))
            raise OutputError(
                f"cannot write the output: {error.strerror}; let it read, or use --journal FILE"
            ) from error
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror}; send it somewhere else") from error
        self._unfinished = bytearray()
        self.num_written += 1

    def is_ready(self) -> bool:
        """Tell whether it is worth trying again after a failure."""
        if self.reader_gone or self._descriptor is None:
            return False
        return flush_unfinished(self._descriptor, self._unfinished, blocks=True)


def _descriptor_of(stream: TextIO) -> int | None:
    """Give the descriptor of a stream that may block; None for a file or a text in memory."""
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


class PrinterSink(Sink, ABC):
    """Prints the events of a session to a stream; a reader that has gone is found with the first event."""

    def __init__(self, printer: LinePrinter) -> None:
        self.printer = printer
        self.clock = SessionClock()
        self._info: SessionInfo | None = None

    @abstractmethod
    def print_head(self, info: SessionInfo) -> None:
        """Print what is known before the first event."""

    @abstractmethod
    def print_summary(self, summary: Summary, info: SessionInfo) -> None:
        """Print the end."""

    def open(self, info: SessionInfo) -> None:
        """Print the head."""
        self._info = info
        self.clock = SessionClock.of(info)
        try:
            self.print_head(info)
        except OutputError:
            if not self.printer.reader_gone:
                raise

    def close(self, summary: Summary | None) -> None:
        """Print the summary, once."""
        info, self._info = self._info, None
        if summary is not None and info is not None:
            self.print_summary(summary, info)

    @property
    def may_recover(self) -> bool:
        """True as long as there is a reader."""
        return not self.printer.reader_gone

    def recover(self) -> bool:
        """Check whether the reader reads."""
        return self.printer.is_ready()

    @property
    def num_written(self) -> int:
        """Lines printed."""
        return self.printer.num_written
