"""Samples that are no numbers, or beyond any sound, before they reach arithmetic."""

from typing import Final, NamedTuple

import numpy as np

from emotion.arrays import Samples

MAX_MAGNITUDE: Final = 1.0e6
"""120 dB over full scale: room for floats in the range of 16 bits, and far from overflow when squared."""


class FiniteSamples(NamedTuple):
    """Sound that is safe to compute with.

    Attributes
    ----------
    samples : ndarray, float32
        The shape of the input; every value finite and within ±`MAX_MAGNITUDE`.
    num_non_finite : int
        NaN and infinite samples, taken as 0; each channel counts by itself.
    num_huge : int
        Finite samples beyond ±`MAX_MAGNITUDE`, cut to it.
    """

    samples: Samples
    num_non_finite: int
    num_huge: int


def make_finite(samples: Samples) -> FiniteSamples:
    """Take non-finite samples as 0 and cut huge ones, counting both.

    Parameters
    ----------
    samples : ndarray, float32
        Sound of any shape; not changed.

    Returns
    -------
    FiniteSamples
        The very same array where nothing had to be done.
    """
    # No sample is beyond the root of the sum of all squares, and one that is not finite leaves its mark on
    # that sum: one cheap look settles nearly every block. vdot, unlike dot, does not warn of what it finds.
    if np.vdot(samples, samples) <= MAX_MAGNITUDE**2:
        return FiniteSamples(samples, 0, 0)
    finite = np.isfinite(samples)
    kept = np.where(finite, samples, np.float32(0.0))
    num_huge = int(np.count_nonzero(np.abs(kept) > MAX_MAGNITUDE))
    cut = np.clip(kept, np.float32(-MAX_MAGNITUDE), np.float32(MAX_MAGNITUDE))
    return FiniteSamples(cut, samples.size - int(np.count_nonzero(finite)), num_huge)
