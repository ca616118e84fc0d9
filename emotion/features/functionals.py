"""Statistics over the frames of a window."""

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
