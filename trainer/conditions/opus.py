"""A call over the internet with little room."""

from typing import Final

import numpy as np

from emotion.arrays import Samples
from trainer.conditions.file_codec import through_file
from trainer.conditions.passages import in_passages
from trainer.conditions.phone import of_length

COMPRESSIONS: Final = (1.0, 0.99, 0.98, 0.96)
"""As libsndfile takes them: it asks Opus for about 6, 8.5, 11 and 16 kbit/s a channel."""


def opus(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Send speech through Opus (RFC 6716) at 6 to 16 kbit/s, drawn anew for each passage.

    The encoder is libsndfile's; it takes its own delay out.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, full scale ±1.
    sample_rate : int
        Hz; 8, 12, 16, 24 or 48 kHz.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (n,), float32
        Bits depend on the version of libopus.
    """
    return in_passages(_coded, samples, sample_rate, rng)


def _coded(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    compression = float(rng.choice(COMPRESSIONS))
    return of_length(through_file(samples, sample_rate, "OGG", "OPUS", compression), len(samples))
