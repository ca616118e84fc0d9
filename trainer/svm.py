"""Fit an RBF SVM: parameter search by grouped cross-validation, calibration, arrays of the model file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emotion.errors import DatasetError
from emotion.rbf_svc import num_pairs
from trainer.metrics import confusion_matrix, unweighted_average_recall
from trainer.progress import Advance, TrainingLog
from trainer.window_table import WindowTable, balanced_rows

SEARCH_WINDOWS: Final = 3_000
"""Windows that parameters are chosen on, balanced over labels and corpora."""

CALIBRATION_WINDOWS: Final = 6_000
"""Windows whose margins are taken, balanced over labels and corpora."""

C_GRID: Final = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""The SVC's penalty."""

GAMMA_GRID: Final = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Width of the kernel, in units of 1 / num_features."""

MAX_FOLDS: Final = 5

UNSURE_SHARE: Final = 0.3
"""Of the windows outside the fit, the most that are shown as unsure."""

SURE_ACCURACY: Final = 0.9
"""Of the windows that are not shown as unsure, the share to be right."""

LEAST_SURE: Final = 0.5
"""A label that is less probable is rather wrong than right."""

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Rows to fit on, and held-out rows."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedSvm:
    """Everything that the model's arrays are made of.

    Attributes
    ----------
    machine : Pipeline
        An SVC with ``decision_function_shape="ovo"``, behind a scaler where vectors are scaled.
    calibration : Calibration
        Of its margins.
    facts : mapping of str to float
        For the card: windows that the machine was fitted on, and what the choice of parameters found.
    """

    machine: Pipeline
    calibration: "Calibration"
    facts: dict[str, float]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays of the model file; see `arrays_from_scikit_learn`."""
        scaler = self.machine[0] if len(self.machine) > 1 else None
        arrays = arrays_from_scikit_learn(scaler, self.machine[-1], self.calibration.machine)
        return arrays | {"unsure_below": np.array(self.calibration.unsure_below)}


def fit_tuned(table: WindowTable, max_windows: int, seed: int, log: TrainingLog) -> FittedSvm:
    """Fit on scaled vectors, balanced, with parameters by grouped cross-validation.

    Parameters
    ----------
    table : WindowTable
        The training side, and nothing else.
    max_windows : int
        Windows that the machine is fitted on.
    seed : int
        Of all draws.
    log : TrainingLog
        Reports each step.

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
    folds = grouped_folds(searched.targets, searched.groups, seed)
    with log.step(
        f"choose C and gamma in {len(folds)} grouped folds", len(folds) * len(GAMMA_GRID)
    ) as advance:
        chosen = choose_parameters(searched, folds, advance)
    log.say(
        f"  chosen on {len(searched)} windows: C = {chosen.c:g}, gamma = {chosen.gamma:.3g}, "
        f"UAR {chosen.uar:.3f} of {len(folds)} folds"
    )
    svc = SVC(
        C=chosen.c, gamma=chosen.gamma, class_weight="balanced", decision_function_shape="ovo", cache_size=500
    )
    fitted = table.take(balanced_rows(table, max_windows, seed))
    with log.step(f"fit an RBF SVC on {len(fitted)} of {len(table)} windows"):
        machine = make_pipeline(StandardScaler(), svc).fit(fitted.vectors, fitted.targets)
    log.say(f"  {int(np.sum(svc.n_support_))} support vectors of {fitted.vectors.shape[1]} features")
    facts = {
        "windows": len(fitted),
        "C": chosen.c,
        "gamma": chosen.gamma,
        "uar_in_folds": round(chosen.uar, 4),
        "folds": len(folds),
    }
    with log.step("calibrate on margins of grouped folds") as advance:
        return FittedSvm(machine, fit_calibration(table, machine, max_windows, seed, advance), facts)


def fit_article(table: WindowTable, seed: int, log: TrainingLog) -> FittedSvm:
    """Fit as the article does: nothing scaled, nothing chosen, ``SVC(kernel="rbf")`` as it comes.

    Its probabilities came from ``SVC(probability=True)``, which scikit-learn is taking away. Here they come
    from margins of clips outside the fit, as in `fit_tuned`.

    Parameters
    ----------
    table : WindowTable
        The article's training side.
    seed : int
        Cuts the folds of the calibration.
    log : TrainingLog
        Reports each step.

    Returns
    -------
    FittedSvm
        Without a scaler.
    """
    with log.step(f"fit an RBF SVC as it comes on {len(table)} clips, unscaled"):
        machine = make_pipeline(SVC(kernel="rbf", decision_function_shape="ovo"))
        machine.fit(table.vectors, table.targets)
    with log.step("calibrate on margins of grouped folds") as advance:
        calibration = fit_calibration(table, machine, len(table), seed, advance)
    return FittedSvm(machine, calibration, {"clips": len(table)})


@dataclass(frozen=True, slots=True)
class Choice:
    """The result of the search.

    Attributes
    ----------
    c, gamma : float
        As scikit-learn's SVC takes them, for standardised vectors.
    uar : float
        Of the held-out windows of all folds, pooled.
    """

    c: float
    gamma: float
    uar: float


def choose_parameters(table: WindowTable, folds: Sequence[Fold], advance: Advance = lambda _: None) -> Choice:
    """Search the whole grid in grouped folds for the pair with the highest UAR.

    Parameters
    ----------
    table : WindowTable
        From the training side only.
    folds : sequence of Fold
        As `grouped_folds` cuts them.
    advance : callable
        Called after each gamma of each fold.

    Returns
    -------
    Choice
        The first of the best, from small C and gamma upwards, so the smoothest among equals.
    """
    labels = np.unique(table.targets)
    num_features = table.vectors.shape[1]
    pooled = {pair: np.zeros((len(labels),) * 2, dtype=np.int64) for pair in product(C_GRID, GAMMA_GRID)}
    for fold in folds:
        fit_targets, held_out_targets = table.targets[fold[0]], table.targets[fold[1]]
        for gamma, fit_kernel, held_out_kernel in _kernels(table, fold, num_features):
            for c in C_GRID:
                svc = SVC(C=c, kernel="precomputed", class_weight="balanced").fit(fit_kernel, fit_targets)
                pooled[c, gamma] += confusion_matrix(held_out_targets, svc.predict(held_out_kernel), labels)
            advance(1)
    uars = {pair: unweighted_average_recall(matrix) for pair, matrix in pooled.items()}
    c, gamma = max(uars, key=lambda pair: uars[pair])
    return Choice(c, gamma / num_features, uars[c, gamma])


def _kernels(
    table: WindowTable, fold: Fold, num_features: int
) -> Iterator[tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
    # The distances are the same for the whole grid: computed once, a fit costs a fraction.
    fit_rows, held_out_rows = fold
    scaler = StandardScaler().fit(table.vectors[fit_rows])
    fit = scaler.transform(table.vectors[fit_rows]).astype(np.float64)
    held_out = scaler.transform(table.vectors[held_out_rows]).astype(np.float64)
    among_fit = _squared_distances(fit, fit)
    to_fit = _squared_distances(held_out, fit)
    for gamma in GAMMA_GRID:
        yield gamma, np.exp(among_fit * (-gamma / num_features)), np.exp(to_fit * (-gamma / num_features))


def _squared_distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2.0 * (a @ b.T)
    return np.asarray(np.maximum(squares, 0.0))


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
        No group is on both sides, every label is on the fitting side, each row is held out once.

    Raises
    ------
    DatasetError
        If not even two such folds can be made.
    """
    labels = np.unique(targets)
    most = min(MAX_FOLDS, *(len(np.unique(groups[targets == label])) for label in labels))
    for num_folds in range(most, 1, -1):
        cutter = StratifiedGroupKFold(n_splits=num_folds, shuffle=True, random_state=seed)
        folds = [(fit, held_out) for fit, held_out in cutter.split(targets, targets, groups)]
        if all(len(held_out) and len(np.unique(targets[fit])) == len(labels) for fit, held_out in folds):
            return folds
    raise DatasetError(
        "too few speakers to choose parameters with: after the test side is taken away, each emotion "
        "must come from at least two speakers (or clips, where speakers are unknown); add recordings"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What margins of windows outside the fit say about probabilities.

    Attributes
    ----------
    machine : LogisticRegression
        Fitted on rows of ``num_labels (num_labels - 1) / 2`` margins.
    unsure_below : float
        Probability of the leading label under which a window is shown as unsure.
    """

    machine: LogisticRegression
    unsure_below: float


def fit_calibration(
    table: WindowTable,
    machine: Pipeline,
    max_windows: int,
    seed: int,
    advance: Advance = lambda _: None,
) -> Calibration:
    """Fit probabilities, and the threshold of doubt, on margins of windows outside the fit.

    Parameters
    ----------
    table : WindowTable
        The whole training side.
    machine : Pipeline
        Its parameters are taken; a fresh copy is fitted for each fold.
    max_windows : int
        Windows that each copy is fitted on.
    seed : int
        Cuts the folds and draws the windows.
    advance : callable
        Called after each fold.

    Returns
    -------
    Calibration
        Of the machine's margins.
    """
    held_out = table.take(balanced_rows(table, CALIBRATION_WINDOWS, seed))
    margins = np.zeros((len(held_out), num_pairs(len(np.unique(table.targets)))))
    for _, rows in grouped_folds(held_out.targets, held_out.groups, seed):
        fit = table.take(~np.isin(table.groups, held_out.groups[rows]))
        fit = fit.take(balanced_rows(fit, max_windows, seed))
        fold_machine = clone(machine).fit(fit.vectors, fit.targets)
        margins[rows] = pairwise_margins(fold_machine, held_out.vectors[rows])
        advance(1)
    fitted = LogisticRegression(class_weight="balanced", max_iter=1000).fit(margins, held_out.targets)
    predicted = fitted.predict(margins) == held_out.targets
    return Calibration(fitted, unsure_threshold(fitted.predict_proba(margins).max(axis=1), predicted))


def unsure_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Choose the probability under which a window is shown as unsure.

    Parameters
    ----------
    confidence : ndarray, shape (n,), n >= 1
        Probability of the leading label of windows outside the fit.
    right : ndarray, shape (n,), bool
        Whether it was the true one.

    Returns
    -------
    float
        The lowest at which `SURE_ACCURACY` of the other windows are right, but at least `LEAST_SURE`, and
        never so high that more than `UNSURE_SHARE` of the windows are unsure.
    """
    order = np.argsort(confidence)
    ordered = confidence[order]
    most = float(ordered[int(UNSURE_SHARE * len(ordered))])
    accuracy_from = np.cumsum(right[order][::-1])[::-1] / np.arange(len(ordered), 0, -1)
    good = np.flatnonzero(accuracy_from >= SURE_ACCURACY)
    if not len(good):
        return most
    return min(most, max(LEAST_SURE, float(ordered[good[0]]) if good[0] else 0.0))


def pairwise_margins(machine: Pipeline, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the margin of each pair of labels.

    Parameters
    ----------
    machine : Pipeline
        Fitted.
    vectors : ndarray, shape (n, num_features)
        Unscaled.

    Returns
    -------
    ndarray, shape (n, num_pairs), float64
        As `SVC.decision_function` has them; its single column for two labels stays a column.
    """
    margins: NDArray[np.float64] = machine.decision_function(vectors)
    return margins.reshape(len(vectors), -1)


def arrays_from_scikit_learn(
    scaler: StandardScaler | None, svc: SVC, calibrator: LogisticRegression
) -> dict[str, NDArray[Any]]:
    """Give the arrays of a fitted machine.

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
        If the kernel is another, or machine and calibration have different classes.
    """
    if svc.kernel != "rbf":
        raise ValueError(f"the kernel is {svc.kernel!r}; models are written for 'rbf'")
    if not np.array_equal(svc.classes_, calibrator.classes_):
        raise ValueError(f"the machine knows {svc.classes_}, its calibration {calibrator.classes_}")
    mean, scale, support_vectors = _centred(scaler, svc)
    weights, bias = softmax_weights(calibrator)
    return {
        "mean": mean,
        "scale": scale,
        "support_vectors": support_vectors,
        "dual_coefficients": np.array(svc.dual_coef_, dtype=np.float64),
        "class_counts": np.array(svc.n_support_, dtype=np.int64),
        "intercepts": np.array(svc.intercept_, dtype=np.float64),
        # For gamma="scale" this is the only place that has the number.
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
    # The kernel depends on differences only: centred vectors keep more digits in float32.
    mean = vectors.mean(axis=0)
    return mean, np.ones_like(mean), (vectors - mean).astype(np.float32)


def softmax_weights(machine: LogisticRegression) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the logits of a fitted regression: a column for each of its classes, two classes included.

    Parameters
    ----------
    machine : LogisticRegression
        Fitted on vectors of n numbers, over k classes.

    Returns
    -------
    tuple of ndarray
        Weights of shape (n, k), and biases of shape (k,), of the machine's own type: that of the vectors.
    """
    weights, bias = np.array(machine.coef_.T), np.array(machine.intercept_)
    if len(machine.classes_) > 2:
        return weights, bias
    # For two classes there is one logit, of the second class; the first stands at 0.
    return np.hstack([np.zeros_like(weights), weights]), np.concatenate([np.zeros_like(bias), bias])
