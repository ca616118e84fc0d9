"""Write WAV files that can be read at any moment while they grow."""

import errno
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from emotion.arrays import Samples
from emotion.atomic_files import PRIVATE, Access, write_new

MAX_WAV_BYTES: Final = 2**31 - 1
"""Where a file must end: a WAV cannot pass 4 GiB, and readers that count with a sign stop at half of it."""


@dataclass(frozen=True, slots=True)
class WavFormat:
    """The sample format of a file, and its head.

    The head follows Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991):
    44 bytes for 16-bit integers, and 58 with the ``fact`` chunk that floats must have.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
        At least 1.
    sample_format : {'PCM_16', 'FLOAT'}
        PCM_16 keeps samples that are whole multiples of 1/32768; FLOAT keeps any float32.
    """

    sample_rate: int
    channels: int
    sample_format: Literal["PCM_16", "FLOAT"]

    @classmethod
    def of_source(cls, source: Any) -> "WavFormat":
        """Read the format in which a source of session.json was kept.

        Raises
        ------
        ValueError, TypeError, LookupError, OverflowError
            If `source` does not describe one.
        """
        sample_rate = int(source["sample_rate"])
        # Journal format 1 kept all channels and did not list them.
        channels = len(source["kept_channels"]) if "kept_channels" in source else int(source["channels"])
        sample_format = source["sample_format"]
        if sample_rate < 1 or channels < 1 or sample_format not in {"PCM_16", "FLOAT"}:
            raise ValueError("not a format of a recording")
        return cls(sample_rate, channels, sample_format)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * (2 if self.sample_format == "PCM_16" else 4)

    @property
    def head_bytes(self) -> int:
        """Bytes before the first sample."""
        return 44 if self.sample_format == "PCM_16" else 58

    def head(self, num_samples: int) -> bytes:
        """Encode the head of a file."""
        data_bytes = num_samples * self.frame_bytes
        pcm = self.sample_format == "PCM_16"
        layout = struct.pack(
            "<HHIIHH",
            1 if pcm else 3,
            self.channels,
            self.sample_rate,
            self.sample_rate * self.frame_bytes,
            self.frame_bytes,
            16 if pcm else 32,
        )
        chunks = _chunk(b"fmt ", layout if pcm else layout + b"\0\0")
        if not pcm:
            chunks += _chunk(b"fact", struct.pack("<I", num_samples))
        riff_bytes = 4 + len(chunks) + 8 + data_bytes
        return (
            struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
            + chunks
            + struct.pack("<4sI", b"data", data_bytes)
        )

    def encode(self, samples: Samples) -> bytes:
        """Encode samples."""
        if self.sample_format == "FLOAT":
            return samples.astype("<f4", copy=False).tobytes()
        steps = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767)
        coded: bytes = steps.astype("<i2").tobytes()
        return coded

    def decode(self, content: bytes) -> Samples:
        """Decode whole samples, shape (n, channels), float32: what `encode` was given, clipped to 16 bits."""
        if self.sample_format == "FLOAT":
            return np.frombuffer(content, "<f4").reshape(-1, self.channels)
        steps = np.frombuffer(content, "<i2").astype(np.float32).reshape(-1, self.channels)
        return steps / np.float32(32768)

    def samples_in(self, file_bytes: int) -> int:
        """Count the samples per channel in a file of this format; an unfinished one does not count."""
        return max(0, file_bytes - self.head_bytes) // self.frame_bytes


def _chunk(name: bytes, content: bytes) -> bytes:
    """Encode a RIFF chunk of even length."""
    return struct.pack("<4sI", name, len(content)) + content


class WavWriter:
    """Appends to a WAV; after each append the head counts all samples so far.

    Samples are written before the head, both unbuffered: a killed process loses at most the last block, and
    the head never counts samples that are not there.
    """

    def __init__(self, path: Path, wav_format: WavFormat, access: Access = PRIVATE) -> None:
        write_new(path, wav_format.head(0), access)
        self.path = path
        self.num_samples = 0
        self._format = wav_format
        self._descriptor: int | None = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def append(self, samples: Samples) -> None:
        """Write samples at the end."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} is closed")
        if os.fstat(self._descriptor).st_nlink == 0:
            raise OSError(errno.ENOENT, "the file was removed", str(self.path))
        _write_at(self._descriptor, self._format.encode(samples), self._end)
        self.num_samples += len(samples)
        _write_at(self._descriptor, self._format.head(self.num_samples), 0)

    def close(self) -> None:
        """Truncate what a failed append has left, and close; a second call does nothing."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.ftruncate(descriptor, self._end)
        finally:
            os.close(descriptor)

    @property
    def _end(self) -> int:
        """Size of the file with all whole samples, bytes."""
        return self._format.head_bytes + self.num_samples * self._format.frame_bytes


def _write_at(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of `content`, in several calls if need be."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
