"""From margins to probabilities, fitted on margins of speakers that the machine had not seen.

The margins of windows that a machine was fitted on are too good to learn from. So the training side is cut
into grouped folds, a machine is fitted without each, and what it says of the fold left out is kept. A
multinomial logistic regression over those margins is what the model ships.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emotion.rbf_svc import num_pairs
from trainer.fitting.folds import grouped_folds
from trainer.training_log import Advance
from trainer.windows.balance import balanced_rows
from trainer.windows.window_table import WindowTable

CALIBRATION_WINDOWS: Final = 6_000
"""Windows whose margins are taken, balanced over labels and corpora."""


def fit_calibration(
    table: WindowTable,
    scaler: StandardScaler | None,
    svc: SVC,
    *,
    max_windows: int,
    seed: int,
    advance: Advance = lambda _: None,
) -> LogisticRegression:
    """Learn what margins mean.

    Parameters
    ----------
    table : WindowTable
        The whole training side.
    scaler : StandardScaler or None
        How vectors are scaled; a fresh one is fitted for each fold. None for no scaling.
    svc : SVC
        Its parameters are taken; a fresh one is fitted for each fold.
    max_windows : int
        Windows that each of them is fitted on.
    seed : int
        Cuts the folds and draws the windows.
    advance : callable
        Told of each fold that is done.

    Returns
    -------
    LogisticRegression
        Fitted on rows of ``num_labels (num_labels - 1) / 2`` margins.
    """
    looked_at = table.take(balanced_rows(table, CALIBRATION_WINDOWS, seed))
    margins = np.zeros((len(looked_at), num_pairs(len(np.unique(table.targets)))))
    for _, look in grouped_folds(looked_at.targets, looked_at.groups, seed):
        fit = table.take(~np.isin(table.groups, looked_at.groups[look]))
        fit = fit.take(balanced_rows(fit, max_windows, seed))
        fold_scaler, fold_svc = fit_machine(fit, scaler, svc)
        margins[look] = pairwise_margins(fold_scaler, fold_svc, looked_at.vectors[look])
        advance(1)
    return LogisticRegression(class_weight="balanced", max_iter=1000).fit(margins, looked_at.targets)


def fit_machine(
    table: WindowTable, scaler: StandardScaler | None, svc: SVC
) -> tuple[StandardScaler | None, SVC]:
    """Fit a fresh scaler and a fresh SVC with the parameters of those given.

    Parameters
    ----------
    table : WindowTable
        All of it is fitted on.
    scaler : StandardScaler or None
        None for no scaling.
    svc : SVC
        Its parameters are taken.

    Returns
    -------
    tuple
        The fitted scaler, or None, and the fitted SVC.
    """
    fresh_scaler = None if scaler is None else StandardScaler().fit(table.vectors)
    fresh_svc = SVC(**svc.get_params())
    return fresh_scaler, fresh_svc.fit(_scaled(fresh_scaler, table.vectors), table.targets)


def pairwise_margins(
    scaler: StandardScaler | None, svc: SVC, vectors: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Ask a fitted SVC about each pair of labels.

    Parameters
    ----------
    scaler : StandardScaler or None
        Fitted.
    svc : SVC
        Fitted with ``decision_function_shape="ovo"``.
    vectors : ndarray, shape (n, num_features)
        Unscaled.

    Returns
    -------
    ndarray, shape (n, num_pairs), float64
        As `SVC.decision_function` has them; its single column for two labels stays a column.
    """
    margins: NDArray[np.float64] = svc.decision_function(_scaled(scaler, vectors))
    return margins.reshape(len(vectors), -1)


def _scaled(scaler: StandardScaler | None, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    scaled = vectors if scaler is None else scaler.transform(vectors)
    return np.asarray(scaled, dtype=np.float64)
