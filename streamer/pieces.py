"""Cut sound that comes in any sizes into pieces of given sizes."""

from collections.abc import Iterator

import numpy as np

from emotion.arrays import Samples


class PieceCutter:
    """Joins what comes and cuts it anew: first one piece of its own length, then all of one length.

    Parameters
    ----------
    first, then : int
        Lengths in samples, at least 1.
    """

    def __init__(self, first: int, then: int) -> None:
        self._wanted = first
        self._then = then
        self._waiting: list[Samples] = []
        self._num_waiting = 0

    @property
    def num_missing(self) -> int:
        """How many samples the next piece still lacks."""
        return self._wanted - self._num_waiting

    def push(self, samples: Samples) -> Iterator[Samples]:
        """Take samples and give the pieces that they complete.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono; n may be 0. Kept until it has been given out, so nobody may change it.

        Yields
        ------
        ndarray, shape (first,) or (then,), float32
            The sound in order, nothing left out and nothing twice.
        """
        self._waiting.append(samples)
        self._num_waiting += len(samples)
        if self._num_waiting < self._wanted:
            return
        joined = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
        begin = 0
        while len(joined) - begin >= self._wanted:
            end = begin + self._wanted
            self._wanted = self._then
            yield joined[begin:end]
            begin = end
        # A copy, so that a small rest does not keep a large block alive.
        self._waiting = [joined[begin:].copy()]
        self._num_waiting = len(joined) - begin
