"""From the model's word on each window to one that does not jump about."""

import math
from typing import Final

from emotion.arrays import Probabilities

TIME_CONSTANT_SECONDS: Final = 1.0
"""After this much speech a change is shown to 63 %."""

MEMORY_SECONDS: Final = 2.0
"""Silence longer than this ends what was said before it."""


class Tracker:
    """Exponential smoothing over windows of speech, in stream time.

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
            The model's word for this window.

        Returns
        -------
        ndarray, shape (num_labels,), float64
            Smoothed, summing to 1; the same as given for the first window of speech.
        """
        self._num_silent = 0
        if self._smoothed is None:
            self._smoothed = probabilities
        else:
            # So much speech has passed, heard or not: a change is shown as soon whatever was skipped.
            speech_seconds = (1 + self._num_skipped) * self._step_seconds
            share_of_new = 1.0 - math.exp(-speech_seconds / TIME_CONSTANT_SECONDS)
            self._smoothed = self._smoothed + share_of_new * (probabilities - self._smoothed)
        self._num_skipped = 0
        return self._smoothed

    def skip(self) -> None:
        """Pass over a window of speech that nobody heard: no silence, and nothing new."""
        self._num_silent = 0
        self._num_skipped += 1

    def silence(self) -> None:
        """Take a window without speech."""
        self._num_silent += 1
        if self._num_silent * self._step_seconds > MEMORY_SECONDS:
            self._smoothed = None

    def restart(self) -> None:
        """Forget everything: after a gap nobody knows what was said."""
        self._smoothed = None
        self._num_silent = 0
        self._num_skipped = 0
