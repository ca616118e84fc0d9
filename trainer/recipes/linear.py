"""Linear classifiers: the recipe `linear`, and the two experts of `speech` and `speech-light`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from emotion.arrays import FloatArray, Probabilities
from emotion.card import LABELS
from emotion.decision import UnlearnedVoice, Voice, VoiceState, softmax
from trainer.recipes.base import FittedClassifier, TrainingWindows, check_emotions, windows_of_speech
from trainer.svm import softmax_weights
from trainer.window_table import StepTable

ITERATIONS: Final = 60
"""Of L-BFGS; more of them improve the training side only."""

VOICE_RIDGE: Final = 0.1
"""Weight of the penalty on what the raw expert tells of the speaker: the squared margins of differences
between speakers' means; see docs/experiments.md."""

_CLIP: Final = 5.0
"""Limit of scaled values."""

_TOTAL_WEIGHT: Final = 10_000.0
"""Of all windows together: their number does not change the strength of the penalty."""

_NEVER_SEEN: Final = -30.0
"""Bias of a label without rows: its probability is 1e-13."""


@dataclass(frozen=True, slots=True)
class LinearRecipe:
    """A logistic regression on windows of speech, each cell of corpus and label with the same weight.

    The reference that other recipes are compared with. See `trainer.recipes.base.Recipe` for the attributes.
    """

    name: str = "linear"
    feature_set: str = "acoustic"
    win_seconds: float = 2.0
    step_seconds: float = 0.5
    train_conditions: tuple[str, ...] = ("clean",)

    gate = "voice"
    version = 1

    def fit(self, tables: Sequence[StepTable]) -> FittedClassifier:
        """Fit on a training side."""
        windows = windows_of_speech(tables)
        check_emotions(windows)
        scaler = StandardScaler().fit(windows.vectors)
        scaled = np.clip(scaler.transform(windows.vectors), -_CLIP, _CLIP)
        cells = np.char.add(np.char.add(windows.corpus, "/"), windows.targets.astype(str))
        _, place, counts = np.unique(cells, return_inverse=True, return_counts=True)
        weights = _TOTAL_WEIGHT / (len(counts) * counts[place])
        machine = LogisticRegression(C=0.01, max_iter=500).fit(scaled, windows.targets, sample_weight=weights)
        columns, biases = softmax_weights(machine)
        among_all = _for_all_labels(
            columns.astype(np.float64), biases.astype(np.float64), machine.classes_, absent=-np.inf
        )
        return FittedClassifier(LinearDecision(scaler.mean_, scaler.scale_, *among_all))


@dataclass(frozen=True, slots=True, eq=False)
class LinearDecision:
    """Scaling, a matrix, a softmax; see `emotion.decision.Decision`."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def probabilities(self, vectors: FloatArray) -> Probabilities:
        """Give each label's probability."""
        scaled = np.clip((np.atleast_2d(vectors) - self.mean) / self.scale, -_CLIP, _CLIP)
        return softmax(scaled @ self.weights + self.bias).reshape(*vectors.shape[:-1], -1)

    def open_voice(self, state: VoiceState | None = None) -> Voice:  # noqa: ARG002
        """Begin with a voice; there is no baseline to learn."""
        return UnlearnedVoice(self.probabilities)

    def is_unsure(self, smoothed: Probabilities) -> bool:  # noqa: ARG002
        """Give False: there is no threshold."""
        return False


def _for_all_labels(
    weights: NDArray[Any], bias: NDArray[Any], present: NDArray[np.int64], *, absent: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Put the weights and biases of the labels that occur among those of all labels."""
    all_weights = np.zeros((len(weights), len(LABELS)), dtype=weights.dtype)
    all_biases = np.full(len(LABELS), absent, dtype=bias.dtype)
    all_weights[:, present], all_biases[present] = weights, bias
    return all_weights, all_biases


@dataclass(frozen=True, slots=True, eq=False)
class LinearExperts:
    """Scaling and two matrices, as `emotion.voice_linear.ARRAYS` names them.

    The raw expert classifies scaled vectors, the adapted one their difference from the mean of the speaker.

    Attributes
    ----------
    mean, scale : ndarray, shape (num_features,), float32
        Weighted moments of the training side.
    raw_weights, own_weights : ndarray, shape (num_features, num_labels), float32
        Of scaled values, for the raw and the adapted expert.
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
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def scaled(self, vectors: FloatArray) -> FloatArray:
        """Scale vectors as a model does."""
        return _scaled(vectors, self.mean, self.scale)


def fit_experts(windows: TrainingWindows, ridge: float) -> LinearExperts:
    """Fit both by logistic regression."""
    check_emotions(windows)
    weights = windows.weights()
    mean = (weights @ windows.vectors).astype(np.float32)
    deviation = np.sqrt(weights @ np.square(windows.vectors - mean))
    scale = (deviation + 1e-6).astype(np.float32)
    scaled = _scaled(windows.vectors, mean, scale)
    group, usual = _means_of_speakers(scaled, windows)
    rows = LabelledRows(
        scaled, windows.targets, weights, group, usual, _between_speakers(usual, group, windows)
    )
    raw, own = softmax_regressions(rows, ridge=ridge, nuisance_ridge=VOICE_RIDGE, iterations=ITERATIONS)
    return LinearExperts(mean, scale, *raw, *own)


def _scaled(vectors: FloatArray, mean: FloatArray, scale: FloatArray) -> FloatArray:
    scaled: FloatArray = np.clip((vectors - mean) / scale, -_CLIP, _CLIP)
    return scaled


def _means_of_speakers(scaled: FloatArray, windows: TrainingWindows) -> tuple[NDArray[np.int64], FloatArray]:
    """Number the speakers under each condition, and give the mean of each, with equal weights of emotions."""
    names, group = np.unique(windows.voice, return_inverse=True)
    usual = np.empty((len(names), scaled.shape[1]), dtype=np.float32)
    order = np.argsort(group, kind="stable")
    for number, rows in enumerate(np.split(order, np.flatnonzero(np.diff(group[order])) + 1)):
        targets = windows.targets[rows]
        means = [scaled[rows[targets == each]].mean(axis=0) for each in np.unique(targets)]
        usual[number] = np.mean(means, axis=0)
    return group.astype(np.int64), usual


def _between_speakers(usual: FloatArray, group: NDArray[np.int64], windows: TrainingWindows) -> FloatArray:
    """Give how the mean of each speaker differs from that of all; corpora count as in their weights."""
    _, first = np.unique(group, return_index=True)
    corpora, place, counts = np.unique(windows.corpus[first], return_inverse=True, return_counts=True)
    weights = windows.corpus_weights(corpora)[place] / counts[place]
    of_corpora = [usual[place == number].mean(axis=0) for number in range(len(corpora))]
    differences: FloatArray = usual - np.mean(of_corpora, axis=0)
    differences *= np.sqrt(weights / weights.sum())[:, np.newaxis].astype(np.float32)
    return differences


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRows:
    """What is fitted on.

    Attributes
    ----------
    rows : ndarray, shape (n, num_features), float32
        Scaled.
    targets : ndarray, shape (n,), int64
        Index of the label of each.
    weights : ndarray, shape (n,), float64
        How much each row counts; summing to 1.
    group : ndarray, shape (n,), int64
        Number of the group of each row.
    usual : ndarray, shape (num_groups, num_features), float32
        What the second regression subtracts from the rows of each group.
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
    given: LabelledRows, *, ridge: float, nuisance_ridge: float, iterations: int
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Find the weights and biases that make the targets likely, from the rows, and from their differences."""
    present, places = np.unique(given.targets, return_inverse=True)
    count, width = len(given.rows), len(present)
    each = np.arange(count)
    importance = given.weights.astype(np.float32)[:, np.newaxis]
    members = csr_array((np.ones(count, np.float32), (given.group, each)), shape=(len(given.usual), count))

    def errors_and_loss(logits: FloatArray) -> tuple[FloatArray, float]:
        logits = logits - logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=1, keepdims=True)
        log_likelihoods = logits[each, places] - np.log(sums[:, 0])
        errors = powers / sums
        errors[each, places] -= 1
        errors *= importance
        return errors, -float(given.weights @ log_likelihoods)

    def loss_and_slope(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        both = flat.reshape(-1, 2 * width)
        coefficients, bias = both[:-1].astype(np.float32), both[-1].astype(np.float32)
        logits = given.rows @ coefficients
        logits[:, width:] -= (given.usual @ coefficients[:, width:])[given.group]
        logits += bias
        errors, loss = np.empty_like(logits), 0.0
        for half in (slice(0, width), slice(width, None)):
            errors[:, half], nats = errors_and_loss(logits[:, half])
            loss += nats
        slope = np.empty_like(both)
        slope[:-1] = given.rows.T @ errors
        slope[:-1, width:] -= given.usual.T @ (members @ errors[:, width:])
        slope[:-1] += ridge * both[:-1]
        slope[-1] = errors.sum(axis=0, dtype=np.float64)
        nuisance = given.nuisance @ coefficients[:, :width]
        slope[:-1, :width] += nuisance_ridge * (given.nuisance.T @ nuisance)
        loss += 0.5 * ridge * float((both[:-1] ** 2).sum())
        loss += 0.5 * nuisance_ridge * float((nuisance**2).sum())
        return loss, slope.ravel()

    start = np.zeros((given.rows.shape[1] + 1) * 2 * width)
    found = minimize(loss_and_slope, start, method="L-BFGS-B", jac=True, options={"maxiter": iterations})
    raw, own = np.split(found.x.reshape(-1, 2 * width).astype(np.float32), 2, axis=1)
    return (
        _for_all_labels(raw[:-1], raw[-1], present, absent=_NEVER_SEEN),
        _for_all_labels(own[:-1], own[-1], present, absent=_NEVER_SEEN),
    )
