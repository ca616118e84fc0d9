"""What is shown of a voice over time: probabilities, smoothed until they change."""

import math
from typing import Final

from emotion.arrays import Probabilities

TIME_CONSTANT_SECONDS: Final = 1.0
"""After this much speech a change is shown to 63 %."""

MEMORY_SECONDS: Final = 2.0
"""Longer silence makes the smoother forget the speech before it."""

CHANGE_ODDS: Final = math.e
"""A window by which another label is so many times as likely as the shown one ends the smoothing: it is taken
as it is."""


class ProbabilitySmoother:
    """Exponential smoothing over windows of speech, in stream time, until the emotion clearly changes.

    See docs/decisions/0040-changes.md.

    Parameters
    ----------
    step_seconds : float
        Stream time from one window to the next, s.
    """

    def __init__(self, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._smoothed: Probabilities | None = None
        self._num_silent = 0
        self._num_skipped = 0

    def speech(self, probabilities: Probabilities) -> Probabilities:
        """Take a window of speech.

        Parameters
        ----------
        probabilities : ndarray, shape (num_labels,), float64
            What the model gives for this window.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            Smoothed, summing to 1; the same as given for the first window of speech, and at a clear change.
        """
        if self._smoothed is None or _speaks_against(probabilities, self._smoothed):
            self._smoothed = probabilities
        else:
            # Skipped speech counts as time: a change is shown as soon whatever was skipped.
            speech_seconds = (1 + self._num_skipped) * self._step_seconds
            share_of_new = 1.0 - math.exp(-speech_seconds / TIME_CONSTANT_SECONDS)
            self._smoothed = self._smoothed + share_of_new * (probabilities - self._smoothed)
        self._num_silent = self._num_skipped = 0
        return self._smoothed

    def skip(self) -> None:
        """Pass over a window of speech that was not analysed: no silence, and nothing new."""
        self._num_silent = 0
        self._num_skipped += 1

    def silence(self) -> None:
        """Take a window without speech."""
        self._num_silent += 1
        if self._num_silent * self._step_seconds > MEMORY_SECONDS:
            self._smoothed = None

    def restart(self) -> None:
        """Forget the probabilities, as at a gap; the next window of speech ends all counts."""
        self._smoothed = None


def _speaks_against(probabilities: Probabilities, smoothed: Probabilities) -> bool:
    """Tell whether a window is clearly for another label than the one that leads so far."""
    return bool(probabilities.max() > CHANGE_ODDS * probabilities[smoothed.argmax()])
