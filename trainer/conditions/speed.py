"""Other voices out of the same recordings: faster and higher ones, slower and lower ones."""

from typing import Final

import numpy as np

from emotion.arrays import Samples
from emotion.resampling import resample

LARGEST_CHANGE: Final = 0.16
"""Natural logarithm of the speed at most: 0.85 to 1.17 times as fast, and pitch and formants with it."""


def speed(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Play a clip faster or slower.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1: one clip.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from, once.

    Returns
    -------
    ndarray, shape (m,), float32
        0.85 to 1.17 times as long.
    """
    factor = np.exp(rng.uniform(-LARGEST_CHANGE, LARGEST_CHANGE))
    return resample(samples, round(sample_rate * factor), sample_rate)
