"""How much sound a header announces, and how much of it the file has.

libsndfile reads a cut file as if it had been meant to be shorter; only the header knows better.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal, NamedTuple, TypeAlias

_MAX_CHUNKS: Final = 1000
_UNKNOWN_SIZES: Final = frozenset({0, 0x7FFFF000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1})
"""What writes into a pipe cannot come back to tell a size: these are of sox, ffmpeg, libsndfile and norms."""
_UNKNOWN_AIFF: Final = range(0x7EFFFF00, 0x7F000100)
"""sox gives as many samples as fit into 0x7F000000 bytes."""

_ByteOrder: TypeAlias = Literal["little", "big"]


class SoundBytes(NamedTuple):
    """The sound of a file in bytes.

    Attributes
    ----------
    announced, present : int
        Bytes that the header promises, and that lie in the file.
    """

    announced: int
    present: int


class _Chunks(NamedTuple):
    """How a format of chunks is written.

    Attributes
    ----------
    first : int
        Where the first chunk begins.
    name_bytes, size_bytes : int
        Of the head of a chunk.
    order : {'little', 'big'}
        Of its size.
    data : bytes
        How the name of the one with the sound begins.
    before_sound : int
        Bytes in it that come before the sound.
    counts_head : bool
        Whether the size counts the head of the chunk as well.
    multiple : int
        Of so many bytes are chunks.
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
    """Find the sound of a WAV, RF64, W64, AIFF or AU file.

    Parameters
    ----------
    file : binary file
        Open for reading; moved.
    start : int, optional
        Where its header begins.

    Returns
    -------
    SoundBytes or None
        None where the file is none of these, has no sound, or does not say how much.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    file.seek(start)
    head = file.read(12)
    num_bytes = os.fstat(file.fileno()).st_size
    if head[:4] in (b".snd", b"dns."):
        return _announced(*_au_sound(head, start), num_bytes)
    form, chunks = _CHUNKS.get(head[:4], (b"", None))
    if chunks is None or not head[8:].startswith(form):
        return None
    return _chunk_sound(file, start, chunks, num_bytes)


def _au_sound(head: bytes, start: int) -> tuple[int, int]:
    order: _ByteOrder = "big" if head[:1] == b"." else "little"
    return int.from_bytes(head[8:12], order), start + int.from_bytes(head[4:8], order)


def longest_text(file: BinaryIO, start: int = 0) -> int:
    """Find how many bytes of text are said of a CAF recording; libsndfile takes seconds for many.

    Parameters
    ----------
    file : binary file
        Open for reading; moved.
    start : int, optional
        Where its header begins.

    Returns
    -------
    int
        Of its longest chunk of text; 0 for any other format.
    """
    file.seek(start)
    if file.read(4) != b"caff":
        return 0
    return max((size for name, _, size in _walk(file, start, _CAF) if name == b"info"), default=0)


def _chunk_sound(file: BinaryIO, start: int, chunks: _Chunks, num_bytes: int) -> SoundBytes | None:
    long_size = 0
    for name, at, size in _walk(file, start, chunks):
        if name == b"ds64":  # RF64 has its sizes of 64 bits here: of the file, then of the sound
            file.seek(at + 8)
            long_size = int.from_bytes(file.read(8), "little")
        elif name == chunks.data:
            told = long_size if size == 0xFFFFFFFF and long_size else size
            if told in _UNKNOWN_SIZES or (name == b"SSND" and told in _UNKNOWN_AIFF):
                return None
            before = chunks.before_sound
            return _announced(told - before, at + before, num_bytes)
    return None


def _walk(file: BinaryIO, start: int, chunks: _Chunks) -> Iterator[tuple[bytes, int, int]]:
    """Give each chunk's name of four letters, where its content begins, and its size."""
    at = start + chunks.first
    head_bytes = chunks.name_bytes + chunks.size_bytes
    num_bytes = os.fstat(file.fileno()).st_size
    for _ in range(_MAX_CHUNKS):
        if at > num_bytes:  # perhaps beyond what can be sought
            return
        file.seek(at)
        head = file.read(head_bytes)
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
