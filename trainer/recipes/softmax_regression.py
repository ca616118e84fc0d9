"""Multinomial logistic regression of many float32 rows.

scikit-learn's takes each step in float64, and turns the rows into it every time: five times as long here, for
digits that the ridge blurs anyway. A test holds this one against it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from emotion.arrays import FloatArray

_NEVER_SEEN: Final = -30.0
"""Bias of a label without rows: its probability is 1e-13."""


def softmax_regression(
    rows: FloatArray,
    targets: NDArray[np.int64],
    weights: NDArray[np.float64],
    num_labels: int,
    *,
    ridge: float,
    iterations: int,
) -> tuple[FloatArray, FloatArray]:
    """Find the weights that make the targets likely.

    Parameters
    ----------
    rows : ndarray, shape (n, num_features), float32
        Scaled.
    targets : ndarray, shape (n,), int64
        Labels, 0..num_labels - 1.
    weights : ndarray, shape (n,), float64
        How much each row counts; summing to 1.
    num_labels : int
        Columns of what is returned.
    ridge : float
        What is minimised is the weighted mean of the negative log-probabilities, plus half of this times the
        sum of squared coefficients; biases are free.
    iterations : int
        Of L-BFGS (D. Liu and J. Nocedal, Mathematical Programming 45, 1989) at most.

    Returns
    -------
    coefficients : ndarray, shape (num_features, num_labels), float32
        For ``rows @ coefficients + bias``; zero for a label without rows.
    bias : ndarray, shape (num_labels,), float32
        Beside them.
    """
    present, places = np.unique(targets, return_inverse=True)
    num_features, num_present = rows.shape[1], len(present)
    right = np.zeros((len(rows), num_present), dtype=np.float32)
    right[np.arange(len(rows)), places] = 1
    importance = weights.astype(np.float32)[:, np.newaxis]

    def loss_and_slope(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        both = flat.reshape(num_features + 1, num_present)
        logits = rows @ both[:-1].astype(np.float32) + both[-1].astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=1, keepdims=True)
        said = (logits - np.log(sums))[np.arange(len(rows)), places]
        error = (powers / sums - right) * importance
        slope = np.empty_like(both)
        slope[:-1] = rows.T @ error + ridge * both[:-1]
        slope[-1] = error.sum(axis=0, dtype=np.float64)
        loss = -float(weights @ said) + 0.5 * ridge * float((both[:-1] ** 2).sum())
        return loss, slope.ravel()

    start = np.zeros((num_features + 1) * num_present)
    found = minimize(loss_and_slope, start, method="L-BFGS-B", jac=True, options={"maxiter": iterations})
    both = found.x.reshape(num_features + 1, num_present)
    coefficients = np.zeros((num_features, num_labels), dtype=np.float32)
    bias = np.full(num_labels, _NEVER_SEEN, dtype=np.float32)
    coefficients[:, present], bias[present] = both[:-1], both[-1]
    return coefficients, bias
