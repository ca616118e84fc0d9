"""Fit two linear opinions: one on vectors as they are, one on what differs from a speaker's usual."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.errors import DatasetError
from emotion.labels import LABELS
from trainer.recipes.softmax_regression import LabelledRows, softmax_regressions
from trainer.recipes.training_windows import TrainingWindows

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


def fit_opinions(windows: TrainingWindows, ridge: float) -> Opinions:
    """Fit both by logistic regression.

    Parameters
    ----------
    windows : TrainingWindows
        The training side.
    ridge : float
        Weight of the squared coefficients against the mean loss; more for more features.

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
