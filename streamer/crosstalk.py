"""Legs held against each other: which of them holds nothing but what leaks in from another."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from emotion.arrays import Samples
from emotion.finite_samples import make_finite
from emotion.mixing import mix_down
from streamer.envelopes.bleed import REACH_SECONDS, bleeds
from streamer.envelopes.envelope import FRAMES_PER_SECOND, MEMORY_SECONDS, Envelope
from streamer.envelopes.talk import talks
from streamer.row import Row, Skip

ADVISED_AFTER: Final = 6
"""Windows of nothing but a leak after which the user is told."""

_LEAK_SECONDS: Final = 3.0
"""A leak is looked for in at least so much of the sound up to a window's end: more tells better."""

_MOMENT_SECONDS: Final = 1.0

_PAST_SECONDS: Final = MEMORY_SECONDS - 2.0
"""How far back a leg's noise is looked for: what every envelope still has when a row is made."""


class Crosstalk:
    """Remembers the envelopes of all legs, and tells a leak from a voice.

    This is the one thing in which a leg depends on another: docs/decisions/0024-bleed.md.

    Parameters
    ----------
    sample_rates : mapping of str to int
        Of the legs' sources, by name of the leg, Hz.
    """

    def __init__(self, sample_rates: Mapping[str, int]) -> None:
        self._envelopes = {leg: Envelope(rate) for leg, rate in sample_rates.items()}
        self._num_leaks = dict.fromkeys(sample_rates, 0)

    def push(self, leg: str, samples: Samples, first_sample: int) -> None:
        """Take the sound of a leg, before its rows are made.

        Parameters
        ----------
        leg : str
            Its name.
        samples : ndarray, shape (n, channels), float32
            At its source's rate.
        first_sample : int
            Index of the first, as the stream counts.
        """
        finite, *_ = make_finite(samples)
        self._envelopes[leg].push(mix_down(finite), first_sample)

    def is_leak(self, leg: str, start: float, end: float) -> bool:
        """Tell whether a window of a leg holds another leg, weaker, and nothing of its own.

        Parameters
        ----------
        leg : str
            Its name.
        start, end : float
            Stream time, s.

        Returns
        -------
        bool
            False as well where another leg was not heard.
        """
        before = self._envelopes[leg].frames(end - _LEAK_SECONDS, start)
        # No further than to the beginning of the sound, or to the gap, that lies before the window.
        num_heard = int(np.argmax(np.isnan(before[::-1]))) if np.isnan(before).any() else len(before)
        is_leak = self._is_explained(leg, start - num_heard / FRAMES_PER_SECOND, end)
        self._num_leaks[leg] += is_leak
        return is_leak

    def talks(self, row: Row | Skip, step_seconds: float) -> bool:
        """Tell whether the leg of a row talks in the row's last step.

        Parameters
        ----------
        row : Row or Skip
            Its sound has been pushed, and no more than a second beyond.
        step_seconds : float
            Of the grid, s.

        Returns
        -------
        bool
            False in silence and noise.
        """
        past = self._envelopes[row.leg].frames(row.end - _PAST_SECONDS, row.end)
        if not talks(past, round(step_seconds * FRAMES_PER_SECOND), row.state):
            return False
        # Who has just stopped may hear the other already, while the window is still his own.
        return not self._is_explained(row.leg, row.end - _MOMENT_SECONDS, row.end)

    def _is_explained(self, leg: str, start: float, end: float) -> bool:
        own = self._envelopes[leg].frames(start, end)
        return any(
            other != leg and bleeds(own, envelope.frames(start - REACH_SECONDS, end))
            for other, envelope in self._envelopes.items()
        )

    @property
    def leaking(self) -> Sequence[str]:
        """The legs into which another one leaks so often that the user should know."""
        return [leg for leg, number in self._num_leaks.items() if number >= ADVISED_AFTER]
