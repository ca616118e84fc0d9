"""What the set `speech` remembers of one leg: the last win of sound."""

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.encoder.encoder import Encoder
from emotion.features.speech_level import level_window
from emotion.features.speech_pooling import FEATURE_NAMES, pool
from emotion.window_grid import WindowGrid


def window_vector(encoder: Encoder, samples: Samples) -> FloatArray:
    """Give the feature vector of one window.

    Parameters
    ----------
    encoder : Encoder
        Of this process.
    samples : ndarray, shape (n,), float32
        Mono at 16 kHz, finite; n >= 895.

    Returns
    -------
    ndarray, shape (1728,), float32
        All 0 where nothing is heard.
    """
    window = level_window(samples)
    if not window.heard.any():
        return np.zeros(len(FEATURE_NAMES), dtype=np.float32)
    return pool(encoder.encode(window.sound), window.heard)


class SpeechStream:
    """The memory of one leg.

    Parameters
    ----------
    encoder : Encoder
        Shared with all other streams.
    grid : WindowGrid
        At 16 kHz.
    """

    def __init__(self, encoder: Encoder, grid: WindowGrid) -> None:
        self._encoder = encoder
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
        ndarray, shape (1728,), float32
            Of the window alone, encoded as a whole.

        Raises
        ------
        ValueError
            If less than win was pushed.
        """
        missing = self._grid.win - self._num_pushed
        if missing > 0:
            raise ValueError(f"the first window lacks {missing} samples")
        return window_vector(self._encoder, self._last)
