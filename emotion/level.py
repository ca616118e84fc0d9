"""How loud a stretch of sound is."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from emotion.arrays import Samples

FLOOR_DBFS: Final = -120.0
"""The lowest level there is: exact zeros lie here, not at minus infinity."""

SILENCE_DBFS: Final = -60.0
"""Below this level nothing is taken for speech, however quiet the room."""


_FLOOR_POWER: Final = 10.0 ** (FLOOR_DBFS / 10.0)


class Moments(NamedTuple):
    """What must be kept of a stretch of sound to know the level of any run of such stretches.

    Attributes
    ----------
    num_samples : int
        At least 1.
    mean : float
        Full scale 1.
    deviation : float
        Sum of the squared differences from the mean.
    """

    num_samples: int
    mean: float
    deviation: float


def moments_of(samples: Samples) -> Moments:
    """Look at a stretch of sound once.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono sound, full scale ±1, finite; n >= 1.

    Returns
    -------
    Moments
        In float64.
    """
    # Called half a dozen times a step: np.mean would cost more than its sum.
    deviation = samples.astype(np.float64)
    mean = float(np.add.reduce(deviation)) / len(samples)
    deviation -= mean
    np.multiply(deviation, deviation, out=deviation)
    return Moments(len(samples), mean, float(np.add.reduce(deviation)))


def level_of_moments(stretches: Sequence[Moments]) -> float:
    """Give the level of stretches that follow each other, from their moments alone.

    Parameters
    ----------
    stretches : sequence of Moments
        At least one.

    Returns
    -------
    float
        What `level_dbfs` gives of the joined sound, within 1e-9 dB where DC lies within full scale. T. Chan,
        G. Golub and R. LeVeque, "Algorithms for computing the sample variance", The American Statistician 37,
        1983: without a difference of large sums, so that DC costs no precision.
    """
    num_samples = sum(each.num_samples for each in stretches)
    mean = sum(each.num_samples * each.mean for each in stretches) / num_samples
    deviation = sum(each.deviation + each.num_samples * (each.mean - mean) ** 2 for each in stretches)
    return _decibels(deviation / num_samples)


def level_dbfs(samples: Samples) -> float:
    """Measure the RMS without its DC, in dB below full scale.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono sound, full scale ±1, finite; n may be 0.

    Returns
    -------
    float
        dBFS where a constant deviation of ±1 is 0; a sine of full scale gives -3.01. Never under -120, which
        is also the level of no samples at all.
    """
    if not len(samples):
        return FLOOR_DBFS
    return _decibels(moments_of(samples).deviation / len(samples))


def _decibels(mean_square: float) -> float:
    return 10.0 * math.log10(max(mean_square, _FLOOR_POWER))
