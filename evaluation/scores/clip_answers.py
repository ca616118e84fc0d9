"""What was said about a clip, from what was said about the windows that lie in it."""

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities
from evaluation.scores.judged import NOTHING, Judged


def clip_answers(judged: Judged) -> Probabilities:
    """Answer for every clip: none is left out, whatever the gate made of it.

    The answer is the mean over the windows of which more than half lies in the clip and that the gate heard
    as speech, the unsure ones among them; where the gate heard none of these, over all of them; where there
    are none, it is the window with the most overlap; and where not even that, every label alike.

    Parameters
    ----------
    judged : Judged
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


def counted_windows(judged: Judged) -> NDArray[np.int64]:
    """Find the windows that stand for the clip in which they lie.

    Parameters
    ----------
    judged : Judged
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


def shown_clips(judged: Judged) -> NDArray[np.bool_]:
    """Tell the clips for which an emotion was shown at least once from those that were swallowed.

    Parameters
    ----------
    judged : Judged
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
