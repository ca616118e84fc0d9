"""What is measured on classified streams: recalls, certainty, delay, false emotion, confidence intervals."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callmood.evaluation.classification import NOTHING, ClassifiedStreams, ClassifiedWindows, Placements
from emotion.arrays import Probabilities
from emotion.card import LABELS
from trainer.metrics import Scores, score


def clip_answers(judged: ClassifiedStreams) -> Probabilities:
    """Answer for every clip: none is left out, whatever the gate made of it.

    The answer is the mean over the windows of which more than half lies in the clip and that the gate heard
    as speech, the unsure ones among them; where the gate heard none of these, over all of them; where there
    are none, it is the window with the most overlap; and where not even that, every label alike.

    Parameters
    ----------
    judged : ClassifiedStreams
        Streams.

    Returns
    -------
    ndarray, shape (num_placements, num_labels), float64
        Each row sums to 1.
    """
    windows, placements = judged.windows, judged.placements
    num_labels = windows.probabilities.shape[1]
    answers = np.full((len(placements), num_labels), 1.0 / num_labels)
    overlapped = placements.best_window != NOTHING
    answers[overlapped] = windows.probabilities[placements.best_window[overlapped]]
    rows = counted_windows(judged)
    place = windows.placement[rows]
    sums = np.zeros_like(answers)
    np.add.at(sums, place, windows.probabilities[rows])
    counts = np.bincount(place, minlength=len(placements))
    filled = counts > 0
    answers[filled] = sums[filled] / counts[filled, None]
    return answers


def counted_windows(judged: ClassifiedStreams) -> NDArray[np.int64]:
    """Find the windows that stand for the clip in which they lie.

    Parameters
    ----------
    judged : ClassifiedStreams
        Streams.

    Returns
    -------
    ndarray, shape (at most n,), int64
        Rows, ascending.
    """
    windows, num_placements = judged.windows, len(judged.placements)
    inside = windows.placement != NOTHING
    heard = np.bincount(windows.placement[inside & windows.heard], minlength=num_placements) > 0
    swallowed = np.zeros(len(windows), dtype=np.bool_)
    swallowed[inside] = ~heard[windows.placement[inside]]
    return np.flatnonzero(inside & (windows.heard | swallowed))


def shown_clips(judged: ClassifiedStreams) -> NDArray[np.bool_]:
    """Tell the clips for which an emotion was shown at least once from those that were swallowed.

    Parameters
    ----------
    judged : ClassifiedStreams
        Streams.

    Returns
    -------
    ndarray, shape (num_placements,), bool
        False where the gate or doubt kept every window of the clip from showing one.
    """
    windows, placements = judged.windows, judged.placements
    said = (windows.placement != NOTHING) & (windows.shown != NOTHING)
    shown = np.bincount(windows.placement[said], minlength=len(placements)) > 0
    inside = windows.placement[windows.placement != NOTHING]
    alone = (np.bincount(inside, minlength=len(placements)) == 0) & (placements.best_window != NOTHING)
    shown[alone] = windows.shown[placements.best_window[alone]] != NOTHING
    return shown


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


def certainty(judged: ClassifiedStreams, answers: Probabilities) -> Certainty:
    """Measure it.

    Parameters
    ----------
    judged : ClassifiedStreams
        Streams.
    answers : ndarray, shape (num_placements, num_labels)
        As `callmood.evaluation.stream_metrics.clip_answers` gives them.

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


@dataclass(frozen=True, slots=True, eq=False)
class Delays:
    """Changes from a clip to one of another emotion, where the panel showed the first one's to the end.

    Attributes
    ----------
    seconds : ndarray, shape (num_shown,), float64
        From the first sample of the new clip to the end of the first window that shows its label.
    num_changes : int
        With those that were never shown while a window overlapped the new clip.
    """

    seconds: NDArray[np.float64]
    num_changes: int

    @property
    def median(self) -> float:
        """The middle one, s; NaN without any."""
        return float(np.median(self.seconds)) if len(self.seconds) else float("nan")

    @property
    def p90(self) -> float:
        """What nine of ten stay under, s; NaN without any."""
        return float(np.percentile(self.seconds, 90)) if len(self.seconds) else float("nan")

    @property
    def shown_share(self) -> float:
        """Share of the changes that were shown in time; NaN without changes."""
        return len(self.seconds) / self.num_changes if self.num_changes else float("nan")


def delays(judged: ClassifiedStreams, win_seconds: float) -> Delays:
    """Measure the delay of every change that could be seen.

    A change can only be seen where the panel was right before it: the last label shown before the new clip
    begins must be that of the clip before.

    Parameters
    ----------
    judged : ClassifiedStreams
        Streams, each one's windows in order.
    win_seconds : float
        Length of a window, s: those that end later than this after a clip do not overlap it.

    Returns
    -------
    Delays
        Over all streams.
    """
    placements = judged.placements
    rows_of = _rows_of_streams(judged.windows)
    found: list[float] = []
    num_changes = 0
    for before, after in _changes(placements):
        rows = rows_of.get(int(placements.stream[after]))
        if rows is None:
            continue
        ends, shown = judged.windows.end[rows], judged.windows.shown[rows]
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


def _rows_of_streams(windows: ClassifiedWindows) -> dict[int, NDArray[np.int64]]:
    order = np.argsort(windows.stream, kind="stable")
    names, first = np.unique(windows.stream[order], return_index=True)
    return {int(name): rows for name, rows in zip(names, np.split(order, first[1:]), strict=True)}


def _changes(placements: Placements) -> list[tuple[int, int]]:
    order = np.lexsort((placements.start, placements.stream))
    return [
        (before, after)
        for before, after in pairwise(order.tolist())
        if placements.stream[before] == placements.stream[after]
        and placements.target[before] != placements.target[after]
    ]


def false_emotion(judged: ClassifiedStreams, sounds: NDArray[np.str_]) -> dict[str, float]:
    """Count windows that show an emotion, for each kind of sound.

    Parameters
    ----------
    judged : ClassifiedStreams
        Streams without speech.
    sounds : ndarray, shape (num_streams,), str
        What is heard in each.

    Returns
    -------
    dict of str to float
        Share of its windows, 0..1; sorted by name.
    """
    shown = judged.windows.shown != NOTHING
    of_window = sounds[judged.windows.stream]
    return {str(name): float(shown[of_window == name].mean()) for name in np.unique(of_window)}


NUM_DRAWS: Final = 1_000
SEED: Final = 0
COVERED: Final = 95.0
"""Per cent of the draws that lie in the interval."""


def uar_draws(
    targets: NDArray[np.int64],
    predicted: NDArray[np.int64],
    speakers: NDArray[np.str_],
    num_labels: int,
    seed: int = SEED,
) -> NDArray[np.float64]:
    """Draw as many speakers as there are, with replacement, again and again (Efron 1979).

    Speakers, not clips, are what a stranger is drawn from: clips of one speaker stand and fall together.

    Parameters
    ----------
    targets, predicted : ndarray, shape (n,), n >= 1
        The truth, and what was said.
    speakers : ndarray, shape (n,)
        Who spoke.
    num_labels : int
        Labels that there are.
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
    """Give the ends between which the middle of the draws lies.

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


def measure(judged: ClassifiedStreams, win_seconds: float) -> Measures:
    """Hold what was said against the truth.

    Parameters
    ----------
    judged : ClassifiedStreams
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
