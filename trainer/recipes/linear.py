"""The recipe `linear`: `acoustic`, scaled, and a logistic regression without a speaker baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from emotion.arrays import FloatArray, Probabilities
from emotion.card import LABELS
from emotion.decision import UnlearnedVoice, Voice
from emotion.errors import DatasetError
from trainer.window_table import StepTable

_CLIP: Final = 5.0
"""Scaled values further out than this say no more than that."""

_TOTAL_WEIGHT: Final = 10_000.0
"""Of all windows together: how many there are does not change how far the weights are held back."""


@dataclass(frozen=True, slots=True)
class LinearRecipe:
    """A logistic regression on windows of speech, each cell of corpus and label with the same weight.

    It is what others are held against. See `trainer.recipes.base.Recipe` for the attributes.
    """

    name: str = "linear"
    feature_set: str = "acoustic"
    win_seconds: float = 2.0
    step_seconds: float = 0.5
    train_conditions: tuple[str, ...] = ("clean",)

    version = 1

    def fit(self, tables: Sequence[StepTable]) -> "LinearClassifier":
        """Fit on a training side."""
        vectors, targets, cells = _windows_of_speech(tables)
        present = np.unique(targets)
        if len(present) < 2:
            raise DatasetError(
                "the training side has windows of fewer than two emotions; add corpora, or speakers"
            )
        scaler = StandardScaler().fit(vectors)
        scaled = np.clip(scaler.transform(vectors), -_CLIP, _CLIP)
        _, place, counts = np.unique(cells, return_inverse=True, return_counts=True)
        weights = _TOTAL_WEIGHT / (len(counts) * counts[place])
        machine = LogisticRegression(C=0.01, max_iter=500).fit(scaled, targets, sample_weight=weights)
        return LinearClassifier(scaler.mean_, scaler.scale_, *_all_labels(machine))


class LinearClassifier:
    """Scaled values, a matrix, a softmax."""

    labels: tuple[str, ...] = LABELS

    def __init__(
        self,
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
        weights: NDArray[np.float64],
        bias: NDArray[np.float64],
    ) -> None:
        self._mean, self._scale, self._weights, self._bias = mean, scale, weights, bias

    def predict(self, vector: FloatArray) -> Probabilities:
        """Give each label's probability for one window; see `FittedClassifier.predict`."""
        probabilities: Probabilities = self.predict_all(vector[None])[0]
        return probabilities

    def predict_all(self, vectors: FloatArray) -> Probabilities:
        """Give each label's probability for many windows; see `BatchClassifier.predict_all`."""
        scaled = np.clip((vectors - self._mean) / self._scale, -_CLIP, _CLIP)
        logits: NDArray[np.float64] = scaled @ self._weights + self._bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: Probabilities = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def is_unsure(self, smoothed: Probabilities) -> bool:  # noqa: ARG002
        """Never say so: nothing was learned about doubt; see `FittedClassifier.is_unsure`."""
        return False

    def open_voice(self) -> Voice:
        """Begin with a voice; nothing is learned about it."""
        return UnlearnedVoice(self.predict)


def _windows_of_speech(
    tables: Sequence[StepTable],
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.str_]]:
    vectors, targets, cells = [], [], []
    for table in tables:
        rows = np.flatnonzero((table.state == "speech") & (table.clip >= 0))
        if not len(rows):
            continue
        vectors.append(table.vectors[rows])
        targets.append(table.targets[rows])
        corpora = table.clips.corpus[table.clip[rows]]
        cells.append(np.char.add(np.char.add(corpora, "/"), table.targets[rows].astype(str)))
    if not vectors:
        raise DatasetError("the training side has no window of speech; add recordings")
    return np.concatenate(vectors), np.concatenate(targets), np.concatenate(cells)


def _all_labels(machine: LogisticRegression) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights = np.zeros((machine.coef_.shape[1], len(LABELS)))
    bias = np.full(len(LABELS), -np.inf)
    if len(machine.classes_) == 2:
        # One logit, of the second label; the first stands at 0.
        bias[machine.classes_] = 0.0
        weights[:, machine.classes_[1]], bias[machine.classes_[1]] = machine.coef_[0], machine.intercept_[0]
    else:
        weights[:, machine.classes_], bias[machine.classes_] = machine.coef_.T, machine.intercept_
    return weights, bias
