"""How loud it is now, and how loud the room is when nobody speaks, learned while listening."""

from collections import deque
from typing import Final

from emotion.arrays import Samples
from emotion.level import FLOOR_DBFS, level_dbfs
from emotion.window_grid import to_samples
from streamer.pieces import PieceCutter

SLICE_SECONDS: Final = 0.1
"""Levels are taken over slices of this length: shorter than the pauses between words."""

MEMORY_SECONDS: Final = 12.0
"""How far back the floor looks: longer than one speaks without a breath; then a louder room is known."""

LOW_SHARE: Final = 0.1
"""The floor is the level that a tenth of the slices stay under."""

CEILING_DBFS: Final = -35.0
"""The floor is never taken for higher: loud steady sound without a pause is no quiet room."""


class NoiseFloor:
    """A low percentile of the levels of the last twelve seconds; see docs/decisions/0007-noise-gate.md.

    It looks only back, counts in samples of the stream, and does not depend on how the sound is cut.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Attributes
    ----------
    latest_dbfs : float
        Level of the latest slice, for the eye, dB below full scale; -120 before the first.
    """

    def __init__(self, sample_rate: int) -> None:
        self._slice_length = max(1, to_samples(SLICE_SECONDS, sample_rate))
        self._levels: deque[float] = deque(maxlen=round(MEMORY_SECONDS / SLICE_SECONDS))
        self._slices = PieceCutter(self._slice_length, self._slice_length)
        self.latest_dbfs = FLOOR_DBFS

    def push(self, samples: Samples) -> None:
        """Take the next sound.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, at the rate given.
        """
        for part in self._slices.push(samples):
            self.latest_dbfs = level_dbfs(part)
            self._levels.append(self.latest_dbfs)

    def restart_after_gap(self) -> None:
        """Glue no slice across a gap; what is known of the room stays."""
        self._slices = PieceCutter(self._slice_length, self._slice_length)

    @property
    def dbfs(self) -> float:
        """The floor, dB below full scale, in -120..-35; -120 before the first slice."""
        if not self._levels:
            return FLOOR_DBFS
        rank = int((len(self._levels) - 1) * LOW_SHARE)
        return min(sorted(self._levels)[rank], CEILING_DBFS)
