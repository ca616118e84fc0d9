"""Where the audio of a file lies: chained Ogg and MP3 streams, tags, announced length; bounded reading."""

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple, TypeAlias, cast

from emotion.errors import AudioFileError


class ByteSpan(NamedTuple):
    """A range of bytes in a file.

    Attributes
    ----------
    start, end : int
        First byte, and one past the last.
    before : bytes
        A header that is read before them and is not in the file.
    """

    start: int
    end: int
    before: bytes = b""


MAX_CHAINED: Final = 500
"""Streams in a file; a day of radio has about as many."""

_MAX_TAGS: Final = 64
_READ_BYTES: Final = 1 << 20
"""Bytes read at once, of a file that is searched."""


def sound_spans(file: BinaryIO, path: Path) -> tuple[ByteSpan, ...]:
    """Find the chained streams of a file, in order; one span where there is no chain."""
    num_bytes = os.fstat(file.fileno()).st_size
    start = _behind_tags(file)
    head = _peek(file, start, 4)
    whole = (ByteSpan(start, num_bytes),)
    if head == b"OggS":
        return _all_of(_ogg_spans(file, start, num_bytes), path) or whole
    if head[:1] == b"\xff":
        return _all_of(mpeg_spans(file, start, num_bytes), path) or whole
    return whole


def _all_of(spans: Iterator[ByteSpan], path: Path) -> tuple[ByteSpan, ...]:
    found = tuple(islice(spans, MAX_CHAINED + 1))
    if len(found) > MAX_CHAINED:
        raise AudioFileError(
            f"{path} is a chain of more than {MAX_CHAINED} streams; convert it to FLAC or WAV"
        )
    return found


def _peek(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _behind_tags(file: BinaryIO) -> int:
    start = 0
    for _ in range(_MAX_TAGS):
        end = end_of_tag(_peek(file, start, 10), start)
        if end == start:
            break
        start = end
    return start


def end_of_tag(head: bytes, at: int) -> int:
    """Find the end of an ID3 or APE tag; `at` where there is none."""
    if len(head) >= 10 and head[:3] == b"ID3" and max(head[6:10]) < 128:
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        return at + 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:3] == b"TAG":
        return at + 128
    if len(head) == 32 and head[:8] == b"APETAGEX":
        # The size covers items and footer; the two highest flags mark a header.
        return at + int.from_bytes(head[12:16], "little") + (32 if head[23] & 0xA0 == 0xA0 else 0)
    return at


_FIRST_PAGE: Final = re.compile(rb"OggS\0[\2\3\6\7]")
"""A stream's first page: the capture pattern, version 0, and the flag of a first page."""
_MAGIC_BYTES: Final = 6
_MAX_TRACKS: Final = 8
"""First pages of one stream: audio may come with pictures."""


def _ogg_spans(file: BinaryIO, start: int, num_bytes: int) -> Iterator[ByteSpan]:
    """Split at each group of adjacent first pages: multiplexed streams begin together."""
    group_end = -1
    for num_before, at in enumerate(_first_pages(file, start)):
        if num_before > MAX_CHAINED * _MAX_TRACKS:
            break
        if at != group_end and at > start:
            yield ByteSpan(start, at)
            start = at
        group_end = _page_end(file, at)
    yield ByteSpan(start, num_bytes)


def _first_pages(file: BinaryIO, start: int) -> Iterator[int]:
    at, kept = start, b""
    while True:
        fresh = _peek(file, at, _READ_BYTES)
        # A page has 65 307 bytes at most: a megabyte without one is no Ogg.
        if not fresh or b"OggS" not in kept + fresh:
            return
        chunk = kept + fresh
        for found in _FIRST_PAGE.finditer(chunk):
            yield at - len(kept) + found.start()
        at += len(fresh)
        kept = chunk[1 - _MAGIC_BYTES :]


def _page_end(file: BinaryIO, at: int) -> int:
    head = _peek(file, at, 27 + 255)
    num_segments = head[26] if len(head) > 26 else 0
    return at + 27 + num_segments + sum(head[27 : 27 + num_segments])


_MAX_JUNK_BYTES: Final = 1 << 12
"""Between two frames; libmpg123 gives up after 1 KiB."""
_MAX_JUNKS: Final = 1000
_KILOBITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_KILOBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_RATES: Final = (44_100, 48_000, 32_000)
_KIND: Final = 0xFFFE0C00
"""Bits of a frame header that are constant in a stream: version, layer and sample rate."""
_INFO_TAGS: Final = (b"Info", b"Xing")
_INFO_BYTES: Final = 4 + 32 + 12
"""Of an info frame, up to its number of frames."""
_MAX_INFO_SIZE: Final = 0xFFFF_FFFF
"""The size field saturates at 4 GiB; the number of frames counts."""


class _Frame(NamedTuple):
    """A frame of layer III; `announced` is the number of frames in an info frame, else None."""

    at: int
    end: int
    header: int
    announced: int | None


@dataclass
class _Stream:
    """A stream as far as it was scanned."""

    first: _Frame
    end: int
    num_frames: int

    def span(self) -> ByteSpan:
        """Prepend an info frame with the length, unless the stream begins with a correct one."""
        first = self.first
        # Some writers count that frame as well.
        if first.announced is not None and first.announced >= self.num_frames - 1:
            return ByteSpan(first.at, self.end)
        start = first.at if first.announced is None else first.end
        return ByteSpan(start, self.end, _info_frame(first.header, self.num_frames, self.end - start))


def mpeg_spans(file: BinaryIO, start: int, num_bytes: int) -> Iterator[ByteSpan]:
    """Find chained MP3 streams."""
    stream: _Stream | None = None
    for frame, is_behind_tag in _frames(file, start, num_bytes):
        if stream is None or is_behind_tag or frame.announced is not None:
            if stream is not None:
                yield stream.span()
            stream = _Stream(frame, frame.end, 0)
        stream.end = frame.end
        stream.num_frames += frame.announced is None
    if stream is not None:
        yield stream.span()


def _frames(file: BinaryIO, start: int, num_bytes: int) -> Iterator[tuple[_Frame, bool]]:
    at, is_behind_tag, junks = start, False, 0
    kind: int | None = None
    while at < num_bytes:
        frame = _frame(file, at)
        if frame is not None and (frame.announced is not None or kind in {None, frame.header & _KIND}):
            yield frame, is_behind_tag
            at, is_behind_tag, kind = frame.end, False, frame.header & _KIND
            continue
        tag_end = end_of_tag(_peek(file, at, 32), at)
        if tag_end > at:
            at, is_behind_tag, kind = tag_end, True, None
            continue
        junks += 1
        after = None if kind is None else _behind_junk(file, at, kind, num_bytes)
        if after is None or junks > _MAX_JUNKS:
            return
        at = after


def _behind_junk(file: BinaryIO, at: int, kind: int, num_bytes: int) -> int | None:
    """Find the next place with two consecutive frames."""
    for place in range(at + 1, at + _MAX_JUNK_BYTES):
        frame = _frame(file, place)
        if frame is not None and frame.header & _KIND == kind:
            follower = _frame(file, frame.end)
            if frame.end >= num_bytes or (follower is not None and follower.header & _KIND == kind):
                return place
    return None


def _frame(file: BinaryIO, at: int) -> _Frame | None:
    raw = _peek(file, at, _INFO_BYTES)
    shape = _shape(raw[:4])
    if shape is None:
        return None
    length, side = shape
    announced = None
    if raw[4 + side : 8 + side] in _INFO_TAGS and not any(raw[4 : 4 + side]):
        flags, frames = struct.unpack(">II", raw[8 + side : 16 + side].ljust(8, b"\0"))
        announced = frames if flags & 1 else 0
    return _Frame(at, at + length, int.from_bytes(raw[:4], "big"), announced)


@lru_cache(1 << 12)
def _shape(head: bytes) -> tuple[int, int] | None:
    """Compute the length of a frame and of its side information from its 4-byte header."""
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


def _info_frame(header: int, num_frames: int, num_bytes: int) -> bytes:
    # No checksum, no padding, and a bit rate at which all fields fit.
    head = (header & 0xFFFF0DFF | 0x00019000).to_bytes(4, "big")
    length, side = cast("tuple[int, int]", _shape(head))  # a valid header with another valid bit rate
    info = b"Xing" + struct.pack(">III", 3, num_frames, min(num_bytes + length, _MAX_INFO_SIZE))
    return (head + bytes(side) + info).ljust(length, b"\0")


_MAX_CHUNKS: Final = 1000
_UNKNOWN_SIZES: Final = frozenset({0, 0x7FFFF000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1})
"""Placeholders of writers that cannot seek back: sox, ffmpeg, libsndfile, and the standards."""
_UNKNOWN_AIFF: Final = range(0x7EFFFF00, 0x7F000100)
"""sox announces as many samples as fit into 0x7F000000 bytes."""

_ByteOrder: TypeAlias = Literal["little", "big"]


class SoundBytes(NamedTuple):
    """Size of a file's audio data.

    Attributes
    ----------
    announced, present : int
        Bytes that the header announces, and that the file holds.
    """

    announced: int
    present: int


class _Chunks(NamedTuple):
    """Layout of a chunked format.

    Attributes
    ----------
    first : int
        Offset of the first chunk.
    name_bytes, size_bytes : int
        Of a chunk header.
    order : {'little', 'big'}
        Of its size.
    data : bytes
        Prefix of the name of the audio chunk.
    before_sound : int
        Bytes in it before the audio.
    counts_head : bool
        Whether the size includes the chunk header.
    multiple : int
        Chunks are padded to a multiple of this many bytes.
    """

    first: int
    name_bytes: int
    size_bytes: int
    order: _ByteOrder
    data: bytes = b"data"
    before_sound: int = 0
    counts_head: bool = False
    multiple: int = 2


_RIFF: Final = _Chunks(12, 4, 4, "little")
_CAF: Final = _Chunks(8, 4, 8, "big", multiple=1)
_CHUNKS: Final = {
    b"RIFF": (b"WAVE", _RIFF),
    b"RIFX": (b"WAVE", _RIFF._replace(order="big")),
    b"RF64": (b"WAVE", _RIFF),
    b"FORM": (b"AIF", _Chunks(12, 4, 4, "big", data=b"SSND", before_sound=8)),
    b"riff": (b"", _Chunks(40, 16, 8, "little", counts_head=True, multiple=8)),
}


def sound_bytes(file: BinaryIO, start: int = 0) -> SoundBytes | None:
    """Measure the audio data of a WAV, RF64, W64, AIFF or AU file; None where the size is unknown."""
    head = _peek(file, start, 12)
    num_bytes = os.fstat(file.fileno()).st_size
    if head[:4] in (b".snd", b"dns."):
        order: _ByteOrder = "big" if head[:1] == b"." else "little"
        offset, size = (int.from_bytes(head[at : at + 4], order) for at in (4, 8))
        return _announced(size, start + offset, num_bytes)
    form, chunks = _CHUNKS.get(head[:4], (b"", None))
    if chunks is None or not head[8:].startswith(form):
        return None
    return _chunk_sound(file, start, chunks, num_bytes)


def longest_text(file: BinaryIO, start: int = 0) -> int:
    """Measure the largest text chunk of a CAF file; libsndfile takes seconds for a large one."""
    if _peek(file, start, 4) != b"caff":
        return 0
    return max((size for name, _, size in _walk(file, start, _CAF) if name == b"info"), default=0)


def _chunk_sound(file: BinaryIO, start: int, chunks: _Chunks, num_bytes: int) -> SoundBytes | None:
    long_size = 0
    for name, at, size in _walk(file, start, chunks):
        if name == b"ds64":  # RF64 keeps its 64-bit sizes here: of the file, then of the audio
            long_size = int.from_bytes(_peek(file, at + 8, 8), "little")
        elif name == chunks.data:
            announced = long_size if size == 0xFFFFFFFF and long_size else size
            if announced in _UNKNOWN_SIZES or (name == b"SSND" and announced in _UNKNOWN_AIFF):
                return None
            before = chunks.before_sound
            return _announced(announced - before, at + before, num_bytes)
    return None


def _walk(file: BinaryIO, start: int, chunks: _Chunks) -> Iterator[tuple[bytes, int, int]]:
    """Yield each chunk's name (four letters), offset of its content, and size."""
    at = start + chunks.first
    head_bytes = chunks.name_bytes + chunks.size_bytes
    num_bytes = os.fstat(file.fileno()).st_size
    for _ in range(_MAX_CHUNKS):
        if at > num_bytes:  # perhaps beyond the largest offset
            return
        head = _peek(file, at, head_bytes)
        if len(head) < head_bytes:
            return
        at += head_bytes
        size = int.from_bytes(head[chunks.name_bytes :], chunks.order)
        if chunks.counts_head and size not in _UNKNOWN_SIZES:
            size = max(0, size - head_bytes)
        yield head[:4], at, size
        at += size + -size % chunks.multiple


def _announced(size: int, sound_start: int, num_bytes: int) -> SoundBytes | None:
    if size <= 0 or size in _UNKNOWN_SIZES:
        return None
    return SoundBytes(size, max(0, min(size, num_bytes - sound_start)))


MAX_HEADER_BYTES: Final = 12 << 20
"""Limit for tags and pictures before the audio; Vorbis comments take twelve times the memory."""


class BoundedBytes:
    """A bounded file object for libsndfile; errors are kept, since C code cannot raise.

    Attributes
    ----------
    refused : bool
        True once a read exceeded the limit.
    error : OSError or None
        The first error of a read.
    """

    def __init__(self, file: BinaryIO, span: ByteSpan, max_bytes: int) -> None:
        self.refused = False
        self.error: OSError | None = None
        self._file = file
        self._before = span.before
        self._start = span.start - len(span.before)
        self._num_bytes = max(0, min(span.end, os.fstat(file.fileno()).st_size) - self._start)
        self._at = 0
        self._left: int | None = max_bytes

    def release(self) -> None:
        """Lift the limit after the header; a single read stays within `MAX_HEADER_BYTES`."""
        self._left = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, and return the position; a target before the start is ignored."""
        target = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._num_bytes}[whence]
        if target >= 0:
            self._at = target
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer up to the end of the span; refuse a read beyond the limit."""
        if self.refused or self.error is not None:
            return 0  # otherwise a decoder searches for the next frame byte by byte
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
