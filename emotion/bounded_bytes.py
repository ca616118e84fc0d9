"""A part of a file as libsndfile reads it, and no more of it at a time than sound needs."""

import os
from typing import BinaryIO, Final

from emotion.span import Span

MAX_HEADER_BYTES: Final = 12 << 20
"""What may stand before the sound, such as pictures; comments of Vorbis take twelve times the memory."""


class BoundedBytes:
    """A file object for libsndfile; whatever goes wrong is kept, since C code cannot raise.

    Parameters
    ----------
    file : binary file
        Open for reading; moved.
    span : Span
        What is shown of it.
    most_bytes : int
        To be read until `release`.

    Attributes
    ----------
    refused : bool
        True once more was asked for than is allowed.
    error : OSError or None
        Why the file could not be read.
    """

    def __init__(self, file: BinaryIO, span: Span, most_bytes: int) -> None:
        self.refused = False
        self.error: OSError | None = None
        self._file = file
        self._before = span.before
        self._start = span.start - len(span.before)
        self._num_bytes = max(0, min(span.end, os.fstat(file.fileno()).st_size) - self._start)
        self._at = 0
        self._left: int | None = most_bytes

    def release(self) -> None:
        """Let everything be read from here on, but `MAX_HEADER_BYTES` at a time: only a tag is longer."""
        self._left = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, and tell where that is; nowhere is before the beginning."""
        target = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._num_bytes}[whence]
        if target >= 0:
            self._at = target
        return self._at

    def tell(self) -> int:
        """Tell the position."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer as far as there are bytes, and allowed ones."""
        if self.refused or self.error is not None:
            return 0  # or a decoder looks for the next frame, byte by byte
        wanted = max(0, min(len(buffer), self._num_bytes - self._at))
        if wanted > (MAX_HEADER_BYTES if self._left is None else self._left):
            self.refused = True
            return 0
        view = memoryview(buffer)[:wanted]
        before = self._before[self._at : self._at + wanted]
        view[: len(before)] = before
        num_read = len(before)
        if num_read < wanted:
            try:
                self._file.seek(self._start + self._at + num_read)
                num_read += self._file.readinto(view[num_read:])  # type: ignore[attr-defined]
            except OSError as error:
                self.error = error
                return 0
        self._at += num_read
        if self._left is not None:
            self._left -= num_read
        return int(num_read)
