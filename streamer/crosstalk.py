"""Legs held against each other: which of them holds nothing but what leaks in from another."""

from collections.abc import Mapping, Sequence
from typing import Final

from emotion.arrays import Samples
from emotion.finite_samples import make_finite
from emotion.mixing import mix_down
from streamer.envelopes.bleed import REACH_SECONDS, bleeds
from streamer.envelopes.envelope import Envelope, Powers

ADVISED_AFTER: Final = 6
"""Windows of nothing but a leak after which the user is told."""


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
        own = self._envelopes[leg].frames(start, end)
        for other, envelope in self._envelopes.items():
            if other != leg and bleeds(own, envelope.frames(start - REACH_SECONDS, end)):
                self._num_leaks[leg] += 1
                return True
        return False

    def frames(self, leg: str, start: float, end: float) -> Powers:
        """Give the frames of a leg; see `Envelope.frames`.

        Parameters
        ----------
        leg : str
            Its name.
        start, end : float
            Stream time, s.

        Returns
        -------
        ndarray, shape (num_frames,), float64
            Mean square of each.
        """
        return self._envelopes[leg].frames(start, end)

    @property
    def leaking(self) -> Sequence[str]:
        """The legs into which another one leaks so often that the user should know."""
        return [leg for leg, number in self._num_leaks.items() if number >= ADVISED_AFTER]
