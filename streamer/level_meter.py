"""The level of the last tenth of a second, for the eye."""

from typing import Final

from emotion.arrays import Samples
from emotion.level import FLOOR_DBFS, level_dbfs
from emotion.window_grid import to_samples
from streamer.pieces import PieceCutter

SPAN_SECONDS: Final = 0.1


class LevelMeter:
    """Measures one tenth of a second after another.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        span = max(1, to_samples(SPAN_SECONDS, sample_rate))
        self._spans = PieceCutter(span, span)
        self.level_dbfs = FLOOR_DBFS

    def push(self, samples: Samples) -> None:
        """Take the next sound.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, at the rate given.
        """
        for span in self._spans.push(samples):
            self.level_dbfs = level_dbfs(span)
