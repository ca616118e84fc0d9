"""A look at the header of a WAV: how much sound it announces, and how much the file has."""

import os
import struct
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

_MAX_CHUNKS: Final = 1000
_UNKNOWN_SIZES: Final = (0xFFFFFFFF, 0x7FFFF000)
"""What ffmpeg and sox write where they stream into a pipe and cannot come back."""


class DataChunk(NamedTuple):
    """The sound of a WAV in bytes.

    Attributes
    ----------
    announced, present : int
        Bytes that the header promises, and that lie in the file.
    block_align : int
        Bytes for one sample of all channels (for coded sound: for one coded block).
    """

    announced: int
    present: int
    block_align: int


def data_chunk(path: Path) -> DataChunk | None:
    """Find the data chunk of a RIFF WAV.

    libsndfile reads a cut WAV as if it had been meant to be shorter; only the header knows better.

    Parameters
    ----------
    path : Path
        A regular file.

    Returns
    -------
    DataChunk or None
        None where the file is no RIFF WAV, has no data chunk, or does not say how long it is.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        return _walk_chunks(file, os.fstat(file.fileno()).st_size)


def _walk_chunks(file: BinaryIO, file_size: int) -> DataChunk | None:
    block_align = 0
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return None
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        start = file.tell()
        if name == b"data":
            if size in _UNKNOWN_SIZES or not block_align:
                return None
            return DataChunk(size, min(size, file_size - start), block_align)
        if name == b"fmt ":
            body = file.read(16)
            block_align = struct.unpack("<H", body[12:14])[0] if len(body) == 16 else 0
        file.seek(start + size + size % 2)
    return None
