"""What doubt is worth: how much is called unsure, and how right the rest is."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities
from evaluation.scores.clip_answers import shown_clips
from evaluation.scores.judged import NOTHING, Judged

LEFT_OUT: Final = 0.4
"""The share of clips, the least certain, that `selective_accuracy` leaves out."""


@dataclass(frozen=True, slots=True)
class Certainty:
    """Shares of windows and clips.

    Attributes
    ----------
    unsure_share : float
        Of the windows of speech that lie in clips: called unsure. NaN without speech.
    sure_window_accuracy : float
        Of those that were not: the shown label is the clip's. NaN without any.
    swallowed_share : float
        Of all clips: not one window showed an emotion.
    sure_clip_accuracy : float
        Of the other clips: the answer is right. NaN without any.
    selective_accuracy : float
        Accuracy of the answers with the least certain `LEFT_OUT` left out.
    """

    unsure_share: float
    sure_window_accuracy: float
    swallowed_share: float
    sure_clip_accuracy: float
    selective_accuracy: float


def certainty(judged: Judged, answers: Probabilities) -> Certainty:
    """Measure it.

    Parameters
    ----------
    judged : Judged
        Streams.
    answers : ndarray, shape (num_placements, num_labels)
        As `evaluation.scores.clip_answers.clip_answers` gives them.

    Returns
    -------
    Certainty
        Over all windows and clips given.
    """
    windows, targets = judged.windows, judged.placements.target
    in_clips = windows.heard & (windows.placement != NOTHING)
    sure = np.flatnonzero(in_clips & ~windows.unsure)
    right = answers.argmax(axis=1) == targets
    shown = shown_clips(judged)
    return Certainty(
        _mean(windows.unsure[in_clips]),
        _mean(windows.shown[sure] == targets[windows.placement[sure]]),
        _mean(~shown),
        _mean(right[shown]),
        selective_accuracy(answers.max(axis=1), right),
    )


def selective_accuracy(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Give the accuracy of what is left when the least certain answers are left out.

    Parameters
    ----------
    confidence : ndarray, shape (n,), n >= 1
        Probability of each answer's label.
    right : ndarray, shape (n,), bool
        Whether it was the true one.

    Returns
    -------
    float
        0..1. Of equals, the first are left out: never the wrong ones on purpose.
    """
    order = np.argsort(confidence, kind="stable")
    return float(right[order[int(LEFT_OUT * len(order)) :]].mean())


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
