"""What is kept of the encoders' frames: mean and deviation of each of their values."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.encoder import recogniser, turn_encoder

_FUNCTIONALS: Final = ("mean", "std")

FEATURE_NAMES: Final = tuple(
    f"{tap}.{value:03d}.{functional}"
    for encoder in (recogniser, turn_encoder)
    for tap in encoder.TAP_NAMES
    for functional in _FUNCTIONALS
    for value in range(encoder.TAP_WIDTH)
)
"""Tap by tap, those of the recogniser first: all its means, then all its deviations."""


def pool(taps: Sequence[FloatArray], heard: NDArray[np.bool_]) -> FloatArray:
    """Sum up the frames that were heard.

    Parameters
    ----------
    taps : sequence of ndarray, each of shape (frames, width), float32
        Of one encoder, in the order of its ``TAP_NAMES``.
    heard : ndarray, shape (frames,), bool
        At least one is true.

    Returns
    -------
    ndarray, shape (num_taps * 2 * width,), float32
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
