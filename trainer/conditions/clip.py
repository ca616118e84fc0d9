"""Overload somewhere on the line."""

from typing import Final

import numpy as np

from emotion.arrays import Samples
from trainer.conditions.passages import in_passages

LEAST_SHARE: Final = 0.005
GREATEST_SHARE: Final = 0.05
"""Of all samples of a passage, pauses included."""


def clip(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Cut the peaks off hard: a half to five percent of the samples, drawn for each passage.

    The level stays as it was, as behind a preamplifier that was overdriven and turned down afterwards.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (n,), float32
        No louder than before.
    """
    return in_passages(_cut, samples, sample_rate, rng)


def _cut(samples: Samples, _: int, rng: np.random.Generator) -> Samples:
    ceiling = np.float32(np.quantile(np.abs(samples), 1.0 - rng.uniform(LEAST_SHARE, GREATEST_SHARE)))
    return samples.clip(-ceiling, ceiling)
