"""What is kept of the encoder's frames: mean and deviation of each of its values."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.encoder.encoder import TAP_NAMES, TAP_WIDTH

_FUNCTIONALS: Final = ("mean", "std")

FEATURE_NAMES: Final = tuple(
    f"{tap}.{value:03d}.{functional}"
    for tap in TAP_NAMES
    for functional in _FUNCTIONALS
    for value in range(TAP_WIDTH)
)
"""Tap by tap: all its means, then all its deviations."""


def pool(taps: Sequence[FloatArray], heard: NDArray[np.bool_]) -> FloatArray:
    """Sum up the frames that were heard.

    Parameters
    ----------
    taps : sequence of ndarray, each of shape (frames, 288), float32
        One for each of `TAP_NAMES`.
    heard : ndarray, shape (frames,), bool
        At least one is true.

    Returns
    -------
    ndarray, shape (1728,), float32
        In the order of `FEATURE_NAMES`.
    """
    parts = []
    for tap in taps:
        frames = tap[heard]
        mean = frames.mean(axis=0)
        frames -= mean
        np.multiply(frames, frames, out=frames)
        parts += [mean, np.sqrt(frames.mean(axis=0))]
    return np.concatenate(parts)
