"""Pitch of each frame, and how periodic it is, from the correlation of its low band with itself.

The correlation is that of two stretches of 40 ms, a lag apart and both centred on the frame, each without its
own mean: the cross-correlation of D. Talkin, "A robust algorithm for pitch tracking (RAPT)", in "Speech
Coding and Synthesis", 1995. Stretches begin on hops, so the products of samples a lag apart are summed once a
hop and shared by the four frames that hold it. The choice among peaks is P. Boersma's, "Accurate short-term
analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound", IFA Proceedings
17, 1993: parabolas through the peaks, and a small cost for each octave downwards.
"""

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.low_band import DECIMATION, NUM_TAPS, LowBand, stretch_of
from emotion.features.overlap import overlapping

SHORTEST_LAG = 6
LONGEST_LAG = 53
"""Samples of the low band, 3.2 kHz: 533 to 60 Hz."""
HOPS_CORRELATED = 4
OCTAVE_COST = 0.04
"""What a peak twice as late must be higher by."""
WEAKEST_SHARE = 1e-4
"""A low band further than 40 dB under its frame is not what one hears."""
ROUNDING_SHARE = 1e-6
"""Of a microphone's DC, float32 leaves this much behind."""
TINIEST = 1e-30
FURTHEST = 0.501
"""A peak halfway between two samples belongs to both, lest rounding give it to neither."""
FLATTEST = 0.004
"""Any peak of half a correlation bends by so much at 60 Hz; what bends less is slower, or rounding."""


class PitchTracker:
    """Finds the pitch of frames, each by itself.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length, frame_hop : int
        Samples; the length must hold four hops, the longest lag and the filter.

    Raises
    ------
    ValueError
        If the frame is too short.
    """

    def __init__(self, sample_rate: int, frame_length: int, frame_hop: int) -> None:
        self._low_rate = sample_rate / DECIMATION
        self._frame_hop = frame_hop
        self._hop = frame_hop // DECIMATION
        self._length = HOPS_CORRELATED * self._hop
        self._margin = (LONGEST_LAG + 1) // 2
        shortest = DECIMATION * (self._length + 2 * self._margin - 1) + NUM_TAPS
        if frame_length < shortest:
            raise ValueError(f"frames of {frame_length} samples; pitch needs {shortest}")
        self._low_band = LowBand(sample_rate, frame_hop)
        self._lags = np.arange(SHORTEST_LAG - 1, LONGEST_LAG + 2)
        # Two lags begin on the same sample; the next two begin one before it, ends run on.
        self._last_start = (2 * self._margin - SHORTEST_LAG + 1) // 2
        self._first_end = self._last_start + SHORTEST_LAG - 1
        self._ones = np.ones(self._hop, dtype=np.float32)
        num_starts = 2 * self._margin + 1
        from_start = np.arange(num_starts + self._length - 1) - np.arange(num_starts)[:, np.newaxis]
        held = (from_start >= 0) & (from_start < self._length)
        self._summing = (held / self._length**0.5).astype(np.float32)
        costs = OCTAVE_COST * np.log2(self._lags[1:-1] / SHORTEST_LAG)
        self._costs = costs.astype(np.float32)[:, np.newaxis]

    def __call__(self, frames: FloatArray, mean_square: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Find pitches.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, frame_length), float32
            Sound, each frame `frame_hop` after the one before it.
        mean_square : ndarray, shape (num_frames,), float32
            Of each frame's samples, in all bands, without its DC.

        Returns
        -------
        pitch_hz, strength : ndarray, shape (num_frames,), float32
            In 59..582 Hz, and the correlation at that period, in 0..1; a frame without any peak has strength
            0.
        """
        return self._best_peak(self._correlation(frames, mean_square))

    def _correlation(self, frames: FloatArray, mean_square: FloatArray) -> FloatArray:
        num_frames = len(frames)
        low = self._low_band(stretch_of(frames, self._frame_hop))
        means, norms = self._means_and_norms(low, num_frames)
        weakest = mean_square * np.float32(WEAKEST_SHARE * self._length) + np.float32(TINIEST)
        product = self._products(low, num_frames)
        product -= self._pairs(means)
        scale = self._pairs(norms)
        scale += weakest
        product /= scale
        return product

    def _pairs(self, rows: FloatArray) -> FloatArray:
        """Multiply, for each lag, the two rows that belong to the samples on which its stretches begin."""
        num_pairs, length = len(self._lags) // 2, rows.shape[1]
        first = rows[self._last_start - num_pairs + 1 : self._last_start + 1][::-1]
        product = np.empty((num_pairs, 2, length), dtype=np.float32)
        for later in (0, 1):
            second = rows[self._first_end + later : self._first_end + later + num_pairs]
            np.multiply(first, second, out=product[:, later])
        return product.reshape(-1, length)

    def _means_and_norms(self, low: FloatArray, num_frames: int) -> tuple[FloatArray, FloatArray]:
        """Sum the 40 ms from each of a frame's samples on, over the root of their number, and give their norm
        without that mean, each of shape (samples, frames). Frame by frame: no sum holds a sample outside it.
        """
        samples = overlapping(low, len(self._summing[0]), self._hop)[:num_frames].T.copy()
        means = self._summing @ samples
        samples *= samples
        energy = self._summing @ samples
        energy *= np.float32(self._length**0.5)
        norms = energy - means * means
        np.maximum(norms, energy * np.float32(ROUNDING_SHARE), out=norms)
        return means, np.sqrt(norms, out=norms)

    def _products(self, low: FloatArray, num_frames: int) -> FloatArray:
        """Sum the products of samples a lag apart, per lag and frame."""
        num_hops = num_frames + HOPS_CORRELATED - 1
        shifted = overlapping(low, num_hops * self._hop)
        num_pairs = len(self._lags) // 2
        pairs = np.empty((num_pairs, 2, num_hops), dtype=np.float32)
        first = shifted[self._last_start - num_pairs + 1 : self._last_start + 1][::-1]
        # Half of the lags at a time: the products of all crowd each other out of the cache.
        for later in (0, 1):
            second = shifted[self._first_end + later : self._first_end + later + num_pairs]
            product = first * second
            sums = product.reshape(-1, self._hop) @ self._ones
            pairs[:, later] = sums.reshape(num_pairs, num_hops)
        per_hop = pairs.reshape(-1, num_hops)
        two_hops = per_hop[:, 1:] + per_hop[:, :-1]
        total: FloatArray = two_hops[:, 2:] + two_hops[:, :-2]
        return total

    def _best_peak(self, correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
        before, at, after = correlation[:-2], correlation[1:-1], correlation[2:]
        slope = before - after
        curvature = before + after
        curvature -= at
        curvature -= at
        np.minimum(curvature, np.float32(-FLATTEST), out=curvature)
        offset = slope / curvature
        offset *= np.float32(0.5)
        slope *= offset
        slope *= np.float32(0.25)
        height = np.subtract(at, slope, out=slope)
        score = height - self._costs
        # The top of a parabola lies near its middle sample only where that is a peak.
        is_none = np.abs(offset) > np.float32(FURTHEST)
        is_none |= curvature >= np.float32(-FLATTEST)
        score[is_none] = -1
        best = score.argmax(axis=0)
        places = best * correlation.shape[1]
        places += np.arange(correlation.shape[1])
        found = score.take(places) > -1
        lag = offset.take(places)
        lag *= found
        lag += best
        lag += np.float32(SHORTEST_LAG)
        strength = height.take(places)
        strength *= found
        np.maximum(strength, 0, out=strength)
        np.minimum(strength, 1, out=strength)
        pitch_hz: FloatArray = np.float32(self._low_rate) / lag
        return pitch_hz, strength
