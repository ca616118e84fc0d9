"""Pitch, perturbation, rhythm and modulation: how a voice moves from frame to frame."""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.base import Descriptor
from emotion.features.spectrum import decibels
from emotion.features.streaming import overlapping

DECIMATION = 5
NUM_TAPS = 55
CUTOFF_HZ = 900.0
"""Where the filter has halved the amplitude: 6 dB down; 40 dB from 1.35 kHz on."""


def low_pass_taps(sample_rate: int) -> FloatArray:
    """Give a symmetric low-pass filter: a sinc under a Hann curve.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray, shape (55,), float32
        Sums to 1. A. Oppenheim and R. Schafer, "Discrete-Time Signal Processing", chapter 7 (window method).
    """
    from_centre = np.arange(NUM_TAPS) - (NUM_TAPS - 1) / 2
    ideal = np.sinc(2 * CUTOFF_HZ / sample_rate * from_centre)
    taps = ideal * (0.5 + 0.5 * np.cos(2 * np.pi * from_centre / (NUM_TAPS + 1)))
    rounded: FloatArray = (taps / taps.sum()).astype(np.float32)
    return rounded


class LowBand:
    """Filters and decimates a sound, all blocks in one matrix product.

    Parameters
    ----------
    sample_rate : int
        Hz.
    block : int
        Samples; a multiple of 5. 80 cost the least: the matrix of a longer block holds more zeros.
    """

    def __init__(self, sample_rate: int, block: int) -> None:
        self._block = block
        self._num_inputs = block - DECIMATION + NUM_TAPS
        taps = low_pass_taps(sample_rate)
        self._filters = np.zeros((self._num_inputs, block // DECIMATION), dtype=np.float32)
        for output in range(block // DECIMATION):
            start = DECIMATION * output
            self._filters[start : start + NUM_TAPS, output] = taps

    def __call__(self, sound: FloatArray) -> FloatArray:
        """Filter a sound.

        Parameters
        ----------
        sound : ndarray, shape (n,), float32
            Mono.

        Returns
        -------
        ndarray, shape (m,), float32
            Sample i is centred on ``5 i + 27`` of the sound; as many as it holds, to the last whole block,
            of which the last may look beyond its end at zeros.
        """
        num_blocks = -(-(len(sound) - NUM_TAPS + 1) // self._block)
        missing = (num_blocks - 1) * self._block + self._num_inputs - len(sound)
        blocks = np.zeros((num_blocks, self._num_inputs), dtype=np.float32)
        num_full = num_blocks - (missing > 0)
        blocks[:num_full] = overlapping(sound, self._num_inputs, self._block)[:num_full]
        if missing > 0:
            rest = sound[num_full * self._block :]
            blocks[-1, : len(rest)] = rest
        low: FloatArray = (blocks @ self._filters).ravel()
        return low


SHORTEST_LAG = 6
LONGEST_LAG = 43
"""Samples of the low band, 3.2 kHz: 533 to 74 Hz, as low as Praat looks by default."""
HOPS_CORRELATED = 4
OCTAVE_COST = 0.04
"""What a peak twice as late must be higher by."""
WEAKEST_SHARE = 1e-4
"""A low band further than 40 dB under its frame is not audible."""
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
        return self._best_peak(self.correlation(frames, mean_square))

    def correlation(self, frames: FloatArray, mean_square: FloatArray) -> FloatArray:
        """Correlate the low band of each frame with itself at every lag.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, frame_length), float32
            As in a call.
        mean_square : ndarray, shape (num_frames,), float32
            As in a call; it lowers the correlation of a low band that is weak in its frame.

        Returns
        -------
        ndarray, shape (num_lags, num_frames), float32
            At lags from `SHORTEST_LAG` - 1 to `LONGEST_LAG` + 1 samples of the low band, in -1..1.
        """
        num_frames = len(frames)
        sound = np.concatenate([frames[:, : self._frame_hop].ravel(), frames[-1, self._frame_hop :]])
        low = self._low_band(sound)
        weakest = mean_square * np.float32(WEAKEST_SHARE * self._length) + np.float32(TINIEST)
        product = self._products(low, num_frames)
        means, scale = self._pairs(self._means_and_norms(low, num_frames))
        product -= means
        scale += weakest
        product /= scale
        return product

    def _pairs(self, rows: FloatArray) -> FloatArray:
        """Multiply, for each lag, the two rows that belong to the samples on which its spans begin."""
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


WIDEST_STEP_SEMITONES: Final = 4.0
"""Pitches further apart are not one voice moving but an error of an octave, or another voice."""

PERCENT_PER_SEMITONE: Final = 100 * float(np.log(2)) / 12

PERTURBATION: Final = (
    Descriptor("jitter.local.mean", "%"),
    Descriptor("jitter.second.mean", "%"),
    Descriptor("pitch_change.fall.mean", "semitone/s"),
    Descriptor("pitch_change.rise.mean", "semitone/s"),
    Descriptor("shimmer.local.mean", "dB"),
    Descriptor("shimmer.second.mean", "dB"),
)


def describe_perturbation(
    semitones: FloatArray, level_db: FloatArray, voiced: NDArray[np.bool_], frame_rate: float
) -> list[float]:
    """Measure jitter-like and shimmer-like quantities over consecutive voiced frames.

    True jitter and shimmer compare single periods (H. Titze and I. Liang, "Comparison of Fo extraction
    methods for high-precision voice perturbation measurements", JSHR 36, 1993); these compare frames 10 ms
    apart, each the mean of a few periods. ``local`` is the difference of neighbours, ``second`` of a frame
    from the mean of both its neighbours, which a steady glide does not move.

    Parameters
    ----------
    semitones, level_db : ndarray, shape (num_frames,), float32
        Pitch and level of each frame.
    voiced : ndarray, shape (num_frames,), bool
        Frames to search.
    frame_rate : float
        Frames a second.

    Returns
    -------
    list of len(PERTURBATION) floats
        In the order of `PERTURBATION`, jitter in % of the period. Zeros where no two voiced frames meet.
    """
    tracks = np.empty((2, len(voiced)), dtype=np.float32)
    tracks[0], tracks[1] = semitones, level_db
    steps = tracks[:, 1:] - tracks[:, :-1]
    sizes = np.abs(steps)
    joined = voiced[1:] & voiced[:-1]
    joined &= sizes[0] < WIDEST_STEP_SEMITONES
    weights = joined.astype(np.float32)
    num_joined = np.count_nonzero(joined)
    if not num_joined:
        return [0.0] * len(PERTURBATION)
    jitter, shimmer = ((sizes @ weights) / num_joined).tolist()
    drift = float(steps[0] @ weights) / num_joined
    fall, rise = (jitter - drift) / 2 * frame_rate, (jitter + drift) / 2 * frame_rate
    threes = joined[1:] & joined[:-1]
    bends = steps[:, 1:] - steps[:, :-1]
    np.abs(bends, out=bends)
    pitch_bend, level_bend = (bends @ threes.astype(np.float32)).tolist()
    percent, halved = PERCENT_PER_SEMITONE, 1 / max(1, 2 * int(np.count_nonzero(threes)))
    return [jitter * percent, pitch_bend * percent * halved, fall, rise, shimmer, level_bend * halved]


SWELL: Final = 0.1
"""How far over its mean a track must rise to swell, and under it to have ended, as a share of the mean."""

RUN_VALUES: Final = ("longest", "mean", "std")


def run_features(group: str) -> tuple[Descriptor, ...]:
    """Name what `describe_runs` gives.

    Parameters
    ----------
    group : str
        First part of the names.

    Returns
    -------
    tuple of Descriptor
        In its order.
    """
    return (
        *(Descriptor(f"{group}.length.{value}", "s") for value in RUN_VALUES),
        Descriptor(f"{group}.stretches.rate", "1/s"),
        Descriptor(f"{group}.time.share", "1"),
    )


def describe_runs(inside: NDArray[np.bool_], frame_rate: float, shortest: int) -> list[float]:
    """Describe the runs of frames that are in a state.

    The counts and lengths are those of F. Eyben et al., "The Geneva minimalistic acoustic parameter set
    (GeMAPS)", IEEE Trans. Affective Computing 7, 2016, for voiced and unvoiced regions.

    Parameters
    ----------
    inside : ndarray, shape (num_frames,), bool
        Whether each frame is in the state; num_frames >= 1.
    frame_rate : float
        Frames a second.
    shortest : int
        Runs of fewer frames do not count.

    Returns
    -------
    list of 5 floats
        Longest, mean and standard deviation of their lengths, s; runs a second; their share of all frames.
        Zeros where there is none.
    """
    # Truth is a byte of one: splitting text is many times quicker than looking for edges with arrays.
    # A window has a handful of runs: plain numbers are quicker here than arrays.
    lengths = [len(run) for run in inside.tobytes().split(b"\0") if run]
    seconds = [length / frame_rate for length in lengths if length >= shortest]
    if not seconds:
        return [0.0] * (len(RUN_VALUES) + 2)
    window_seconds = len(inside) / frame_rate
    mean = sum(seconds) / len(seconds)
    variance = sum((length - mean) ** 2 for length in seconds) / len(seconds)
    rate, share = len(seconds) / window_seconds, sum(seconds) / window_seconds
    return [max(seconds), mean, math.sqrt(variance), rate, share]


def peak_rate(track: FloatArray, frame_rate: float) -> float:
    """Count the swells of a track: on loudness, about the syllables.

    A swell rises from `SWELL` under the mean to as much over it: the loudness peaks of GeMAPS (see
    `describe_runs`), with the two thresholds of O. Schmitt, "A thermionic trigger", J. Scientific
    Instruments 15, 1938, so that the ripples of a steady tone, which rounding makes and moves, are none.

    Parameters
    ----------
    track : ndarray, shape (num_frames,), float32
        Smooth; num_frames >= 1.
    frame_rate : float
        Frames a second.

    Returns
    -------
    float
        Swells a second; one that the track begins with does not count.
    """
    mean = track.sum() / np.float32(len(track))
    above, below = track > mean * np.float32(1 + SWELL), track < mean * np.float32(1 - SWELL)
    outside = above[above | below]
    if not len(outside):
        return 0.0
    rises = np.count_nonzero(outside[1:] & ~outside[:-1])
    return float(rises) * frame_rate / len(track)


CENTRES_HZ: Final = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 20.0)
EDGES_HZ: Final = (0.5, *CENTRES_HZ, 24.0)
SHORTEST_TRANSFORM: Final = 512
"""Frames of 10 ms; a quarter of a hertz between bins, so that each band has some."""
LEAST: Final = 1e-6
"""A mean square that counts as none: a swing of 0.14 %."""


def modulation_features(group: str) -> tuple[Descriptor, ...]:
    """Name what `modulation_levels` gives of one envelope.

    Parameters
    ----------
    group : str
        First part of the names.

    Returns
    -------
    tuple of Descriptor
        In its order.
    """
    return tuple(Descriptor(f"{group}.hz_{round(centre):02d}.level", "dB") for centre in CENTRES_HZ)


def modulation_levels(envelopes: FloatArray, frame_rate: float) -> FloatArray:
    """Measure the swing of envelopes around their means, in bands.

    The spectrum of the envelope of speech is due to T. Houtgast and H. Steeneken, "A review of the MTF
    concept in room acoustics and its use for estimating speech intelligibility in auditoria", JASA 77, 1985,
    who also divide by the mean. Here: the envelope over its mean, less 1, under a Hann curve as long as the
    window; its power gathered in triangles between neighbouring centres.

    Parameters
    ----------
    envelopes : ndarray, shape (num_envelopes, num_frames), float32
        Not negative; num_frames >= 1.
    frame_rate : float
        Frames a second.

    Returns
    -------
    ndarray, shape (num_envelopes, 9), float32
        Level of the mean square in each band around `CENTRES_HZ`, dB, where a swing of ±100 % is -3 dB; at
        least -60 dB.
    """
    num_frames = envelopes.shape[1]
    taper, averaging, bands, length = _analysis(num_frames, frame_rate)
    mean = envelopes @ averaging
    swing: FloatArray = envelopes / np.maximum(mean, np.float32(1e-30))[:, np.newaxis]
    swing -= np.float32(1)
    swing *= taper
    # numpy's types promise no float32 here; numpy 2 gives it.
    parts: FloatArray = np.fft.rfft(swing, length).view(np.float32)[:, : len(bands)]
    return decibels(np.square(parts) @ bands, LEAST)


@lru_cache(maxsize=8)
def _analysis(num_frames: int, frame_rate: float) -> tuple[FloatArray, FloatArray, FloatArray, int]:
    """Give the taper, the weights of a mean, those of each part of a bin in each band, and the length of the
    transform.
    """
    length = max(SHORTEST_TRANSFORM, 1 << (num_frames - 1).bit_length())
    # Never zero at a frame, so that a window of one or two still has weight.
    taper = np.sin(np.pi * (np.arange(num_frames) + 0.5) / num_frames) ** 2
    last = int(np.ceil(EDGES_HZ[-1] * length / frame_rate))
    bins_hz = np.arange(last + 1)[:, np.newaxis] * frame_rate / length
    low, centre, high = (np.array(EDGES_HZ[start : start + len(CENTRES_HZ)]) for start in range(3))
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    # Parseval: twice for the negative frequencies.
    triangles *= 2 / (length * np.sum(taper**2))
    averaging = np.full(num_frames, 1 / num_frames, dtype=np.float32)
    return taper.astype(np.float32), averaging, triangles.repeat(2, axis=0).astype(np.float32), length
