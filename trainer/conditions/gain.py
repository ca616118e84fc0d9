"""Another microphone level."""

from typing import Final

import numpy as np

from emotion.arrays import Samples
from trainer.conditions.passages import in_passages

LOWEST_DB: Final = -30.0
HIGHEST_DB: Final = 10.0


def gain(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Turn the level, by -30 to 10 dB, drawn evenly for each passage.

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
        Clipped at full scale, as a sound card would.
    """
    return in_passages(_turned, samples, sample_rate, rng)


def _turned(samples: Samples, _: int, rng: np.random.Generator) -> Samples:
    factor = np.float32(10.0 ** (rng.uniform(LOWEST_DB, HIGHEST_DB) / 20.0))
    return (samples * factor).clip(-1.0, 1.0).astype(np.float32)
