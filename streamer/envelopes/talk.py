"""Who talks right now: a window's state looks back over seconds, its newest step knows the moment."""

from typing import Final

import numpy as np

from streamer.envelopes.envelope import FRAMES_PER_SECOND, Powers
from streamer.row import State

WITH_A_VOICE: Final[frozenset[State]] = frozenset({"speech", "unsure", "clipped"})
"""States of a window in which somebody may talk; without a voice in two seconds nobody does."""

LOOK_BACK: Final = 2 * FRAMES_PER_SECOND
"""In so many frames the loudest of the talk is found."""

LOUD_SHARE: Final = 0.975
"""So many of them are under it: one click is not the loudest."""

LOW_SHARE: Final = 0.1
"""The leg's noise is what a tenth of all frames stay under."""

DEPTH: Final = 10.0 ** (-22.0 / 10.0)
"""Talk goes down to 22 dB under the loudest: the end of a word does, and most of a leak does not reach it."""

OVER_NOISE: Final = 10.0 ** (5.0 / 10.0)
"""Talk is 5 dB over the noise at least."""

NEVER_NOISE: Final = 10.0 ** (-10.0 / 10.0)
"""What is within 10 dB of the loudest is talk, whatever the noise: who talks without a breath has none."""

ENOUGH: Final = 0.4
"""The share of a step's frames that talk must fill. Half a step of talk has gaps between its sounds."""


def talks(past: Powers, num_newest: int, state: State) -> bool:
    """Tell whether a leg's newest step holds talk.

    Parameters
    ----------
    past : ndarray, shape (num_frames,), float64
        The leg's frames up to the end of a window, and of its newest step, as far back as they are kept: the
        noise is learned from them.
    num_newest : int
        How many of them are the newest step.
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        What the window holds.

    Returns
    -------
    bool
        False as well where nothing of the step was heard.
    """
    newest, recent, heard = (_heard(past[-count:]) for count in (num_newest, LOOK_BACK, len(past)))
    if state not in WITH_A_VOICE or not len(newest):
        return False
    loud, noise = _under(recent, LOUD_SHARE), _under(heard, LOW_SHARE)
    bound = max(DEPTH * loud, min(OVER_NOISE * noise, NEVER_NOISE * loud))
    return int(np.count_nonzero(newest > bound)) >= ENOUGH * len(newest)


def _heard(frames: Powers) -> Powers:
    return frames[np.isfinite(frames)]


def _under(frames: Powers, share: float) -> float:
    return float(np.sort(frames)[int((len(frames) - 1) * share)])
