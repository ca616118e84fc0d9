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
LONGEST_LAG = 43
"""Samples of the low band, 3.2 kHz: 533 to 74 Hz, as low as Praat looks unless told otherwise."""
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
"""Any peak of half a correlation bends by so much at 74 Hz; what bends less is slower, or rounding."""


class PitchTracker:
    """Finds the pitch of frames, each by itself.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length, frame_hop : int
        Samples; the length must hold nearly six hops and the filter.

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
        # Sums are made of runs of nearly two hops, the last of which begins four hops on; the filter gives
        # half hops, the last one from zeros where the sound ends.
        num_blocks = 2 * HOPS_CORRELATED + 4
        shortest = (num_blocks - 1) * frame_hop // 2 + NUM_TAPS
        if frame_length < shortest:
            raise ValueError(f"frames of {frame_length} samples; pitch needs {shortest}")
        self._low_band = LowBand(sample_rate, frame_hop // 2)
        self._lags = np.arange(SHORTEST_LAG - 1, LONGEST_LAG + 2)
        # Two lags begin on the same sample; the next two begin one before it, ends run on.
        self._last_start = (2 * self._margin - SHORTEST_LAG + 1) // 2
        self._first_end = self._last_start + SHORTEST_LAG - 1
        self._ones = np.ones(self._hop, dtype=np.float32)
        self._num_starts = 2 * self._margin + 1
        from_start = np.arange(2 * self._hop - 1) - np.arange(self._hop)[:, np.newaxis]
        held = (from_start >= 0) & (from_start < self._hop)
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
            In 73..582 Hz, and the correlation at that period, in 0..1; a frame without any peak has strength
            0.
        """
        return self._best_peak(self._correlation(frames, mean_square))

    def _correlation(self, frames: FloatArray, mean_square: FloatArray) -> FloatArray:
        num_frames = len(frames)
        low = self._low_band(stretch_of(frames, self._frame_hop))
        weakest = mean_square * np.float32(WEAKEST_SHARE * self._length) + np.float32(TINIEST)
        product = self._products(low, num_frames)
        means, scale = self._pairs(self._means_and_norms(low, num_frames))
        product -= means
        scale += weakest
        product /= scale
        return product

    def _pairs(self, rows: FloatArray) -> FloatArray:
        """Multiply, for each lag, the two rows that belong to the samples on which its stretches begin."""
        num_pairs, length = len(self._lags) // 2, rows.shape[2]
        first = rows[:, self._last_start - num_pairs + 1 : self._last_start + 1][:, ::-1]
        product = np.empty((2, num_pairs, 2, length), dtype=np.float32)
        for later in (0, 1):
            second = rows[:, self._first_end + later : self._first_end + later + num_pairs]
            np.multiply(first, second, out=product[:, :, later])
        return product.reshape(2, -1, length)

    def _means_and_norms(self, low: FloatArray, num_frames: int) -> FloatArray:
        """Sum the 40 ms from each of a frame's samples on, over the root of their number, and give their norm
        without that mean: of shape (2, samples, frames). No sum holds a sample outside its frame.
        """
        num_hops = num_frames + HOPS_CORRELATED
        samples = np.empty((2 * self._hop - 1, 2, num_hops), dtype=np.float32)
        samples[:, 0] = overlapping(low, 2 * self._hop - 1, self._hop)[:num_hops].T
        np.multiply(samples[:, 0], samples[:, 0], out=samples[:, 1])
        of_hop = self._summing @ samples.reshape(len(samples), -1)
        four_hops = _over_four_hops(of_hop.reshape(-1, 2, num_hops)).transpose(1, 0, 2)
        # A hop later everything is known already.
        next_hop = four_hops[:, : self._num_starts - self._hop, 1:]
        sums: FloatArray = np.concatenate([four_hops[:, :, :-1], next_hop], axis=1)
        means, energy = sums
        energy *= np.float32(self._length**0.5)
        norms = energy - means * means
        energy *= np.float32(ROUNDING_SHARE)
        np.maximum(norms, energy, out=norms)
        np.sqrt(norms, out=energy)
        return sums

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
        return _over_four_hops(pairs.reshape(-1, num_hops))

    def _best_peak(self, correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
        rise = correlation[1:] - correlation[:-1]
        slope = rise[1:] + rise[:-1]
        curvature = rise[1:] - rise[:-1]
        is_none = curvature >= np.float32(-FLATTEST)
        np.minimum(curvature, np.float32(-FLATTEST), out=curvature)
        offset = slope / curvature
        offset *= np.float32(-0.5)
        slope *= offset
        slope *= np.float32(0.25)
        height = np.add(correlation[1:-1], slope, out=slope)
        score = height - self._costs
        # The top of a parabola lies near its middle sample only where that is a peak.
        is_none |= np.abs(offset, out=curvature) > np.float32(FURTHEST)
        np.copyto(score, np.float32(-1), where=is_none)
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


def _over_four_hops(sums: FloatArray) -> FloatArray:
    """Add each hop's sums, along the last axis, to those of the three hops after it."""
    two_hops = sums[..., 1:] + sums[..., :-1]
    total: FloatArray = two_hops[..., 2:] + two_hops[..., :-2]
    return total
