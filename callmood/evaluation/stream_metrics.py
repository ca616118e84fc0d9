"""What is measured on classified streams: recalls, certainty, delay, false emotion, confidence intervals."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callmood.evaluation.classification import NOTHING, ClassifiedStreams, Placements, rows_of_streams
from emotion.arrays import Probabilities
from emotion.card import LABELS
from trainer.metrics import Scores, score

LEFT_OUT: Final = 0.4
"""The share of clips, the least certain, that `selective_accuracy` leaves out."""

NUM_DRAWS: Final = 1_000
SEED: Final = 0
COVERED: Final = 95.0
"""Per cent of the draws that lie in the interval."""


@dataclass(frozen=True, slots=True)
class Certainty:
    """Shares of windows and clips.

    Attributes
    ----------
    unsure_share : float
        Of the windows of speech that lie in clips: shown as unsure. NaN without speech.
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


@dataclass(frozen=True, slots=True, eq=False)
class Delays:
    """Changes from a clip to one of another emotion, where the panel showed the first one's at the end.

    Attributes
    ----------
    seconds : ndarray, shape (num_shown,), float64
        From the first sample of the new clip to the end of the first window that shows its label.
    num_changes : int
        Including those that were never shown while a window overlapped the new clip.
    """

    seconds: NDArray[np.float64]
    num_changes: int

    @property
    def median(self) -> float:
        """Median, s; NaN without any."""
        return float(np.median(self.seconds)) if len(self.seconds) else float("nan")

    @property
    def p90(self) -> float:
        """90th percentile, s; NaN without any."""
        return float(np.percentile(self.seconds, 90)) if len(self.seconds) else float("nan")

    @property
    def shown_share(self) -> float:
        """Share of the changes that were shown in time; NaN without changes."""
        return len(self.seconds) / self.num_changes if self.num_changes else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Figures, and what pictures are drawn from.

    Attributes
    ----------
    targets : ndarray, shape (num_answers,), int64
        The true label of each placed clip.
    answers : ndarray, shape (num_answers, num_labels), float64
        Its probabilities.
    scores : Scores
        Of the answers.
    uar_draws : ndarray, shape (num_draws,), float64
        UAR of bootstrap samples.
    certainty : Certainty
        Shares of unsure windows and clips.
    delays : Delays
        From a change of clip to a change of the shown label.
    num_clips : int
        Recordings; one that was placed several times counts once.
    num_speakers : int
        Speakers.
    num_speech_windows : int
        Windows of speech.
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


def measure(classified: ClassifiedStreams, win_seconds: float) -> Measures:
    """Compare the answers with the truth.

    Parameters
    ----------
    classified : ClassifiedStreams
        Streams with at least one clip.
    win_seconds : float
        Length of a window, s.

    Returns
    -------
    Measures
        Every placed clip counted once.
    """
    placements = classified.placements
    answers = clip_answers(classified)
    predicted = answers.argmax(axis=1)
    return Measures(
        placements.target,
        answers,
        score(placements.target, answers, LABELS),
        uar_draws(placements.target, predicted, placements.speaker, len(LABELS)),
        certainty(classified, answers),
        delays(classified, win_seconds),
        len(np.unique(placements.clip)),
        len(np.unique(placements.speaker)),
        int(classified.windows.heard.sum()),
    )


def clip_answers(classified: ClassifiedStreams) -> Probabilities:
    """Answer for every clip, also where the gate finds no speech.

    The answer is the mean over the windows of speech, also unsure ones, of which more than half lies in the
    clip; where none of these is speech, over all of them; where there are none, it is the window with the
    most overlap; and without that, equal probabilities.

    Parameters
    ----------
    classified : ClassifiedStreams
        Streams.

    Returns
    -------
    ndarray, shape (num_placements, num_labels), float64
        Each row sums to 1.
    """
    windows, placements = classified.windows, classified.placements
    num_labels = windows.probabilities.shape[1]
    answers = np.full((len(placements), num_labels), 1.0 / num_labels)
    overlapped = placements.best_window != NOTHING
    answers[overlapped] = windows.probabilities[placements.best_window[overlapped]]
    rows = counted_windows(classified)
    place = windows.placement[rows]
    sums = np.zeros_like(answers)
    np.add.at(sums, place, windows.probabilities[rows])
    counts = np.bincount(place, minlength=len(placements))
    filled = counts > 0
    answers[filled] = sums[filled] / counts[filled, None]
    return answers


def counted_windows(classified: ClassifiedStreams) -> NDArray[np.int64]:
    """Find the windows that count for the clip in which they lie.

    Parameters
    ----------
    classified : ClassifiedStreams
        Streams.

    Returns
    -------
    ndarray, shape (at most n,), int64
        Rows, ascending.
    """
    windows, num_placements = classified.windows, len(classified.placements)
    inside = windows.placement != NOTHING
    has_speech = np.bincount(windows.placement[inside & windows.heard], minlength=num_placements) > 0
    without_speech = np.zeros(len(windows), dtype=np.bool_)
    without_speech[inside] = ~has_speech[windows.placement[inside]]
    return np.flatnonzero(inside & (windows.heard | without_speech))


def shown_clips(classified: ClassifiedStreams) -> NDArray[np.bool_]:
    """Find the clips for which an emotion was shown at least once.

    Parameters
    ----------
    classified : ClassifiedStreams
        Streams.

    Returns
    -------
    ndarray, shape (num_placements,), bool
        False where the gate or doubt hid the emotion of every window of the clip.
    """
    windows, placements = classified.windows, classified.placements
    labelled = (windows.placement != NOTHING) & (windows.shown != NOTHING)
    shown = np.bincount(windows.placement[labelled], minlength=len(placements)) > 0
    inside = windows.placement[windows.placement != NOTHING]
    alone = (np.bincount(inside, minlength=len(placements)) == 0) & (placements.best_window != NOTHING)
    shown[alone] = windows.shown[placements.best_window[alone]] != NOTHING
    return shown


def certainty(classified: ClassifiedStreams, answers: Probabilities) -> Certainty:
    """Measure shares of windows and clips.

    Parameters
    ----------
    classified : ClassifiedStreams
        Streams.
    answers : ndarray, shape (num_placements, num_labels)
        As `clip_answers` gives them.

    Returns
    -------
    Certainty
        Over all windows and clips given.
    """
    windows, targets = classified.windows, classified.placements.target
    in_clips = windows.heard & (windows.placement != NOTHING)
    sure = np.flatnonzero(in_clips & ~windows.unsure)
    right = answers.argmax(axis=1) == targets
    shown = shown_clips(classified)
    return Certainty(
        _mean(windows.unsure[in_clips]),
        _mean(windows.shown[sure] == targets[windows.placement[sure]]),
        _mean(~shown),
        _mean(right[shown]),
        selective_accuracy(answers.max(axis=1), right),
    )


def selective_accuracy(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Give the accuracy without the least certain answers.

    Parameters
    ----------
    confidence : ndarray, shape (n,), n >= 1
        Probability of each answer's label.
    right : ndarray, shape (n,), bool
        Whether it was the true one.

    Returns
    -------
    float
        0..1. Of equals, the first are left out, right or wrong.
    """
    order = np.argsort(confidence, kind="stable")
    return float(right[order[int(LEFT_OUT * len(order)) :]].mean())


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def delays(classified: ClassifiedStreams, win_seconds: float) -> Delays:
    """Measure the delay of every visible change.

    A change is visible only where the panel was right before it: the last label shown before the new clip
    begins must be that of the clip before.

    Parameters
    ----------
    classified : ClassifiedStreams
        Streams, each one's windows in order.
    win_seconds : float
        Length of a window, s: those that end later than this after a clip do not overlap it.

    Returns
    -------
    Delays
        Over all streams.
    """
    placements = classified.placements
    rows_of = rows_of_streams(classified.windows.stream)
    found: list[float] = []
    num_changes = 0
    for before, after in _changes(placements):
        rows = rows_of.get(int(placements.stream[after]))
        if rows is None:
            continue
        ends, shown = classified.windows.end[rows], classified.windows.shown[rows]
        onset = float(placements.start[after])
        earlier = shown[(ends <= onset) & (shown != NOTHING)]
        if not len(earlier) or earlier[-1] != placements.target[before]:
            continue
        num_changes += 1
        in_time = (ends > onset) & (ends < placements.end[after] + win_seconds)
        showing = ends[in_time & (shown == placements.target[after])]
        if len(showing):
            found.append(float(showing[0]) - onset)
    return Delays(np.array(found), num_changes)


def _changes(placements: Placements) -> list[tuple[int, int]]:
    order = np.lexsort((placements.start, placements.stream))
    return [
        (before, after)
        for before, after in pairwise(order.tolist())
        if placements.stream[before] == placements.stream[after]
        and placements.target[before] != placements.target[after]
    ]


def false_emotion(classified: ClassifiedStreams, sounds: NDArray[np.str_]) -> dict[str, float]:
    """Count windows that show an emotion, for each kind of sound.

    Parameters
    ----------
    classified : ClassifiedStreams
        Streams without speech.
    sounds : ndarray, shape (num_streams,), str
        The kind of sound of each.

    Returns
    -------
    dict of str to float
        Share of its windows, 0..1; sorted by name.
    """
    shown = classified.windows.shown != NOTHING
    of_window = sounds[classified.windows.stream]
    return {str(name): float(shown[of_window == name].mean()) for name in np.unique(of_window)}


def uar_draws(
    targets: NDArray[np.int64],
    predicted: NDArray[np.int64],
    speakers: NDArray[np.str_],
    num_labels: int,
    seed: int = SEED,
) -> NDArray[np.float64]:
    """Bootstrap the UAR over speakers (Efron 1979).

    Speakers are drawn, not clips: errors on clips of one speaker are correlated.

    Parameters
    ----------
    targets, predicted : ndarray, shape (n,), n >= 1
        The truth, and the predictions.
    speakers : ndarray, shape (n,)
        Who spoke.
    num_labels : int
        Number of labels.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray, shape (NUM_DRAWS,), float64
        UAR of each draw, over the labels that occur in it.
    """
    names, place = np.unique(speakers, return_inverse=True)
    counts = np.zeros((len(names), num_labels, num_labels))
    np.add.at(counts, (place, targets, predicted), 1)
    shares = np.full(len(names), 1.0 / len(names))
    drawn = np.random.default_rng(seed).multinomial(len(names), shares, size=NUM_DRAWS)
    confusions = np.tensordot(drawn, counts, axes=1)
    support = confusions.sum(axis=2)
    right = np.diagonal(confusions, axis1=1, axis2=2)
    recalls = np.divide(right, support, out=np.full(support.shape, np.nan), where=support > 0)
    return np.asarray(np.nanmean(recalls, axis=1))


def interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    """Give the confidence interval of a figure.

    Parameters
    ----------
    draws : ndarray, shape (num_draws,)
        A figure of each draw.

    Returns
    -------
    tuple of float
        The 2.5th and the 97.5th percentile.
    """
    rest = (100.0 - COVERED) / 2
    low, high = np.percentile(draws, [rest, 100.0 - rest])
    return float(low), float(high)
