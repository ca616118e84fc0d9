"""The last seconds of sound, from which clips are cut."""

from collections import deque
from typing import NamedTuple

import numpy as np

from emotion.arrays import Samples


class _Piece(NamedTuple):
    first_sample: int
    samples: Samples

    @property
    def end_sample(self) -> int:
        return self.first_sample + len(self.samples)


class ClipRing:
    """Mono sound with its place in the stream.

    Parameters
    ----------
    capacity : int
        Samples that stay within reach before the latest push: rows come after the sound that completes them,
        however much of it came at once.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pieces: deque[_Piece] = deque()

    def push(self, first_sample: int, samples: Samples) -> None:
        """Add sound and let go of what is out of reach.

        Parameters
        ----------
        first_sample : int
            Index of the first sample in the stream; a jump is a gap.
        samples : ndarray, shape (n,), float32
            Not to be changed any more.
        """
        while self._pieces and self._pieces[0].end_sample <= first_sample - self._capacity:
            self._pieces.popleft()
        if len(samples):
            self._pieces.append(_Piece(first_sample, samples))

    def cut(self, start_sample: int, end_sample: int) -> Samples | None:
        """Take a stretch out.

        Parameters
        ----------
        start_sample, end_sample : int
            The first sample, and one past the last.

        Returns
        -------
        ndarray, shape (end_sample - start_sample,), float32, or None
            None if any of it is not there.
        """
        found = []
        at = start_sample
        for piece in self._pieces:
            if piece.first_sample <= at < min(piece.end_sample, end_sample):
                found.append(piece.samples[at - piece.first_sample : end_sample - piece.first_sample])
                at += len(found[-1])
        return np.concatenate(found) if found and at == end_sample else None

    def unbroken_start(self, start_sample: int, end_sample: int) -> int:
        """Find where the sound begins that leads to a place without a gap.

        Parameters
        ----------
        start_sample : int
            How far back to look.
        end_sample : int
            One past the last sample.

        Returns
        -------
        int
            The first sample, not before `start_sample`; `end_sample` where nothing is there.
        """
        begins = end_sample
        for piece in reversed(self._pieces):
            if piece.first_sample < end_sample:
                if piece.end_sample < begins:
                    break
                begins = piece.first_sample
        return min(end_sample, max(start_sample, begins))

    @property
    def num_samples(self) -> int:
        """Samples held."""
        return sum(len(piece.samples) for piece in self._pieces)
