"""The mel spectrogram of the last minute, and of the session where it is wanted."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray, Samples, read_only
from streamer.snapshot import SpectrogramView
from streamer.spectrogram.history import FLOOR_POWER, SpectrogramHistory
from streamer.spectrogram.mel_columns import NUM_BANDS, MelColumns

KEPT_SECONDS: Final = 60.0
MIN_NEW_COLUMNS: Final = 5
"""Columns are computed a handful at a time: each call costs about the same whatever it is given."""


class SpectrogramColumns:
    """Hears a leg at the model's rate and keeps the last minute of it as mel columns.

    A gap is drawn as nothing heard, so that the time axis holds.

    Parameters
    ----------
    sample_rate : int
        Hz.
    history : SpectrogramHistory, optional
        Is given all columns of the session.
    """

    def __init__(self, sample_rate: int, history: SpectrogramHistory | None = None) -> None:
        self._mel = MelColumns(sample_rate)
        self._sample_rate = sample_rate
        self._history = history
        self._max_columns = round(KEPT_SECONDS / self._mel.column_seconds)
        # Longer than what is shown: copied when it is full, and not with each handful.
        self._decibels = self._empty()
        self._num_columns = 0
        self._waiting: list[Samples] = []
        self._num_waiting = 0
        self._end: float | None = None

    def begin(self, start: float) -> None:
        """Learn that a stretch begins.

        Parameters
        ----------
        start : float
            Stream time, s.
        """
        self._waiting = []
        self._num_waiting = 0
        if self._end is None:
            self._end = start
            if self._history is not None:
                self._history.begin(self._mel.band_hz, self._mel.column_seconds, start)
        num_missing = round((start - self._end) / self._mel.column_seconds)
        while num_missing > 0:
            # In parts, so that a pause over night costs no memory.
            part = min(num_missing, self._max_columns)
            self._append(np.zeros((part, NUM_BANDS), dtype=np.float32))
            num_missing -= part

    def push(self, samples: Samples) -> None:
        """Take the next sound of the stretch.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, at the rate given.
        """
        self._waiting.append(samples)
        self._num_waiting += len(samples)
        num_columns = self._mel.num_columns(self._num_waiting)
        if num_columns < MIN_NEW_COLUMNS:
            return
        joined = np.concatenate(self._waiting)
        self._append(self._mel.power(joined))
        rest = joined[num_columns * self._mel.hop :].copy()
        self._waiting = [rest]
        self._num_waiting = len(rest)

    def view(self) -> SpectrogramView:
        """Give what the screen may draw.

        Returns
        -------
        SpectrogramView
            At most the last minute.
        """
        return SpectrogramView(
            columns=read_only(self._latest()),
            band_hz=self._mel.band_hz,
            column_seconds=self._mel.column_seconds,
            end=self._end or 0.0,
        )

    def _append(self, power: FloatArray) -> None:
        shown = np.maximum(power[-self._max_columns :], np.float32(FLOOR_POWER))
        decibels = np.float32(10.0) * np.log10(shown)
        if self._num_columns + len(decibels) > len(self._decibels):
            latest = self._latest()
            latest = latest[max(0, len(latest) + len(decibels) - self._max_columns) :]
            # Another one: whoever has a view goes on looking at this.
            self._decibels = self._empty()
            self._decibels[: len(latest)] = latest
            self._num_columns = len(latest)
        self._decibels[self._num_columns : self._num_columns + len(decibels)] = decibels
        self._num_columns += len(decibels)
        self._end = (self._end or 0.0) + len(power) * self._mel.column_seconds
        if self._history is not None:
            self._history.add(power)

    def _empty(self) -> FloatArray:
        return np.empty((self._max_columns * 5 // 4, NUM_BANDS), dtype=np.float32)

    def _latest(self) -> FloatArray:
        """Give what is shown, as part of what is kept; it is written behind it, and never into it."""
        return self._decibels[max(0, self._num_columns - self._max_columns) : self._num_columns]
