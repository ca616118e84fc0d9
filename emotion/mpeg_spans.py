"""The MP3 streams of a file: libmpg123 believes what the first says of its length, or guesses it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, Final, NamedTuple, cast

from emotion.span import Span, end_of_tag

_CHUNK_BYTES: Final = 1 << 20
_MAX_JUNK_BYTES: Final = 1 << 12
"""Between two frames; libmpg123 gives up after a kilobyte."""
_MAX_JUNKS: Final = 1000
_KILOBITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_KILOBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_RATES: Final = (44_100, 48_000, 32_000)
_KIND: Final = 0xFFFE0C00
"""What stays the same in a stream, of the headers of its frames: version, layer and sample rate."""
_TELLING: Final = (b"Info", b"Xing")
_MOST_TOLD_BYTES: Final = 4 + 32 + 12
"""Of a frame that tells the number of frames, up to that number."""
_MOST_TOLD: Final = 0xFFFF_FFFF
"""A file of more than 4 GiB is longer than the frame can tell; its number of frames counts."""


class _Frame(NamedTuple):
    """A frame of layer III; `told` is the number of frames where it holds that and no sound, else None."""

    at: int
    end: int
    header: int
    told: int | None


@dataclass
class _Stream:
    """What was found of a stream so far."""

    first: _Frame
    end: int
    num_frames: int

    def span(self) -> Span:
        """Put a frame before it that tells its length, unless it begins with a true one."""
        first = self.first
        if first.told is not None and first.told >= self.num_frames - 1:  # some count that frame as well
            return Span(first.at, self.end)
        start = first.at if first.told is None else first.end
        return Span(start, self.end, _telling_frame(first.header, self.num_frames, self.end - start))


def mpeg_spans(file: BinaryIO, start: int, num_bytes: int) -> Iterator[Span]:
    """Find the MP3 streams that lie one behind the other.

    Parameters
    ----------
    file : binary file
        Open for reading; moved.
    start, num_bytes : int
        Where the first begins, and where the file ends.

    Yields
    ------
    Span
        A stream; none where there is no frame of MPEG layer III.
    """
    stream: _Stream | None = None
    for frame, is_behind_tag in _frames(_Bytes(file, num_bytes), start):
        if stream is None or is_behind_tag or frame.told is not None:
            if stream is not None:
                yield stream.span()
            stream = _Stream(frame, frame.end, 0)
        stream.end = frame.end
        stream.num_frames += frame.told is None
    if stream is not None:
        yield stream.span()


class _Bytes:
    """A file in large pieces, of which a few bytes are looked at from place to place."""

    def __init__(self, file: BinaryIO, num_bytes: int) -> None:
        self.num_bytes = num_bytes
        self._file = file
        self._chunk, self._at = b"", 0

    def peek(self, at: int, count: int) -> bytes:
        place = at - self._at
        if not 0 <= place <= len(self._chunk) - count:
            self._file.seek(at)
            self._chunk, self._at = self._file.read(_CHUNK_BYTES), at
            place = 0
        return self._chunk[place : place + count]


def _frames(data: _Bytes, start: int) -> Iterator[tuple[_Frame, bool]]:
    at, is_behind_tag, junks = start, False, 0
    kind: int | None = None
    while at < data.num_bytes:
        frame = _frame(data, at)
        if frame is not None and (frame.told is not None or kind in {None, frame.header & _KIND}):
            yield frame, is_behind_tag
            at, is_behind_tag, kind = frame.end, False, frame.header & _KIND
            continue
        tag_end = end_of_tag(data.peek(at, 32), at)
        if tag_end > at:
            at, is_behind_tag, kind = tag_end, True, None
            continue
        junks += 1
        after = None if kind is None else _behind_junk(data, at, kind)
        if after is None or junks > _MAX_JUNKS:
            return
        at = after


def _behind_junk(data: _Bytes, at: int, kind: int) -> int | None:
    """Find two frames in a row."""
    for place in range(at + 1, at + _MAX_JUNK_BYTES):
        frame = _frame(data, place)
        if frame is not None and frame.header & _KIND == kind:
            follower = _frame(data, frame.end)
            if frame.end >= data.num_bytes or (follower is not None and follower.header & _KIND == kind):
                return place
    return None


def _frame(data: _Bytes, at: int) -> _Frame | None:
    raw = data.peek(at, _MOST_TOLD_BYTES)
    shape = _shape(raw[:4])
    if shape is None:
        return None
    length, side = shape
    told = None
    if raw[4 + side : 8 + side] in _TELLING and not any(raw[4 : 4 + side]):
        flags, frames = struct.unpack(">II", raw[8 + side : 16 + side].ljust(8, b"\0"))
        told = frames if flags & 1 else 0
    return _Frame(at, at + length, int.from_bytes(raw[:4], "big"), told)


@lru_cache(1 << 12)
def _shape(head: bytes) -> tuple[int, int] | None:
    """Give the length of a frame, and of its side information, by its head of 4 bytes."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[1] & 0x18 == 0x08:
        return None
    is_first_version = head[1] & 0x18 == 0x18
    kilobits = (_KILOBITS_1 if is_first_version else _KILOBITS_2)[head[2] >> 4]
    rate_index = head[2] >> 2 & 3
    if not kilobits or rate_index == 3:
        return None
    rate = _RATES[rate_index] // {0x18: 1, 0x10: 2, 0x00: 4}[head[1] & 0x18]
    is_mono = head[3] >> 6 == 3
    side = (17 if is_mono else 32) if is_first_version else (9 if is_mono else 17)
    return (144_000 if is_first_version else 72_000) * kilobits // rate + (head[2] >> 1 & 1), side


def _telling_frame(header: int, num_frames: int, num_bytes: int) -> bytes:
    # Without a checksum or padding, and with so many bits a second that everything has room in it.
    head = (header & 0xFFFF0DFF | 0x00019000).to_bytes(4, "big")
    length, side = cast("tuple[int, int]", _shape(head))  # of a valid one, with another valid bit rate
    told = b"Xing" + struct.pack(">III", 3, num_frames, min(num_bytes + length, _MOST_TOLD))
    return (head + bytes(side) + told).ljust(length, b"\0")
