"""The window grid: seconds are rounded to samples once, here; and the bounds of sample rates and channels."""

import math
from dataclasses import dataclass
from typing import Final

from emotion.errors import UsageError

MIN_SAMPLE_RATE: Final = 4_000
MAX_SAMPLE_RATE: Final = 384_000
MAX_CHANNELS: Final = 32
"""A header may announce a thousand, and a second of them is a gigabyte."""


def to_samples(seconds: float, sample_rate: int) -> int:
    """Turn a duration into the nearest whole number of samples.

    Parameters
    ----------
    seconds : float
        Duration, s.
    sample_rate : int
        Hz.

    Returns
    -------
    int
        ``seconds * sample_rate`` rounded half up. Truncation would give 32 159 for 2.01 s at 16 kHz.
    """
    return math.floor(seconds * sample_rate + 0.5)


@dataclass(frozen=True, slots=True)
class WindowGrid:
    """Window k covers the samples ``[k * step, k * step + win)`` of a segment.

    Attributes
    ----------
    win, step : int
        Length of a window and distance between window starts, in samples at `sample_rate`; 1 <= step <= win.
    sample_rate : int
        Of the model, Hz.
    """

    win: int
    step: int
    sample_rate: int

    @classmethod
    def from_seconds(cls, win_seconds: float, step_seconds: float, sample_rate: int) -> "WindowGrid":
        """Lay the grid for a win and a step in seconds.

        Parameters
        ----------
        win_seconds, step_seconds : float
            0 < step <= win, s.
        sample_rate : int
            Hz.

        Returns
        -------
        WindowGrid
            The same in samples, each rounded once.

        Raises
        ------
        UsageError
            If a value is not finite, not positive, or step is longer than win.
        """
        for name, value in (("win", win_seconds), ("step", step_seconds)):
            if not math.isfinite(value) or to_samples(value, sample_rate) < 1:
                raise UsageError(f"{name} is {value:g} s; give a positive number of seconds, such as 0.5")
        if step_seconds > win_seconds:
            raise UsageError(
                f"step is {step_seconds:g} s and win {win_seconds:g} s: sound between windows would go "
                f"unheard; give a step of at most {win_seconds:g}"
            )
        return cls(to_samples(win_seconds, sample_rate), to_samples(step_seconds, sample_rate), sample_rate)

    @property
    def first_piece(self) -> int:
        """Samples before the first step boundary: what is left of win after whole steps, in 1..step."""
        return self.win - (math.ceil(self.win / self.step) - 1) * self.step

    def end_of_piece(self, num_pushed: int, length: int) -> int:
        """Count the samples pushed with one more piece: `first_piece` the first time, then a step.

        Parameters
        ----------
        num_pushed : int
            Before it.
        length : int
            Of the piece.

        Returns
        -------
        int
            ``num_pushed + length``.

        Raises
        ------
        ValueError
            If a piece of another length is due.
        """
        due = self.step if num_pushed else self.first_piece
        if length != due:
            raise ValueError(f"a piece of {length} samples where one of {due} was due")
        return num_pushed + length

    def num_windows(self, num_samples: int) -> int:
        """Count the windows that lie wholly inside the first `num_samples` samples.

        Parameters
        ----------
        num_samples : int
            Length of the segment, at `sample_rate`.

        Returns
        -------
        int
            ``(num_samples - win) // step + 1``, or 0; a tail shorter than win gives none.
        """
        return max(0, (num_samples - self.win) // self.step + 1)

    def span(self, window: int) -> tuple[int, int]:
        """Give the samples of a window.

        Parameters
        ----------
        window : int
            Index of the window in its segment, from 0.

        Returns
        -------
        tuple of int
            First sample, and one past the last.
        """
        return window * self.step, window * self.step + self.win
