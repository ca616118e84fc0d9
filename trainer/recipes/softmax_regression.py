"""Two logistic regressions: on vectors as they are, and on their difference from the speaker's mean."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array

from emotion.arrays import FloatArray
from emotion.card import LABELS
from emotion.errors import DatasetError
from trainer.recipes.training_windows import TrainingWindows

_NEVER_SEEN: Final = -30.0
"""Bias of a label without rows: its probability is 1e-13."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRows:
    """What is fitted on.

    Attributes
    ----------
    rows : ndarray, shape (n, num_features), float32
        Scaled.
    targets : ndarray, shape (n,), int64
        Labels, 0..num_labels - 1.
    weights : ndarray, shape (n,), float64
        How much each row counts; summing to 1.
    group : ndarray, shape (n,), int64
        Number of the group of each row.
    usual : ndarray, shape (num_groups, num_features), float32
        What the second regression takes from the rows of each group.
    nuisance : ndarray, shape (m, num_features), float32
        Differences that say nothing about the targets, each as large as it counts; none for m = 0.
    """

    rows: FloatArray
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    group: NDArray[np.int64]
    usual: FloatArray
    nuisance: FloatArray


def softmax_regressions(
    given: LabelledRows, num_labels: int, *, ridge: float, nuisance_ridge: float, iterations: int
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Find the weights that make the targets likely, from the rows, and from what differs from the usual."""
    present, places = np.unique(given.targets, return_inverse=True)
    shape = given.rows.shape[1] + 1, 2, len(present)
    problem = _Problem(given, places, len(present), ridge, nuisance_ridge)
    start = np.zeros(shape[0] * shape[1] * shape[2])
    found = minimize(
        problem.loss_and_slope, start, method="L-BFGS-B", jac=True, options={"maxiter": iterations}
    )
    both = found.x.reshape(shape)
    return _spread(both[:, 0], present, num_labels), _spread(both[:, 1], present, num_labels)


class _Problem:
    def __init__(
        self,
        given: LabelledRows,
        places: NDArray[np.int64],
        num_present: int,
        ridge: float,
        nuisance_ridge: float,
    ) -> None:
        count = len(given.rows)
        self._given, self._places = given, places
        self._ridge, self._nuisance_ridge = ridge, nuisance_ridge
        self._num_present = num_present
        self._each = np.arange(count)
        self._importance = given.weights.astype(np.float32)[:, np.newaxis]
        ones = np.ones(count, dtype=np.float32)
        self._members = csr_array((ones, (given.group, self._each)), shape=(len(given.usual), count))

    def loss_and_slope(self, flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        given, width = self._given, self._num_present
        both = flat.reshape(-1, 2 * width)
        coefficients, bias = both[:-1].astype(np.float32), both[-1].astype(np.float32)
        logits = given.rows @ coefficients
        logits[:, width:] -= (given.usual @ coefficients[:, width:])[given.group]
        logits += bias
        errors, loss = np.empty_like(logits), 0.0
        for half in (slice(0, width), slice(width, None)):
            errors[:, half], nats = self._half(logits[:, half])
            loss += nats
        slope = np.empty_like(both)
        slope[:-1] = given.rows.T @ errors
        slope[:-1, width:] -= given.usual.T @ (self._members @ errors[:, width:])
        slope[:-1] += self._ridge * both[:-1]
        slope[-1] = errors.sum(axis=0, dtype=np.float64)
        heard = given.nuisance @ coefficients[:, :width]
        slope[:-1, :width] += self._nuisance_ridge * (given.nuisance.T @ heard)
        loss += 0.5 * self._ridge * float((both[:-1] ** 2).sum())
        loss += 0.5 * self._nuisance_ridge * float((heard**2).sum())
        return loss, slope.ravel()

    def _half(self, logits: FloatArray) -> tuple[FloatArray, float]:
        """Give the errors of one regression, and its loss."""
        logits = logits - logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=1, keepdims=True)
        said = logits[self._each, self._places] - np.log(sums[:, 0])
        errors = powers / sums
        errors[self._each, self._places] -= 1
        errors *= self._importance
        return errors, -float(self._given.weights @ said)


def _spread(
    both: NDArray[np.float64], present: NDArray[np.int64], num_labels: int
) -> tuple[FloatArray, FloatArray]:
    coefficients = np.zeros((len(both) - 1, num_labels), dtype=np.float32)
    bias = np.full(num_labels, _NEVER_SEEN, dtype=np.float32)
    coefficients[:, present], bias[present] = both[:-1], both[-1]
    return coefficients, bias


ITERATIONS: Final = 60
"""Of L-BFGS; what it would still gain is gained on the training side alone."""

VOICE_RIDGE: Final = 0.1
"""Weight of what the raw opinion hears of who speaks: the squared margins of what differs between the usual
of speakers; see docs/experiments.md."""

_CLIP: Final = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """Scaling and two matrices, as `emotion.voice_linear.ARRAYS` names them.

    Attributes
    ----------
    mean, scale : ndarray, shape (num_features,), float32
        Weighted moments of the training side.
    raw_weights, own_weights : ndarray, shape (num_features, num_labels), float32
        Of scaled values.
    raw_bias, own_bias : ndarray, shape (num_labels,), float32
        Beside them.
    """

    mean: FloatArray
    scale: FloatArray
    raw_weights: FloatArray
    raw_bias: FloatArray
    own_weights: FloatArray
    own_bias: FloatArray

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def scaled(self, vectors: FloatArray) -> FloatArray:
        """Scale vectors as a model does."""
        scaled: FloatArray = np.clip((vectors - self.mean) / self.scale, -_CLIP, _CLIP)
        return scaled


def fit_opinions(windows: TrainingWindows, ridge: float) -> Opinions:
    """Fit both by logistic regression."""
    if len(np.unique(windows.targets)) < 2:
        raise DatasetError(
            "the training side has windows of fewer than two emotions; add corpora, or speakers"
        )
    weights = windows.weights()
    mean = (weights @ windows.vectors).astype(np.float32)
    deviation = np.sqrt(weights @ np.square(windows.vectors - mean))
    opinions = Opinions(mean, (deviation + 1e-6).astype(np.float32), *(np.zeros(0, np.float32),) * 4)
    scaled = opinions.scaled(windows.vectors)
    group, usual = _usual_of_speakers(scaled, windows)
    raw, own = softmax_regressions(
        LabelledRows(
            scaled, windows.targets, weights, group, usual, _between_speakers(usual, group, windows)
        ),
        len(LABELS),
        ridge=ridge,
        nuisance_ridge=VOICE_RIDGE,
        iterations=ITERATIONS,
    )
    return Opinions(mean, opinions.scale, *raw, *own)


def _usual_of_speakers(scaled: FloatArray, windows: TrainingWindows) -> tuple[NDArray[np.int64], FloatArray]:
    """Number the speakers under each condition, and give the mean of each, its emotions counted once."""
    names, group = np.unique(windows.voice, return_inverse=True)
    usual = np.empty((len(names), scaled.shape[1]), dtype=np.float32)
    order = np.argsort(group, kind="stable")
    for number, rows in enumerate(np.split(order, np.flatnonzero(np.diff(group[order])) + 1)):
        targets = windows.targets[rows]
        means = [scaled[rows[targets == each]].mean(axis=0) for each in np.unique(targets)]
        usual[number] = np.mean(means, axis=0)
    return group.astype(np.int64), usual


def _between_speakers(usual: FloatArray, group: NDArray[np.int64], windows: TrainingWindows) -> FloatArray:
    """Give how each speaker's usual differs from that of all; each corpus counts as in its weight."""
    _, first = np.unique(group, return_index=True)
    corpora, place, counts = np.unique(windows.corpus[first], return_inverse=True, return_counts=True)
    weights = windows.corpus_weights(corpora)[place] / counts[place]
    of_corpora = [usual[place == number].mean(axis=0) for number in range(len(corpora))]
    differences: FloatArray = usual - np.mean(of_corpora, axis=0)
    differences *= np.sqrt(weights / weights.sum())[:, np.newaxis].astype(np.float32)
    return differences
