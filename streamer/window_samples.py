"""The sound of the latest window, kept in one place."""

import numpy as np

from emotion.arrays import Samples
from emotion.window_grid import WindowGrid


class WindowSamples:
    """The last win samples of a stretch, pushed in the pieces of the grid.

    Parameters
    ----------
    grid : WindowGrid
        Names win and step.
    """

    def __init__(self, grid: WindowGrid) -> None:
        self._samples = np.zeros(grid.win, dtype=np.float32)
        self._num_pushed = 0

    def push(self, piece: Samples) -> None:
        """Append a piece; the oldest samples leave.

        Parameters
        ----------
        piece : ndarray, shape (n,), float32, n <= win
            Mono.
        """
        kept = len(self._samples) - len(piece)
        self._samples[:kept] = self._samples[len(piece) :]
        self._samples[kept:] = piece
        self._num_pushed += len(piece)

    @property
    def is_full(self) -> bool:
        """True from the first whole window on."""
        return self._num_pushed >= len(self._samples)

    @property
    def samples(self) -> Samples:
        """The window, shape (win,), float32; valid until the next push."""
        return self._samples
