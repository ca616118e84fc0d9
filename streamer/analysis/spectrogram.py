"""The mel spectrogram of a leg: the last minute for the panel, and the whole session in bounded memory."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray, Samples, read_only
from emotion.features.spectrum import hann_taper, mel_band_edges, mel_filterbank, power_of_frames
from emotion.window_grid import to_samples
from streamer.snapshot import SpectrogramView

NUM_BANDS: Final = 48
FRAME_SECONDS: Final = 0.064
COLUMN_SECONDS: Final = 0.04


class MelColumns:
    """Computes columns of mel power; a picture for the eye, no input of the model.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.hop = max(1, to_samples(COLUMN_SECONDS, sample_rate))
        self.frame_length = max(self.hop, to_samples(FRAME_SECONDS, sample_rate))
        self.column_seconds = self.hop / sample_rate
        edges = mel_band_edges(NUM_BANDS, sample_rate / 2)
        self.band_hz = tuple(edges[1:-1].tolist())
        self._taper = hann_taper(self.frame_length)
        # Triangles of height 1, scaled so that a sine of full scale in the middle of a band gives 0 dB.
        heights = (edges[2:] - edges[:-2]) / 2 / (self._taper.sum() / 2) ** 2
        self._bands = mel_filterbank(sample_rate, self.frame_length, NUM_BANDS) * heights.astype(np.float32)

    def num_columns(self, num_samples: int) -> int:
        """Count the columns whose frames lie wholly inside so many samples.

        Parameters
        ----------
        num_samples : int
            From the start of the first frame.

        Returns
        -------
        int
            0 where not one frame fits.
        """
        return max(0, (num_samples - self.frame_length) // self.hop + 1)

    def power(self, samples: Samples) -> FloatArray:
        """Compute the columns of a piece of sound.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32, n >= frame_length
            Mono; the first frame begins with the first sample.

        Returns
        -------
        ndarray, shape (num_columns(n), NUM_BANDS), float32
            Mel power re full scale, lowest band first.
        """
        columns: FloatArray = power_of_frames(samples, self._taper, self.hop) @ self._bands
        return columns


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
        return _decibels(self._power[: self._num_columns])

    def _halve(self) -> None:
        half = self._max_columns // 2
        self._power[:half] = self._power.reshape(half, 2, -1).mean(axis=1)
        self._num_columns = half
        self._merge *= 2
        self.column_seconds *= 2


def _decibels(power: FloatArray) -> FloatArray:
    decibels: FloatArray = np.float32(10.0) * np.log10(np.maximum(power, np.float32(FLOOR_POWER)))
    return decibels


KEPT_SECONDS: Final = 60.0
MIN_NEW_COLUMNS: Final = 5
"""Columns are computed a handful at a time: each call costs about the same whatever it is given."""


class SpectrogramColumns:
    """Takes the sound of a leg at the model's rate and keeps the last minute of it as mel columns.

    A gap is drawn as silence, so that the time axis holds.

    Parameters
    ----------
    sample_rate : int
        Hz.
    history : SpectrogramHistory, optional
        Is given all columns of the session.
    """

    def __init__(self, sample_rate: int, history: SpectrogramHistory | None = None) -> None:
        self._mel = MelColumns(sample_rate)
        self._history = history
        self._max_columns = round(KEPT_SECONDS / self._mel.column_seconds)
        self._decibels: FloatArray = np.empty((0, NUM_BANDS), dtype=np.float32)
        self._waiting: list[Samples] = []
        self._num_waiting = 0
        self._end: float | None = None

    def begin(self, start: float) -> None:
        """Begin a segment.

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
        """Take the next sound of the segment.

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
            columns=read_only(self._decibels),
            band_hz=self._mel.band_hz,
            column_seconds=self._mel.column_seconds,
            end=self._end or 0.0,
        )

    def _append(self, power: FloatArray) -> None:
        decibels = _decibels(power[-self._max_columns :])
        # A new array: whoever has a view goes on looking at the one before.
        self._decibels = np.concatenate((self._decibels, decibels))[-self._max_columns :]
        self._end = (self._end or 0.0) + len(power) * self._mel.column_seconds
        if self._history is not None:
            self._history.add(power)
