"""What the set `speech` remembers of one leg: the last win of sound."""

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.features.speech_window import WindowEncoders
from emotion.window_grid import WindowGrid


class SpeechStream:
    """The memory of one leg.

    Parameters
    ----------
    encoders : WindowEncoders
        Shared with all other streams.
    grid : WindowGrid
        At 16 kHz.
    """

    def __init__(self, encoders: WindowEncoders, grid: WindowGrid) -> None:
        self._encoders = encoders
        self._grid = grid
        self._last = np.zeros(grid.win, dtype=np.float32)
        self._num_pushed = 0

    def push(self, piece: Samples) -> None:
        """Take the next piece; nothing is encoded before a vector is asked for.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,)
            Mono float32 at 16 kHz.

        Raises
        ------
        ValueError
            If the piece has another length.
        """
        due = self._grid.step if self._num_pushed else self._grid.first_piece
        if len(piece) != due:
            raise ValueError(f"a piece of {len(piece)} samples where one of {due} was due")
        self._num_pushed += due
        self._last[:-due] = self._last[due:]
        self._last[-due:] = piece

    def vector(self) -> FloatArray:
        """Give the feature vector of the last win samples pushed.

        Returns
        -------
        ndarray, shape (num_features,), float32
            Of the window alone, encoded as a whole.

        Raises
        ------
        ValueError
            If less than win was pushed.
        """
        missing = self._grid.win - self._num_pushed
        if missing > 0:
            raise ValueError(f"the first window lacks {missing} samples")
        return self._encoders.vector(self._last)
