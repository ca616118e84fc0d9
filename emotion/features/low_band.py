"""The low band of a stretch of sound, at a fifth of its rate: where pitch is looked for."""

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.overlap import overlapping

DECIMATION = 5
NUM_TAPS = 55
CUTOFF_HZ = 900.0
"""Where the filter has halved the amplitude: 6 dB down; 40 dB from 1.35 kHz on."""


def low_pass_taps(sample_rate: int) -> FloatArray:
    """Give a symmetric low-pass filter: a sinc under a Hann curve.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray, shape (55,), float32
        Sums to 1. A. Oppenheim and R. Schafer, "Discrete-Time Signal Processing", chapter 7 (window method).
    """
    from_centre = np.arange(NUM_TAPS) - (NUM_TAPS - 1) / 2
    ideal = np.sinc(2 * CUTOFF_HZ / sample_rate * from_centre)
    taps = ideal * (0.5 + 0.5 * np.cos(2 * np.pi * from_centre / (NUM_TAPS + 1)))
    rounded: FloatArray = (taps / taps.sum()).astype(np.float32)
    return rounded


def stretch_of(frames: FloatArray, frame_hop: int) -> FloatArray:
    """Lay overlapping frames end to end again.

    Parameters
    ----------
    frames : ndarray, shape (num_frames, frame_length), float32
        Each begins `frame_hop` samples after the one before it.
    frame_hop : int
        Samples.

    Returns
    -------
    ndarray, shape ((num_frames - 1) * frame_hop + frame_length,), float32
        The sound that they were cut from.
    """
    return np.concatenate([frames[:, :frame_hop].ravel(), frames[-1, frame_hop:]])


class LowBand:
    """Filters and thins out a stretch of sound, block by block as one matrix product.

    Parameters
    ----------
    sample_rate : int
        Hz.
    block : int
        Samples; a multiple of 5. 80 cost the least: the matrix of a longer block holds more zeros.
    """

    def __init__(self, sample_rate: int, block: int) -> None:
        self._block = block
        self._num_inputs = block - DECIMATION + NUM_TAPS
        taps = low_pass_taps(sample_rate)
        self._filters = np.zeros((self._num_inputs, block // DECIMATION), dtype=np.float32)
        for output in range(block // DECIMATION):
            start = DECIMATION * output
            self._filters[start : start + NUM_TAPS, output] = taps

    def __call__(self, stretch: FloatArray) -> FloatArray:
        """Filter a stretch.

        Parameters
        ----------
        stretch : ndarray, shape (n,), float32
            Sound.

        Returns
        -------
        ndarray, shape (m,), float32
            Sample i is centred on ``5 i + 27`` of the stretch; as many as it holds, to the last whole block,
            of which the last may look beyond its end at zeros.
        """
        num_blocks = -(-(len(stretch) - NUM_TAPS + 1) // self._block)
        missing = (num_blocks - 1) * self._block + self._num_inputs - len(stretch)
        blocks = np.zeros((num_blocks, self._num_inputs), dtype=np.float32)
        num_full = num_blocks - (missing > 0)
        blocks[:num_full] = overlapping(stretch, self._num_inputs, self._block)[:num_full]
        if missing > 0:
            rest = stretch[num_full * self._block :]
            blocks[-1, : len(rest)] = rest
        low: FloatArray = (blocks @ self._filters).ravel()
        return low
