"""Conditions that change every half a minute or so: a long stream meets many of them."""

from collections.abc import Callable
from typing import Final

import numpy as np

from emotion.arrays import Samples

SHORTEST_SECONDS: Final = 20.0
LONGEST_SECONDS: Final = 40.0
"""A passage lasts something between: longer than a window by far, so that few windows see a change."""


def in_passages(
    change: Callable[[Samples, int, np.random.Generator], Samples],
    samples: Samples,
    sample_rate: int,
    rng: np.random.Generator,
) -> Samples:
    """Apply a change to one passage after another, each with fresh draws.

    Parameters
    ----------
    change : callable
        From samples, their rate and a generator to as many samples.
    samples : ndarray, shape (n,), float32
        Mono.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from: lengths, and whatever `change` draws.

    Returns
    -------
    ndarray, shape (n,), float32
        No passage is shorter than `SHORTEST_SECONDS` but for a stream that is.
    """
    parts, rest = [], samples
    while len(rest):
        length = round(rng.uniform(SHORTEST_SECONDS, LONGEST_SECONDS) * sample_rate)
        if len(rest) - length < SHORTEST_SECONDS * sample_rate:
            length = len(rest)
        parts.append(change(rest[:length], sample_rate, rng))
        rest = rest[length:]
    return np.concatenate(parts) if parts else samples
