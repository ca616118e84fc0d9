"""From what scikit-learn fitted to the arrays that listening loads."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


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
        As ``emotion.rbf_svc.ARRAYS`` names them, to be given to ``emotion.model_saving.save_model``.

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
