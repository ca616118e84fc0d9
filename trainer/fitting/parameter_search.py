"""Choose C and gamma by grouped cross-validation on the training side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from trainer.fitting.folds import Fold, grouped_folds
from trainer.scoring.scores import confusion_matrix, unweighted_average_recall
from trainer.training_log import Advance
from trainer.windows.window_table import WindowTable

C_GRID: Final = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""The SVC's penalty."""

GAMMA_GRID: Final = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Width of the kernel, in units of 1 / num_features."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search settled on.

    Attributes
    ----------
    c, gamma : float
        As scikit-learn's SVC takes them, for standardised vectors.
    uar : float
        Of the windows looked at in the folds, pooled.
    num_folds : int
        Folds that were made.
    """

    c: float
    gamma: float
    uar: float
    num_folds: int


def choose_parameters(table: WindowTable, seed: int, advance: Advance = lambda _: None) -> Choice:
    """Try the whole grid in grouped folds and take the pair with the highest UAR.

    Parameters
    ----------
    table : WindowTable
        From the training side only.
    seed : int
        Cuts the folds.
    advance : callable
        Told of each gamma that is done in a fold.

    Returns
    -------
    Choice
        The first of the best, from small C and gamma upwards, so the smoothest among equals.
    """
    labels = np.unique(table.targets)
    folds = grouped_folds(table.targets, table.groups, seed)
    num_features = table.vectors.shape[1]
    pooled = {
        (c, gamma): np.zeros((len(labels), len(labels)), dtype=np.int64)
        for c in C_GRID
        for gamma in GAMMA_GRID
    }
    for fold in folds:
        fit_targets, look_targets = table.targets[fold[0]], table.targets[fold[1]]
        for gamma, fit_kernel, look_kernel in _kernels(table, fold, num_features):
            for c in C_GRID:
                svc = SVC(C=c, kernel="precomputed", class_weight="balanced").fit(fit_kernel, fit_targets)
                pooled[c, gamma] += confusion_matrix(look_targets, svc.predict(look_kernel), labels)
            advance(1)
    uars = {pair: unweighted_average_recall(matrix) for pair, matrix in pooled.items()}
    c, gamma = max(uars, key=lambda pair: uars[pair])
    return Choice(c, gamma / num_features, uars[c, gamma], len(folds))


def _kernels(
    table: WindowTable, fold: Fold, num_features: int
) -> Iterator[tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
    # The distances are the same for the whole grid: taken once, a fit costs a fraction of what it would.
    fit_rows, look_rows = fold
    scaler = StandardScaler().fit(table.vectors[fit_rows])
    fit = scaler.transform(table.vectors[fit_rows]).astype(np.float64)
    look = scaler.transform(table.vectors[look_rows]).astype(np.float64)
    among_fit = _squared_distances(fit, fit)
    to_fit = _squared_distances(look, fit)
    for gamma in GAMMA_GRID:
        yield gamma, np.exp(among_fit * (-gamma / num_features)), np.exp(to_fit * (-gamma / num_features))


def _squared_distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2.0 * (a @ b.T)
    return np.asarray(np.maximum(squares, 0.0))
