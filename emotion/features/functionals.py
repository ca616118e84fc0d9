"""Statistics over the frames of a window."""

import math
from typing import Final

import numpy as np

from emotion.arrays import FloatArray

FUNCTIONALS: Final[tuple[str, ...]] = ("mean", "std", "min", "max")
"""Their order in a feature vector."""


def summarise(descriptors: FloatArray) -> FloatArray:
    """Give mean, standard deviation (over n, not n - 1), minimum and maximum of each descriptor.

    Parameters
    ----------
    descriptors : ndarray, shape (num_frames, num_descriptors), float32
        num_frames >= 1.

    Returns
    -------
    ndarray, shape (num_descriptors, 4), float32
        In the order of `FUNCTIONALS`.
    """
    num_frames, num_descriptors = descriptors.shape
    weights = np.full(num_frames, 1 / num_frames, dtype=np.float32)
    summary = np.empty((len(FUNCTIONALS), num_descriptors), dtype=np.float32)
    mean, deviation, lowest, highest = summary
    np.matmul(weights, descriptors, out=mean)
    squares = descriptors - mean
    squares *= squares
    np.sqrt(weights @ squares, out=deviation)
    descriptors.min(axis=0, out=lowest)
    descriptors.max(axis=0, out=highest)
    return summary.T


LEVEL_DBFS: Final = -26.0
"""Every window is taken as if its RMS lay here: the usual level of speech in ITU-T P.56."""
QUIETEST_DBFS: Final = -140.0
"""A window quieter than this counts as this quiet."""


def level_of_frames(rms: FloatArray) -> float:
    """Give the level of a window from its frames.

    Parameters
    ----------
    rms : ndarray, shape (n,), float32
        Of each frame without its mean, full scale 1.

    Returns
    -------
    float
        Mean square over the frames, dBFS, at least `QUIETEST_DBFS`.
    """
    exact = rms.astype(np.float64)
    mean_square = float(exact @ exact) / len(exact)
    return max(QUIETEST_DBFS, 10 * math.log10(max(mean_square, 1e-30)))
