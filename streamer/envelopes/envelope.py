"""The power of a leg every ten milliseconds, as far back as anyone asks."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples

Powers: TypeAlias = NDArray[np.float64]
"""``(num_frames,)``: mean square without DC, full scale 1; NaN where nothing was heard."""

FRAMES_PER_SECOND: Final = 100

MEMORY_SECONDS: Final = 8.0
"""How far back frames are kept."""

_NUM_KEPT: Final = round(MEMORY_SECONDS * FRAMES_PER_SECOND)


class Envelope:
    """Frames of 10 ms on a grid of the sample index, so that those of two legs of a source lie side by side.

    Frame i holds the samples of index i·rate/100 up to (i + 1)·rate/100. It does not matter how the sound is
    cut. A frame that was not heard whole is NaN.

    Parameters
    ----------
    sample_rate : int
        That of the source, Hz; at least 100.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._powers = np.full(_NUM_KEPT, np.nan)
        self._end_frame = 0
        self._end_sample: int | None = None
        self._waiting = np.zeros(0, dtype=np.float32)

    def push(self, samples: Samples, first_sample: int) -> None:
        """Take the next sound.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, finite, at the source's rate.
        first_sample : int
            Index of the first, in the numbers of the stream; a jump is a gap.

        Raises
        ------
        ValueError
            If it lies before the end of the last ones: a source that counts backwards is broken.
        """
        if self._end_sample is not None and first_sample < self._end_sample:
            raise ValueError(f"{first_sample} was told as the next sample after {self._end_sample}")
        if first_sample != self._end_sample:
            self._waiting = self._waiting[:0]
        self._end_sample = first_sample + len(samples)
        sound = np.concatenate((self._waiting, samples)) if len(self._waiting) else samples
        start_sample = self._end_sample - len(sound)
        # The first frame that begins, and the first one that does not end, in the sound at hand.
        first = (start_sample - 1) * FRAMES_PER_SECOND // self._sample_rate + 1
        end = self._end_sample * FRAMES_PER_SECOND // self._sample_rate
        if end > first:
            # A list: there are few of them, each time.
            bounds = [
                -(-frame * self._sample_rate // FRAMES_PER_SECOND) - start_sample
                for frame in range(first, end + 1)
            ]
            self._keep(first, _powers(sound, np.array(bounds)))
            sound = sound[bounds[-1] :]
        # A copy, so that a small rest does not keep a large block alive, nor change with it.
        self._waiting = sound.copy()

    def frames(self, start_seconds: float, end_seconds: float) -> Powers:
        """Give the frames of a stretch of time.

        Parameters
        ----------
        start_seconds, end_seconds : float
            Stream time, s; taken to the nearest frame. As many frames come as the difference holds.

        Returns
        -------
        ndarray, shape (num_frames,), float64
            Mean square of each frame without its DC, full scale 1. NaN where it was not heard whole: before
            the stream, in a gap, after the latest sound, or longer ago than is kept.
        """
        first = round(start_seconds * FRAMES_PER_SECOND)
        num_frames = max(0, round((end_seconds - start_seconds) * FRAMES_PER_SECOND))
        places = np.arange(first, first + num_frames)
        kept = (places >= max(0, self._end_frame - _NUM_KEPT)) & (places < self._end_frame)
        found: Powers = np.where(kept, self._powers[places % _NUM_KEPT], np.nan)
        return found

    def _keep(self, first: int, powers: Powers) -> None:
        end = first + len(powers)
        if first > self._end_frame:
            # What was passed over is lost: nothing older may stand in its place.
            lost = np.arange(max(self._end_frame, end - _NUM_KEPT), first)
            self._powers[lost % _NUM_KEPT] = np.nan
        latest = powers[-_NUM_KEPT:]
        self._powers[np.arange(end - len(latest), end) % _NUM_KEPT] = latest
        self._end_frame = end


def _powers(sound: Samples, bounds: NDArray[np.int64]) -> Powers:
    exact = sound[: bounds[-1]].astype(np.float64)
    starts = bounds[:-1]
    lengths = bounds[1:] - starts
    means = np.add.reduceat(exact, starts) / lengths
    np.multiply(exact, exact, out=exact)
    powers: Powers = np.add.reduceat(exact, starts) / lengths - means * means
    return np.maximum(powers, 0.0, out=powers)
