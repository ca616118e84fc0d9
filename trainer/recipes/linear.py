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
from emotion.decision import UnlearnedVoice, Voice, VoiceState, softmax
from trainer.recipes.base import FittedClassifier
from trainer.recipes.training_windows import check_emotions, windows_of_speech
from trainer.window_table import StepTable

_CLIP: Final = 5.0
"""Limit of scaled values."""

_TOTAL_WEIGHT: Final = 10_000.0
"""Of all windows together: their number does not change the strength of the penalty."""


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
        return FittedClassifier(LinearDecision(scaler.mean_, scaler.scale_, *_for_all_labels(machine)))


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


def _for_all_labels(machine: LogisticRegression) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights = np.zeros((machine.coef_.shape[1], len(LABELS)))
    bias = np.full(len(LABELS), -np.inf)
    if len(machine.classes_) == 2:
        # One logit, of the second label; that of the first is 0.
        bias[machine.classes_] = 0.0
        weights[:, machine.classes_[1]], bias[machine.classes_[1]] = machine.coef_[0], machine.intercept_[0]
    else:
        weights[:, machine.classes_], bias[machine.classes_] = machine.coef_.T, machine.intercept_
    return weights, bias
