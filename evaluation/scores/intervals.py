"""How far a figure would move with other speakers: the bootstrap."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

NUM_DRAWS: Final = 1_000
SEED: Final = 0
COVERED: Final = 95.0
"""Per cent of the draws that lie in the interval."""


def uar_draws(
    targets: NDArray[np.int64],
    predicted: NDArray[np.int64],
    speakers: NDArray[np.str_],
    num_labels: int,
    seed: int = SEED,
) -> NDArray[np.float64]:
    """Draw as many speakers as there are, with replacement, again and again (Efron 1979).

    Speakers, not clips, are what a stranger is drawn from: clips of one speaker stand and fall together.

    Parameters
    ----------
    targets, predicted : ndarray, shape (n,), n >= 1
        The truth, and what was said.
    speakers : ndarray, shape (n,)
        Who spoke.
    num_labels : int
        Labels that there are.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray, shape (NUM_DRAWS,), float64
        UAR of each draw, over the labels that occur in it.
    """
    names, place = np.unique(speakers, return_inverse=True)
    counts = np.zeros((len(names), num_labels, num_labels))
    np.add.at(counts, (place, targets, predicted), 1)
    shares = np.full(len(names), 1.0 / len(names))
    drawn = np.random.default_rng(seed).multinomial(len(names), shares, size=NUM_DRAWS)
    confusions = np.tensordot(drawn, counts, axes=1)
    support = confusions.sum(axis=2)
    right = np.diagonal(confusions, axis1=1, axis2=2)
    recalls = np.divide(right, support, out=np.full(support.shape, np.nan), where=support > 0)
    return np.asarray(np.nanmean(recalls, axis=1))


def interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    """Give the ends between which the middle of the draws lies.

    Parameters
    ----------
    draws : ndarray, shape (num_draws,)
        A figure of each draw.

    Returns
    -------
    tuple of float
        The 2.5th and the 97.5th percentile.
    """
    rest = (100.0 - COVERED) / 2
    low, high = np.percentile(draws, [rest, 100.0 - rest])
    return float(low), float(high)
