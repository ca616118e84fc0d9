"""Fit two linear opinions: one on vectors as they are, one on what differs from a speaker's usual."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.errors import DatasetError
from emotion.labels import LABELS
from trainer.recipes.softmax_regression import softmax_regression
from trainer.recipes.training_windows import TrainingWindows

RIDGE: Final = 0.03
"""Weight of the squared coefficients against the mean loss; see docs/experiments.md."""

ITERATIONS: Final = 60
"""Of L-BFGS; what it would still gain is gained on the training side alone."""

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
        """Scale vectors as a model does.

        Parameters
        ----------
        vectors : ndarray, shape (n, num_features), float32
            As the feature set gives them.

        Returns
        -------
        ndarray, of the same shape, float32
            In -5..5.
        """
        scaled: FloatArray = np.clip((vectors - self.mean) / self.scale, -_CLIP, _CLIP)
        return scaled


def fit_opinions(windows: TrainingWindows) -> Opinions:
    """Fit both by logistic regression.

    Parameters
    ----------
    windows : TrainingWindows
        The training side.

    Returns
    -------
    Opinions
        The own one is fitted on vectors less the mean of their speaker under their condition, each emotion of
        the speaker counted once: what the baseline of a voice is an estimate of.

    Raises
    ------
    DatasetError
        If fewer than two emotions are left to tell apart.
    """
    if len(np.unique(windows.targets)) < 2:
        raise DatasetError(
            "the training side has windows of fewer than two emotions; add corpora, or speakers"
        )
    weights = windows.weights()
    mean = (weights @ windows.vectors).astype(np.float32)
    deviation = np.sqrt(weights @ np.square(windows.vectors - mean))
    opinions = Opinions(mean, (deviation + 1e-6).astype(np.float32), *(np.zeros(0, np.float32),) * 4)
    scaled = opinions.scaled(windows.vectors)
    raw = _regression(scaled, windows, weights)
    scaled -= _usual_of_speakers(scaled, windows)
    own = _regression(scaled, windows, weights)
    return Opinions(mean, opinions.scale, *raw, *own)


def _usual_of_speakers(scaled: FloatArray, windows: TrainingWindows) -> FloatArray:
    usual = np.zeros_like(scaled)
    keys = np.char.add(np.char.add(windows.speaker, "|"), windows.condition)
    _, place = np.unique(keys, return_inverse=True)
    order = np.argsort(place, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        targets = windows.targets[rows]
        means = [scaled[rows[targets == each]].mean(axis=0) for each in np.unique(targets)]
        usual[rows] = np.mean(means, axis=0)
    return usual


def _regression(
    scaled: FloatArray, windows: TrainingWindows, weights: NDArray[np.float64]
) -> tuple[FloatArray, FloatArray]:
    return softmax_regression(
        scaled, windows.targets, weights, len(LABELS), ridge=RIDGE, iterations=ITERATIONS
    )
