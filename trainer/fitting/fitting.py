"""Fit a model: choose parameters, fit the machine, learn what its margins mean."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from trainer.fitting.calibration import fit_calibration, fit_machine
from trainer.fitting.folds import grouped_folds
from trainer.fitting.parameter_search import GAMMA_GRID, choose_parameters
from trainer.training_log import TrainingLog
from trainer.windows.balance import balanced_rows
from trainer.windows.window_table import WindowTable

SEARCH_WINDOWS: Final = 3_000
"""Windows that parameters are chosen on, balanced over labels and corpora."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
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


def fit_house(table: WindowTable, max_windows: int, seed: int, log: TrainingLog) -> FittedModel:
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
    FittedModel
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
    return FittedModel(scaler, svc, calibration, facts)


def fit_article(table: WindowTable, seed: int, log: TrainingLog) -> FittedModel:
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
    FittedModel
        Without a scaler.
    """
    svc = SVC(kernel="rbf", decision_function_shape="ovo")
    with log.step(f"fit an RBF SVC as it comes on {len(table)} clips, unscaled"):
        _, svc = fit_machine(table, None, svc)
    return FittedModel(
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
