"""Folds inside the training side: a speaker, or a clip of nobody known, stays in one fold."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from emotion.errors import DatasetError

MAX_FOLDS: Final = 5

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Rows to fit on, and rows to look at."""


def grouped_folds(targets: NDArray[np.int64], groups: NDArray[np.str_], seed: int) -> list[Fold]:
    """Cut rows into as many folds as the data allow, at most `MAX_FOLDS`.

    Parameters
    ----------
    targets : ndarray, shape (n,)
        Index of each row's label.
    groups : ndarray, shape (n,)
        What must stay together.
    seed : int
        Shuffles.

    Returns
    -------
    list of Fold
        No group on both sides of any, every label on each one's fitting side, each row looked at once.

    Raises
    ------
    DatasetError
        If not even two folds can be made so.
    """
    labels = np.unique(targets)
    most = min(MAX_FOLDS, *(len(np.unique(groups[targets == label])) for label in labels))
    for num_folds in range(most, 1, -1):
        cutter = StratifiedGroupKFold(n_splits=num_folds, shuffle=True, random_state=seed)
        folds = [(fit, look) for fit, look in cutter.split(targets, targets, groups)]
        if all(len(look) and len(np.unique(targets[fit])) == len(labels) for fit, look in folds):
            return folds
    raise DatasetError(
        "too few speakers to choose parameters with: after the test side is taken away, each emotion "
        "must come from at least two speakers (or clips, where speakers are unknown); add recordings"
    )
