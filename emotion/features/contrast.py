"""Spectral contrast: how far the peaks of an octave stand above its valleys."""

import math

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.mel import decibels

NUM_OCTAVES = 6
LOWEST_HZ = 200.0
EXTREME_SHARE = 0.02
"""Share of an octave's bins that count as its peak, and as its valley."""
MAGNITUDE_FLOOR = 1e-10


def octave_bins(sample_rate: int, frame_length: int, num_bins: int) -> list[tuple[slice, int]]:
    """Give the bins of 0..200 Hz, of each octave above, and how many of them are its extremes.

    D. Jiang et al., "Music type classification by spectral contrast feature", ICME 2002, with librosa's rule
    for the borders: an octave also owns the bin below it and leaves its last bin to the next; the last owns
    all that is left.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.
    num_bins : int
        How many bins there are, from 0 Hz on; they must reach into the last octave, above 6.4 kHz.

    Returns
    -------
    list of (slice, int)
        For each of 7 bands its bins, and the number of bins that make its peak and its valley.
    """
    hz_per_bin = sample_rate / frame_length
    bands = []
    for octave in range(NUM_OCTAVES + 1):
        low_hz = 0.0 if octave == 0 else LOWEST_HZ * 2 ** (octave - 1)
        first = math.ceil(low_hz / hz_per_bin)
        first -= octave > 0
        is_last = octave == NUM_OCTAVES
        end = num_bins if is_last else math.floor(LOWEST_HZ * 2**octave / hz_per_bin) + 1
        num_extreme = max(1, round(EXTREME_SHARE * (end - first)))
        bands.append((slice(first, end if is_last else end - 1), num_extreme))
    return bands


class SpectralContrast:
    """Contrast of each frame in seven bands.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.
    num_bins : int
        How many bins a spectrum has, from 0 Hz on.
    """

    def __init__(self, sample_rate: int, frame_length: int, num_bins: int) -> None:
        bands = octave_bins(sample_rate, frame_length, num_bins)
        self._bins = [bins for bins, _ in bands]
        sizes = [bins.stop - bins.start for bins in self._bins]
        ends = np.cumsum(sizes)
        self._places = [slice(int(end) - size, int(end)) for end, size in zip(ends, sizes, strict=True)]
        self._extremes, self._averages = _extremes_of_sorted(self._places, [count for _, count in bands])

    def __call__(self, magnitude: FloatArray) -> FloatArray:
        """Give the contrast of frames.

        Parameters
        ----------
        magnitude : ndarray, shape (num_frames, num_bins), float32
            Of each frame's spectrum.

        Returns
        -------
        ndarray, shape (num_frames, 7), float32
            ``10 log10(peak) - 10 log10(valley)`` of the mean magnitudes of the extreme bins, dB, >= 0.
        """
        ordered = np.concatenate([magnitude[:, bins] for bins in self._bins], axis=1)
        for place in self._places:
            ordered[:, place].sort(axis=1)
        extremes = ordered.take(self._extremes, axis=1) @ self._averages
        levels = decibels(extremes, MAGNITUDE_FLOOR)
        contrast: FloatArray = levels[:, : len(self._bins)] - levels[:, len(self._bins) :]
        return contrast


def _extremes_of_sorted(
    places: list[slice], counts: list[int]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], FloatArray]:
    """Tell where the extremes of sorted bands lie, and how they average to all peaks, then all valleys."""
    runs = [range(place.stop - count, place.stop) for place, count in zip(places, counts, strict=True)]
    runs += [range(place.start, place.start + count) for place, count in zip(places, counts, strict=True)]
    lengths = [len(run) for run in runs]
    averages = np.repeat(np.diag(1 / np.array(lengths)), lengths, axis=0).astype(np.float32)
    return np.concatenate([np.array(run) for run in runs]), averages
