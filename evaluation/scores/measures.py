"""All that is measured on one cell of the table: a corpus, a kind of stream, a condition, a baseline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities
from emotion.labels import LABELS
from evaluation.scores.certainty import Certainty, certainty
from evaluation.scores.clip_answers import clip_answers
from evaluation.scores.delay import Delays, delays
from evaluation.scores.intervals import uar_draws
from evaluation.scores.judged import Judged
from trainer.scoring.scores import Scores, score


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Figures, and what pictures are drawn from.

    Attributes
    ----------
    targets : ndarray, shape (num_answers,), int64
        The true label of each placed clip.
    answers : ndarray, shape (num_answers, num_labels), float64
        What was said about it.
    scores : Scores
        Of the answers.
    uar_draws : ndarray, shape (num_draws,), float64
        UAR with other speakers.
    certainty : Certainty
        What doubt is worth.
    delays : Delays
        From a change of clip to a change of the shown label.
    num_clips : int
        Recordings that were answered; one that was placed several times counts once.
    num_speakers : int
        People.
    num_speech_windows : int
        Windows that the gate heard as speech.
    """

    targets: NDArray[np.int64]
    answers: Probabilities
    scores: Scores
    uar_draws: NDArray[np.float64]
    certainty: Certainty
    delays: Delays
    num_clips: int
    num_speakers: int
    num_speech_windows: int


def measure(judged: Judged, win_seconds: float) -> Measures:
    """Hold what was said against the truth.

    Parameters
    ----------
    judged : Judged
        Streams with at least one clip.
    win_seconds : float
        Length of a window, s.

    Returns
    -------
    Measures
        Every placed clip counted once.
    """
    placements = judged.placements
    answers = clip_answers(judged)
    predicted = answers.argmax(axis=1)
    return Measures(
        placements.target,
        answers,
        score(placements.target, answers, LABELS),
        uar_draws(placements.target, predicted, placements.speaker, len(LABELS)),
        certainty(judged, answers),
        delays(judged, win_seconds),
        len(np.unique(placements.clip)),
        len(np.unique(placements.speaker)),
        int(judged.windows.heard.sum()),
    )
