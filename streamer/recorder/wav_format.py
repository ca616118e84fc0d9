"""The bytes of a WAV: a head that can be rewritten at any time, and samples kept exactly."""

import struct
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from emotion.arrays import Samples

MAX_WAV_BYTES: Final = 2**31 - 1
"""Where a file must end: a WAV cannot pass 4 GiB, and readers that count with a sign stop at half of it."""


@dataclass(frozen=True, slots=True)
class WavFormat:
    """How the samples of one file lie on the disk.

    The head is that of Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft,
    1991): 44 bytes for 16-bit integers, and 58 with the ``fact`` chunk that floats must have.

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

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * (2 if self.sample_format == "PCM_16" else 4)

    @property
    def head_bytes(self) -> int:
        """Bytes before the first sample."""
        return 44 if self.sample_format == "PCM_16" else 58

    def head(self, num_samples: int) -> bytes:
        """Give the head of a file.

        Parameters
        ----------
        num_samples : int
            Samples a channel that follow it.

        Returns
        -------
        bytes
            `head_bytes` of them.
        """
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
        """Give the bytes of samples.

        Parameters
        ----------
        samples : ndarray, shape (n, channels) or (n,), float32
            Full scale ±1.

        Returns
        -------
        bytes
            ``n * frame_bytes`` of them. As PCM_16, what lies between two steps goes to the nearer one, and
            what lies beyond full scale to full scale.
        """
        if self.sample_format == "FLOAT":
            return samples.astype("<f4", copy=False).tobytes()
        steps = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767)
        coded: bytes = steps.astype("<i2").tobytes()
        return coded

    def samples_in(self, file_bytes: int) -> int:
        """Count the whole samples a channel in a file that this format wrote.

        Parameters
        ----------
        file_bytes : int
            Its size.

        Returns
        -------
        int
            At least 0.
        """
        return max(0, file_bytes - self.head_bytes) // self.frame_bytes


def _chunk(name: bytes, content: bytes) -> bytes:
    """Give a RIFF chunk of even length."""
    return struct.pack("<4sI", name, len(content)) + content
