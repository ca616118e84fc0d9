"""Fit an RBF SVM: parameter search by grouped cross-validation, calibration, arrays of the model file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emotion.errors import DatasetError
from emotion.rbf_svc import num_pairs
from trainer.metrics import confusion_matrix, unweighted_average_recall
from trainer.training_log import Advance, TrainingLog
from trainer.window_table import WindowTable, balanced_rows

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


SEARCH_WINDOWS: Final = 3_000
"""Windows that parameters are chosen on, balanced over labels and corpora."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedSvm:
    """Everything that the model's arrays are made of.

    Attributes
    ----------
    scaler : StandardScaler or None
        None where vectors are not scaled.
    svc : SVC
        With ``decision_function_shape="ovo"``.
    calibration : LogisticRegression
        Over the pairwise margins.
    facts : mapping of str to float
        For the card: windows that the machine was fitted on, and what the choice of parameters found.
    """

    scaler: StandardScaler | None
    svc: SVC
    calibration: LogisticRegression
    facts: dict[str, float]


def fit_house(table: WindowTable, max_windows: int, seed: int, log: TrainingLog) -> FittedSvm:
    """Fit the house's way: scaled, balanced, parameters by grouped cross-validation.

    Parameters
    ----------
    table : WindowTable
        The training side, and nothing else.
    max_windows : int
        Windows that the machine is fitted on.
    seed : int
        Decides whatever is drawn.
    log : TrainingLog
        Told of each step.

    Returns
    -------
    FittedSvm
        Ready to become arrays.

    Raises
    ------
    DatasetError
        If the training side cannot be cut into grouped folds.
    """
    searched = table.take(balanced_rows(table, SEARCH_WINDOWS, seed))
    num_folds = len(grouped_folds(searched.targets, searched.groups, seed))
    with log.step(f"choose C and gamma in {num_folds} grouped folds", num_folds * len(GAMMA_GRID)) as advance:
        chosen = choose_parameters(searched, seed, advance)
    log.say(
        f"  chosen on {len(searched)} windows: C = {chosen.c:g}, gamma = {chosen.gamma:.3g}, "
        f"UAR {chosen.uar:.3f} of {chosen.num_folds} folds"
    )
    svc = SVC(
        C=chosen.c, gamma=chosen.gamma, class_weight="balanced", decision_function_shape="ovo", cache_size=500
    )
    fitted = table.take(balanced_rows(table, max_windows, seed))
    with log.step(f"fit an RBF SVC on {len(fitted)} of {len(table)} windows"):
        scaler, svc = fit_machine(fitted, StandardScaler(), svc)
    log.say(f"  {int(np.sum(svc.n_support_))} support vectors of {fitted.vectors.shape[1]} features")
    calibration = _calibrate(table, scaler, svc, log, max_windows=max_windows, seed=seed)
    facts = {
        "windows": len(fitted),
        "C": chosen.c,
        "gamma": chosen.gamma,
        "uar_in_folds": round(chosen.uar, 4),
        "folds": chosen.num_folds,
    }
    return FittedSvm(scaler, svc, calibration, facts)


def fit_article(table: WindowTable, seed: int, log: TrainingLog) -> FittedSvm:
    """Fit as the article does: nothing scaled, nothing chosen, ``SVC(kernel="rbf")`` as it comes.

    Its probabilities came from ``SVC(probability=True)``, which scikit-learn is taking away: they are the
    house's here, from margins of clips outside the fit.

    Parameters
    ----------
    table : WindowTable
        The article's training side.
    seed : int
        Cuts the folds of the calibration.
    log : TrainingLog
        Told of each step.

    Returns
    -------
    FittedSvm
        Without a scaler.
    """
    svc = SVC(kernel="rbf", decision_function_shape="ovo")
    with log.step(f"fit an RBF SVC as it comes on {len(table)} clips, unscaled"):
        _, svc = fit_machine(table, None, svc)
    return FittedSvm(
        None, svc, _calibrate(table, None, svc, log, max_windows=len(table), seed=seed), {"clips": len(table)}
    )


def _calibrate(
    table: WindowTable,
    scaler: StandardScaler | None,
    svc: SVC,
    log: TrainingLog,
    *,
    max_windows: int,
    seed: int,
) -> LogisticRegression:
    with log.step("calibrate on margins of grouped folds") as advance:
        return fit_calibration(table, scaler, svc, max_windows=max_windows, seed=seed, advance=advance)


def arrays_from_scikit_learn(
    scaler: StandardScaler | None, svc: SVC, calibrator: LogisticRegression
) -> dict[str, NDArray[Any]]:
    """Take the numbers out of a fitted machine.

    Parameters
    ----------
    scaler : StandardScaler or None
        Fitted on vectors; None where `svc` was fitted on them as they are.
    svc : SVC
        With an RBF kernel, fitted with ``decision_function_shape="ovo"``.
    calibrator : LogisticRegression
        Fitted on the margins of that machine, over the same classes.

    Returns
    -------
    dict of str to ndarray
        As ``emotion.rbf_svc.ARRAYS`` names them, to be given to ``emotion.model.save_model``.

    Raises
    ------
    ValueError
        If the kernel is another, or machine and calibration know different classes.
    """
    if svc.kernel != "rbf":
        raise ValueError(f"the kernel is {svc.kernel!r}; models are written for 'rbf'")
    if not np.array_equal(svc.classes_, calibrator.classes_):
        raise ValueError(f"the machine knows {svc.classes_}, its calibration {calibrator.classes_}")
    mean, scale, support_vectors = _centred(scaler, svc)
    weights, bias = _softmax_weights(calibrator)
    return {
        "mean": mean,
        "scale": scale,
        "support_vectors": support_vectors,
        "dual_coefficients": np.array(svc.dual_coef_, dtype=np.float64),
        "class_counts": np.array(svc.n_support_, dtype=np.int64),
        "intercepts": np.array(svc.intercept_, dtype=np.float64),
        # For gamma="scale" the number it came to stands nowhere else.
        "gamma": np.array(svc._gamma, dtype=np.float64),
        "calibration_weights": weights,
        "calibration_bias": bias,
    }


def _centred(
    scaler: StandardScaler | None, svc: SVC
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    vectors = np.asarray(svc.support_vectors_, dtype=np.float64)
    if scaler is not None:
        return np.array(scaler.mean_), np.array(scaler.scale_), vectors.astype(np.float32)
    # The kernel knows only differences: moving all vectors to their middle keeps digits in float32.
    mean = vectors.mean(axis=0)
    return mean, np.ones_like(mean), (vectors - mean).astype(np.float32)


def _softmax_weights(calibrator: LogisticRegression) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights, bias = np.array(calibrator.coef_.T), np.array(calibrator.intercept_)
    if len(calibrator.classes_) > 2:
        return weights, bias
    # For two classes there is one logit, of the second class; the first stands at 0.
    return np.hstack([np.zeros_like(weights), weights]), np.concatenate([np.zeros_like(bias), bias])
