"""Which chunks of a stretch the voice-activity network looks at, and their spectra."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided

from emotion.arrays import FloatArray, Samples

SAMPLE_RATE: Final = 16_000
"""Hz."""
CHUNK: Final = 512
"""Samples: 32 ms."""
CONTEXT: Final = 64
"""Samples before a chunk that belong to its first frame."""

_FRAME: Final = 256
_HOP: Final = 128
_TAPER: Final = np.hanning(_FRAME + 1)[:-1].astype(np.float32)


class VoiceChunks:
    """Cuts a stretch into chunks and takes every n-th; what lies between is not looked at.

    Parameters
    ----------
    pace : int
        1 takes all.
    """

    def __init__(self, pace: int) -> None:
        self._hop = pace * CHUNK
        self._waiting = np.zeros(CONTEXT, dtype=np.float32)
        self._num_to_skip = 0

    def spectra(self, piece: Samples) -> FloatArray:
        """Take the next sound.

        Parameters
        ----------
        piece : ndarray, shape (n,), float32
            Mono at 16 kHz.

        Returns
        -------
        ndarray, shape (num_chunks, 4, 129), float32
            Magnitudes of the frames of each chunk that is complete. The last frame reaches past the chunk;
            there the sound is mirrored, as the network learned it.
        """
        joined = np.concatenate((self._waiting, piece))
        sound = joined[self._num_to_skip :]
        reach = CONTEXT + CHUNK
        num_chunks = max(0, (len(sound) - reach) // self._hop + 1)
        consumed = num_chunks * self._hop
        self._num_to_skip = max(0, self._num_to_skip - len(joined)) + max(0, consumed - len(sound))
        self._waiting = sound[consumed:].copy()
        padded = np.empty((num_chunks, reach + CONTEXT), dtype=np.float32)
        size = sound.itemsize
        padded[:, :reach] = as_strided(sound, (num_chunks, reach), (self._hop * size, size))
        padded[:, reach:] = padded[:, reach - 2 : reach - 2 - CONTEXT : -1]
        shape = (num_chunks, (reach + CONTEXT - _FRAME) // _HOP + 1, _FRAME)
        frames = as_strided(padded, shape, (padded.strides[0], _HOP * size, size))
        magnitudes: FloatArray = np.abs(np.fft.rfft(frames * _TAPER))
        return magnitudes
