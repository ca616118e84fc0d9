"""A whole session's spectrogram in bounded memory."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray

MAX_COLUMNS: Final = 4_000
FLOOR_POWER: Final = 1e-12


class SpectrogramHistory:
    """Keeps at most so many columns: when they are full, neighbours are averaged and span twice the time.

    Parameters
    ----------
    max_columns : int
        An even number.

    Attributes
    ----------
    band_hz : tuple of float
        Centre of each band, Hz; empty until the first columns.
    column_seconds : float
        Time from one column to the next, s; 0 until the first columns.
    start : float
        Stream time at the first column, s.
    """

    def __init__(self, max_columns: int = MAX_COLUMNS) -> None:
        if max_columns < 2 or max_columns % 2:
            raise ValueError(f"{max_columns} columns cannot be averaged in pairs; give an even number")
        self._max_columns = max_columns
        self._power: FloatArray = np.empty((0, 0), dtype=np.float32)
        self._num_columns = 0
        self._merge = 1
        self._rest: FloatArray = np.empty((0, 0), dtype=np.float32)
        self.band_hz: tuple[float, ...] = ()
        self.column_seconds = 0.0
        self.start = 0.0

    def begin(self, band_hz: tuple[float, ...], column_seconds: float, start: float) -> None:
        """Learn what columns will come.

        Parameters
        ----------
        band_hz : tuple of float
            Centre of each band, Hz.
        column_seconds : float
            Time from one column to the next as they come, s.
        start : float
            Stream time at the first, s.
        """
        self.band_hz = band_hz
        self.column_seconds = column_seconds
        self.start = start
        self._power = np.zeros((self._max_columns, len(band_hz)), dtype=np.float32)
        self._rest = np.empty((0, len(band_hz)), dtype=np.float32)

    def add(self, power: FloatArray) -> None:
        """Append columns.

        Parameters
        ----------
        power : ndarray, shape (n, num_bands), float32
            Mel power re full scale, of the time that follows on the columns before.
        """
        waiting = np.concatenate([self._rest, power])
        while len(waiting) >= self._merge:
            whole = min(len(waiting) // self._merge, self._max_columns - self._num_columns)
            taken = waiting[: whole * self._merge]
            averaged = taken.reshape(whole, self._merge, -1).mean(axis=1)
            self._power[self._num_columns : self._num_columns + whole] = averaged
            self._num_columns += whole
            waiting = waiting[len(taken) :]
            if self._num_columns == self._max_columns:
                self._halve()
        self._rest = waiting.copy()

    @property
    def decibels(self) -> FloatArray:
        """The columns, shape (num_columns, num_bands), float32: dB re full scale, oldest first."""
        kept = self._power[: self._num_columns]
        level: FloatArray = np.float32(10.0) * np.log10(np.maximum(kept, np.float32(FLOOR_POWER)))
        return level

    def _halve(self) -> None:
        half = self._max_columns // 2
        self._power[:half] = self._power.reshape(half, 2, -1).mean(axis=1)
        self._num_columns = half
        self._merge *= 2
        self.column_seconds *= 2
