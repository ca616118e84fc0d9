"""Linear classifiers: the recipe `linear`, and the experts of `speech` and `speech-light`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from emotion.arrays import FloatArray, Probabilities
from emotion.card import LABELS
from emotion.decision import LineState, UnlearnedVoice, Voice, VoiceState, refuse_line, softmax
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

NEUTRAL_SHARE: Final = 0.8
"""Of neutral speech in the second of two mixes that a line's voices are taken to speak in."""

NUM_PLACES: Final = 8
"""Directions by which a line that is not this one is noticed."""

PLACE_RIDGE: Final = 1.0
"""Of their analysis, against the mean variance of a feature among voices on a line."""

_NEUTRAL: Final = LABELS.index("neutral")

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
    knows_lines: ClassVar[bool] = False

    def probabilities(self, vectors: FloatArray) -> Probabilities:
        """Give each label's probability."""
        scaled = np.clip((np.atleast_2d(vectors) - self.mean) / self.scale, -_CLIP, _CLIP)
        return softmax(scaled @ self.weights + self.bias).reshape(*vectors.shape[:-1], -1)

    def open_voice(
        self,
        state: VoiceState | None = None,  # noqa: ARG002
        line: LineState | None = None,
        *,
        baseline: bool = True,  # noqa: ARG002
    ) -> Voice:
        """Begin with a voice; there is no baseline to learn, and no line."""
        refuse_line(line)
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
    """Scaling and matrices, as `emotion.voice_linear.ARRAYS` and `emotion.line_baseline.ARRAYS` name them.

    The raw expert classifies scaled vectors; the adapted one their difference from the mean of the speaker;
    the line's one their difference from the mean of other speakers on the same line.

    Attributes
    ----------
    mean, scale : ndarray, shape (num_features,), float32
        Weighted moments of the training side.
    raw_weights, own_weights : ndarray, shape (num_features, num_labels), float32
        Of scaled values, for the raw and the adapted expert.
    raw_bias, own_bias : ndarray, shape (num_labels,), float32
        Beside them.
    line_weights, line_bias : ndarray, or None
        The same for the line's expert; None where there are no two lines with two speakers each.
    place_weights : ndarray, shape (num_features, num_places), float32, or None
        Directions in which lines differ more than voices on one line do.
    """

    mean: FloatArray
    scale: FloatArray
    raw_weights: FloatArray
    raw_bias: FloatArray
    own_weights: FloatArray
    own_bias: FloatArray
    line_weights: FloatArray | None = None
    line_bias: FloatArray | None = None
    place_weights: FloatArray | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays by name."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: array for name, array in named.items() if array is not None}

    def scaled(self, vectors: FloatArray) -> FloatArray:
        """Scale vectors as a model does."""
        return _scaled(vectors, self.mean, self.scale)


def fit_experts(windows: TrainingWindows, ridge: float) -> LinearExperts:
    """Fit all of them by logistic regression."""
    check_emotions(windows)
    weights = windows.weights()
    mean, deviation = _moments(windows.vectors, weights.astype(np.float32))
    scale = (deviation + np.float32(1e-6)).astype(np.float32)
    scaled = _scaled(windows.vectors, mean, scale)
    voices = _VoicesOfRows.of(scaled, windows)
    nothing = scaled[:0]
    regressions = [
        Regression((), voices.between_speakers(windows)),
        Regression((voices.usual,), nothing),
    ]
    places = voices.place_weights(windows)
    if places is not None:
        # Fitted on balanced mixes alone, the line's expert is misled by a line where most are neutral.
        mixes = voices.others(voices.usual), voices.others(voices.neutral)
        regressions.append(Regression(mixes, nothing))
    rows = LabelledRows(scaled, windows.targets, weights, voices.group)
    found = softmax_regressions(
        rows, regressions, ridge=ridge, nuisance_ridge=VOICE_RIDGE, iterations=ITERATIONS
    )
    arrays = [array for pair in found for array in pair]
    return LinearExperts(mean, scale, *arrays, *([] if places is None else [places]))


_ROWS_AT_ONCE: Final = 4096
"""Bounds the memory of intermediate results."""


def _moments(vectors: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give mean and deviation; no copy of the vectors is made."""
    mean = (weights @ vectors).astype(np.float32)
    squares = np.zeros(len(mean), dtype=np.float64)
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        some = vectors[first : first + _ROWS_AT_ONCE] - mean
        squares += weights[first : first + _ROWS_AT_ONCE] @ np.square(some, out=some)
    return mean, np.sqrt(squares).astype(np.float32)


def _scaled(vectors: FloatArray, mean: FloatArray, scale: FloatArray) -> FloatArray:
    scaled: FloatArray = vectors - mean
    scaled /= scale
    return np.clip(scaled, -_CLIP, _CLIP, out=scaled)


@dataclass(frozen=True, slots=True, eq=False)
class _VoicesOfRows:
    """The voices of a training side, each a speaker under one condition.

    Attributes
    ----------
    group : ndarray, shape (n,), int64
        The voice of each row.
    cells : ndarray, shape (num_cells, num_features), float32
        Mean of each voice in each emotion that it speaks in.
    cell_voice, cell_target : ndarray, shape (num_cells,), int64
        Voice and label of each.
    first : ndarray, shape (num_voices,), int64
        A row of each voice.
    line : ndarray, shape (num_voices,), int64
        Number of the corpus and condition of each.
    """

    group: NDArray[np.int64]
    cells: FloatArray
    cell_voice: NDArray[np.int64]
    cell_target: NDArray[np.int64]
    first: NDArray[np.int64]
    line: NDArray[np.int64]

    @classmethod
    def of(cls, scaled: FloatArray, windows: TrainingWindows) -> "_VoicesOfRows":
        """Find the voices."""
        _, first, group = np.unique(windows.voice, return_index=True, return_inverse=True)
        pairs, cell = np.unique(group * len(LABELS) + windows.targets, return_inverse=True)
        order = np.argsort(cell, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(cell[order])) + 1)
        cells = np.array([scaled[rows].mean(axis=0) for rows in parts])
        lines = np.char.add(np.char.add(windows.corpus[first], "|"), windows.condition[first])
        line = np.unique(lines, return_inverse=True)[1]
        return cls(group.astype(np.int64), cells, *np.divmod(pairs, len(LABELS)), first, line)

    @property
    def usual(self) -> FloatArray:
        """Mean of each voice with equal weights of its emotions; shape (num_voices, num_features)."""
        return self._means(np.ones(len(self.cells)))

    @property
    def neutral(self) -> FloatArray:
        """The same with `NEUTRAL_SHARE` for neutral, where a voice has it."""
        ordinary = self.cell_target == _NEUTRAL
        others = np.bincount(self.cell_voice, ~ordinary)[self.cell_voice]
        mixed = (np.bincount(self.cell_voice, ordinary)[self.cell_voice] > 0) & (others > 0)
        shares = np.where(ordinary, NEUTRAL_SHARE, (1.0 - NEUTRAL_SHARE) / np.maximum(others, 1))
        return self._means(np.where(mixed, shares, 1.0))

    def _means(self, weights: NDArray[np.float64]) -> FloatArray:
        weights = weights / np.bincount(self.cell_voice, weights)[self.cell_voice]
        means = np.zeros((len(self.first), self.cells.shape[1]), dtype=np.float32)
        np.add.at(means, self.cell_voice, self.cells * weights.astype(np.float32)[:, np.newaxis])
        return means

    def place_weights(self, windows: TrainingWindows) -> FloatArray | None:
        """Find directions in which lines differ most, against what differs on one (discriminant analysis).

        They are scaled so that voices on a line deviate by 1 altogether. None where there are no two lines
        with two voices each.
        """
        # Under such a condition a voice is heard through one channel after another.
        steady = np.char.find(windows.condition[self.first], "varied") < 0
        counts = np.bincount(self.line[steady], minlength=self.line.max() + 1)
        chosen = np.flatnonzero((steady & (counts[self.line] > 1))[self.cell_voice])
        lines, place, sizes = np.unique(
            self.line[self.cell_voice[chosen]], return_inverse=True, return_counts=True
        )
        if len(lines) < 2:
            return None
        cells = self.cells[chosen]
        middles = np.array([cells[place == number].mean(axis=0) for number in range(len(lines))])
        within = (cells - middles[place]) / np.sqrt(sizes[place] * len(lines))[:, np.newaxis]
        within = within.astype(np.float32)
        middles -= middles.mean(axis=0)
        # There are fewer cells than features: the inverse is found among the cells (Woodbury).
        ridge = np.float32(PLACE_RIDGE * np.square(within).sum() / within.shape[1])
        inner = within @ within.T + ridge * np.eye(len(within), dtype=np.float32)
        turned = (middles.T - within.T @ np.linalg.solve(inner, within @ middles.T)) / ridge
        strengths, axes = np.linalg.eigh((middles @ turned).astype(np.float64))
        kept = np.flatnonzero(strengths > 1e-6 * strengths[-1])[::-1][:NUM_PLACES]
        weights = turned @ axes[:, kept].astype(np.float32)
        variances = np.square(within @ weights).sum(axis=0) + ridge * np.square(weights).sum(axis=0)
        weights /= np.sqrt(variances * len(kept))
        return np.ascontiguousarray(weights)

    def others(self, usual: FloatArray) -> FloatArray:
        """Give what is subtracted on a line: the mean of its n other voices, times n / (n + 1)."""
        sums = np.zeros((self.line.max() + 1, usual.shape[1]), dtype=np.float32)
        np.add.at(sums, self.line, usual)
        counts = np.bincount(self.line)[self.line].astype(np.float32)
        subtracted: FloatArray = (sums[self.line] - usual) / counts[:, np.newaxis]
        return subtracted

    def between_speakers(self, windows: TrainingWindows) -> FloatArray:
        """Give how the mean of each voice differs from that of all; corpora count as in their weights."""
        corpora, place, counts = np.unique(
            windows.corpus[self.first], return_inverse=True, return_counts=True
        )
        weights = windows.corpus_weights(corpora)[place] / counts[place]
        usual = self.usual
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
    """

    rows: FloatArray
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    group: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """One of several regressions on the same rows.

    Attributes
    ----------
    subtracted : tuple of ndarray, each of shape (num_groups, num_features), float32
        What is subtracted from the rows of each group. With several the loss is their mean; with none the
        rows are taken as they are.
    nuisance : ndarray, shape (m, num_features), float32
        Differences that say nothing about the targets, each as large as it counts; none for m = 0.
    """

    subtracted: tuple[FloatArray, ...]
    nuisance: FloatArray


def softmax_regressions(
    given: LabelledRows,
    regressions: Sequence[Regression],
    *,
    ridge: float,
    nuisance_ridge: float,
    iterations: int,
) -> list[tuple[FloatArray, FloatArray]]:
    """Find the weights and biases that make the targets likely, for each regression.

    They are independent, but one product with the rows serves all.
    """
    present, places = np.unique(given.targets, return_inverse=True)
    count, width = len(given.rows), len(present)
    each = np.arange(count)
    importance = given.weights.astype(np.float32)[:, np.newaxis]
    num_groups = int(given.group.max()) + 1
    members = csr_array((np.ones(count, np.float32), (given.group, each)), shape=(num_groups, count))

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
        both = flat.reshape(-1, len(regressions) * width)
        coefficients, bias = both[:-1].astype(np.float32), both[-1].astype(np.float32)
        logits = given.rows @ coefficients
        logits += bias
        errors = np.zeros_like(logits)
        slope = ridge * both
        slope[-1] = 0.0
        loss = 0.5 * ridge * float((both[:-1] ** 2).sum())
        for number, regression in enumerate(regressions):
            own = slice(number * width, (number + 1) * width)
            share = 1.0 / max(1, len(regression.subtracted))
            for usual in regression.subtracted or (None,):
                moved = 0.0 if usual is None else (usual @ coefficients[:, own])[given.group]
                wrong, nats = errors_and_loss(logits[:, own] - moved)
                wrong *= np.float32(share)
                loss += share * nats
                errors[:, own] += wrong
                if usual is not None:
                    slope[:-1, own] -= usual.T @ (members @ wrong)
            told = regression.nuisance @ coefficients[:, own]
            slope[:-1, own] += nuisance_ridge * (regression.nuisance.T @ told)
            loss += 0.5 * nuisance_ridge * float((told**2).sum())
        # BLAS is half as fast again on this side.
        slope[:-1] += (errors.T @ given.rows).T
        slope[-1] += errors.sum(axis=0, dtype=np.float64)
        return loss, slope.ravel()

    start = np.zeros((given.rows.shape[1] + 1) * len(regressions) * width)
    found = minimize(loss_and_slope, start, method="L-BFGS-B", jac=True, options={"maxiter": iterations})
    parts = np.split(
        found.x.reshape(-1, len(regressions) * width).astype(np.float32), len(regressions), axis=1
    )
    return [_for_all_labels(part[:-1], part[-1], present, absent=_NEVER_SEEN) for part in parts]
