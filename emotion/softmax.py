"""From logits to probabilities, in float64."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities

Values: TypeAlias = NDArray[np.float64]
"""Margins, logits, log-probabilities: float64."""


def log_softmax(logits: Values) -> Values:
    """Turn logits into log-probabilities.

    Parameters
    ----------
    logits : ndarray, shape (..., num_labels), float64
        Finite.

    Returns
    -------
    ndarray, of the same shape, float64
        At most 0; their exponentials sum to 1.
    """
    lowered = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities: Values = lowered - np.log(np.exp(lowered).sum(axis=-1, keepdims=True))
    return log_probabilities


def softmax(logits: Values) -> Probabilities:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits : ndarray, shape (..., num_labels), float64
        Finite.

    Returns
    -------
    ndarray, of the same shape, float64
        Sums to 1.
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Probabilities = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities
