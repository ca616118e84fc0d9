"""The level of the latest window, each sample looked at once."""

from collections import deque

from emotion.arrays import Samples
from emotion.level import Moments, level_of_moments, moments_of
from emotion.window_grid import WindowGrid


class WindowLevel:
    """Keeps of each piece of the grid what the level of a window is made of, not the sound.

    Windows begin inside a piece where win is no multiple of step; pieces are then looked at in two parts.

    Parameters
    ----------
    grid : WindowGrid
        Names win and step.
    """

    def __init__(self, grid: WindowGrid) -> None:
        self._next_start = grid.step - grid.first_piece
        num_later_pieces = (grid.win - grid.first_piece) // grid.step
        parts_of_piece = 2 if self._next_start else 1
        self._parts: deque[Moments] = deque(maxlen=1 + parts_of_piece * num_later_pieces)

    def push(self, piece: Samples) -> None:
        """Look at the next piece; what lies before the window is forgotten.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,), float32
            Mono.
        """
        if self._parts and self._next_start:
            self._parts.append(moments_of(piece[: self._next_start]))
            piece = piece[self._next_start :]
        self._parts.append(moments_of(piece))

    @property
    def is_full(self) -> bool:
        """True from the first whole window on."""
        return len(self._parts) == self._parts.maxlen

    @property
    def dbfs(self) -> float:
        """RMS of the window without its DC, dB below full scale, as `emotion.level.level_dbfs` gives it."""
        return level_of_moments(self._parts)
