"""Descriptors of single frames: shape, balance, contrast and chroma of the spectrum, energy, and deltas."""

import math
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.base import Descriptor
from emotion.features.spectrum import (
    BAND,
    DECIBELS_PER_NEPER,
    PowerSpectrum,
    decibels,
    mel_band_edges,
)

ALPHA_HZ: Final = (50.0, 1000.0, 5000.0)
HAMMARBERG_HZ: Final = (0.0, 2000.0, 5000.0)
SLOPES_HZ: Final = ((60.0, 500.0), (500.0, 1500.0), (1000.0, 5000.0))
ROLLOFF_SHARE: Final = 0.85
VOICE_HZ: Final = (300.0, 3400.0)
"""The band of a telephone: flatness and entropy are taken inside it, so that a line does not count."""

BALANCE: Final = (
    Descriptor("spectrum.alpha_ratio", "dB"),
    Descriptor("spectrum.bandwidth", "kHz"),
    Descriptor("spectrum.centroid", "kHz"),
    Descriptor("spectrum.entropy", "1"),
    Descriptor("spectrum.flatness", "dB"),
    Descriptor("spectrum.hammarberg", "dB"),
    Descriptor("spectrum.rolloff", "kHz"),
    Descriptor("spectrum.slope_0060", "dB/kHz"),
    Descriptor("spectrum.slope_0500", "dB/kHz"),
    Descriptor("spectrum.slope_1000", "dB/kHz"),
)
"""What `SpectralBalance` gives, in its order; it writes rows by number, so that new ones go to the end."""


class SpectralBalance:
    """Describes spectra; every value is the same at every level.

    - alpha ratio: power in 1..5 kHz over that in 50..1000 Hz. J. Sundberg and M. Nordenberg, "Effects of
      vocal loudness variation on spectrum balance as reflected by the alpha measure of long-term-average
      spectra of speech", JASA 120, 2006.
    - Hammarberg index: the strongest mel band under 2 kHz over that of 2..5 kHz. B. Hammarberg et al.,
      "Perceptual and acoustic correlates of abnormal voice qualities", Acta Oto-Laryngologica 90, 1980.
    - slopes: of the line through the levels of the bins of 60..500, 500..1500, 1000..5000 Hz, by least
      squares. F. Eyben et al., "The Geneva minimalistic acoustic parameter set (GeMAPS)", IEEE Trans.
      Affective Computing 7, 2016.
    - centroid and bandwidth: mean and standard deviation of frequency, each mel band weighted by amplitude,
      the root of its power. G. Peeters, "A large set of audio features for sound description", IRCAM, 2004.
    - rolloff: below it lie 85 % of the power, read off at the mel bands, within half of one.
      Same source.
    - flatness: geometric over arithmetic mean of power, in dB. J. Johnston, "Transform coding of audio
      signals using perceptual noise criteria", IEEE JSAC 6, 1988. In 300..3400 Hz.
    - entropy: of power as a distribution over the bins of 300..3400 Hz, over its maximum. H. Misra et al.,
      "Spectral entropy based feature for robust ASR", ICASSP 2004.

    Parameters
    ----------
    spectrum : PowerSpectrum
        Gives the power.
    bins_hz : ndarray, shape (num_bins,), float64
        Frequency of each bin, Hz.
    mel_edges_hz : ndarray, shape (num_mels + 2,), float64
        Corners of the mel bands, Hz.

    Attributes
    ----------
    band_weights : ndarray, shape (3, num_bins), float64
        Gather the power of both bands of the alpha ratio and of the telephone's band.
    """

    def __init__(
        self, spectrum: PowerSpectrum, bins_hz: NDArray[np.floating], mel_edges_hz: NDArray[np.floating]
    ) -> None:
        lowest, middle, high = ALPHA_HZ
        in_voice = _inside(bins_hz, *VOICE_HZ)
        self.band_weights = np.stack(
            [_inside(bins_hz, lowest, middle), _inside(bins_hz, middle, high), in_voice]
        )
        centres = mel_edges_hz[1:-1] / 1000
        self._moments = np.stack([np.ones_like(centres), centres, centres**2]).astype(np.float32)
        # Triangles of an area of 1 Hz that overlap by half: so much power is each one's own.
        self._own = ((mel_edges_hz[2:] - mel_edges_hz[:-2]) / 2).astype(np.float32)[:, np.newaxis]
        ends = np.concatenate([[0], (centres[1:] + centres[:-1]) / 2, mel_edges_hz[-1:] / 1000])
        self._widths = np.diff(ends).astype(np.float32)
        self._below = np.tri(len(centres), dtype=np.float32)
        first, second, third = HAMMARBERG_HZ
        below = np.searchsorted(centres, np.array([first, second, third]) / 1000).tolist()
        self._lower, self._upper = slice(below[0], below[1]), slice(below[1], below[2])
        lines = np.stack([*(_line_weights(bins_hz, *band) for band in SLOPES_HZ), in_voice / in_voice.sum()])
        levels = lines[:, spectrum.bins].astype(np.float32)
        # Logarithms are dear: only of the bins that some weight reads.
        self._read = _bands(levels.any(axis=0))
        self._levels = np.ascontiguousarray(levels[:, self._read])
        of_voice = in_voice[spectrum.bins].astype(np.float32)
        self._voice = _bands(of_voice > 0)
        self._of_voice = of_voice[self._voice]
        num_voice = in_voice.sum()
        self._log_num_voice = np.float32(np.log(num_voice))
        self._units = np.ones((6, 1), dtype=np.float32)
        self._units[[0, 4, 5]] = DECIBELS_PER_NEPER
        self._units[3] = 1 / np.log(num_voice)

    def __call__(
        self, power: FloatArray, mel: FloatArray, log_mel: FloatArray, bands: FloatArray
    ) -> FloatArray:
        """Describe spectra.

        Parameters
        ----------
        power : ndarray, shape (end_bin, num_frames), float32
            As the `PowerSpectrum` gives it, over 0.
        mel, log_mel : ndarray, shape (num_mels, num_frames), float32
            Power in the mel bands, and its natural logarithms.
        bands : ndarray, shape (3, num_frames), float32
            What `band_weights` gather.

        Returns
        -------
        ndarray, shape (len(BALANCE), num_frames), float32
            In the order of `BALANCE`; finite for a frame without power.
        """
        low, high, log_voice = np.log(bands)
        level = np.log(power[: self._read.stop])
        rows = np.empty((len(BALANCE), power.shape[1]), dtype=np.float32)
        np.subtract(high, low, out=rows[0])
        band_powers = mel * self._own
        self._moments_of(band_powers, rows[1:3])
        information = self._of_voice @ (power[self._voice] * level[self._voice])
        information /= bands[2]
        np.subtract(log_voice, information, out=rows[3])
        lines = self._levels @ level[self._read]
        rows[7:10], mean_level = lines[:3], lines[3]
        np.subtract(mean_level, log_voice, out=rows[4])
        rows[4] += self._log_num_voice
        np.subtract(log_mel[self._lower].max(axis=0), log_mel[self._upper].max(axis=0), out=rows[5])
        rows[:6] *= self._units
        rows[6] = self._rolloff(band_powers)
        return rows

    def _moments_of(self, band_powers: FloatArray, rows: FloatArray) -> None:
        total, first, second = self._moments @ np.sqrt(band_powers)
        bandwidth, centroid = rows
        np.divide(first, total, out=centroid)
        second /= total
        second -= centroid * centroid
        np.maximum(second, 0, out=second)
        np.sqrt(second, out=bandwidth)

    def _rolloff(self, band_powers: FloatArray) -> FloatArray:
        """Find where cumulated power reaches its share, kHz: each band counts by what of it lies below."""
        below = self._below @ band_powers
        missing = below[-1] * np.float32(ROLLOFF_SHARE) - below
        # Where the share is reached inside a band, that band has too much, but not by all of itself.
        missing /= band_powers
        missing += np.float32(1)
        np.maximum(missing, 0, out=missing)
        np.minimum(missing, 1, out=missing)
        rolloff: FloatArray = self._widths @ missing
        return rolloff


def _inside(bins_hz: NDArray[np.floating], low_hz: float, high_hz: float) -> NDArray[np.floating]:
    return ((bins_hz >= low_hz) & (bins_hz < high_hz)).astype(np.float64)


def _bands(used: NDArray[np.bool_] | np.bool_) -> slice:
    """Give the run of rows of all bands of the spectrum that are used."""
    bands = np.flatnonzero(used) // BAND
    return slice(int(bands[0]) * BAND, (int(bands[-1]) + 1) * BAND)


def _line_weights(bins_hz: NDArray[np.floating], low_hz: float, high_hz: float) -> NDArray[np.floating]:
    """Give the weights that turn natural logarithms of bins into the slope of their line, dB per kHz."""
    inside = (bins_hz >= low_hz) & (bins_hz <= high_hz)
    kilohertz = np.where(inside, (bins_hz - bins_hz[inside].mean()) / 1000, 0)
    return np.asarray(DECIBELS_PER_NEPER * kilohertz / np.sum(kilohertz**2))


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
        ends = np.cumsum([bins.stop - bins.start for bins in self._bins]).tolist()
        self._places = [slice(start, end) for start, end in pairwise([0, *ends])]
        # Where the extremes of sorted bands lie, and how they average to all peaks, then all valleys.
        counts = [count for _, count in bands]
        runs = [range(end - count, end) for end, count in zip(ends, counts, strict=True)]
        runs += [
            range(each.start, each.start + count) for each, count in zip(self._places, counts, strict=True)
        ]
        self._extremes = np.concatenate(runs)
        shares = np.diag(1 / np.array(counts * 2))
        self._averages = np.repeat(shares, counts * 2, axis=0).astype(np.float32)

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


NUM_CLASSES = 12
A4_HZ = 440.0
CENTRE_OCTAVE = 5.0
OCTAVE_WIDTH = 2.0
TINIEST = float(np.finfo(np.float32).tiny)


def chroma_filterbank(sample_rate: int, frame_length: int) -> FloatArray:
    """Give the weight of each bin in each pitch class, C first, tuned to A4 = 440 Hz.

    A Gaussian over the distance in pitch, as wide as a bin or a semitone, whichever is wider; each bin's
    weights have unit length, and a Gaussian over octaves favours the middle ones. The definition is that of
    D. Ellis, "Chroma feature analysis and synthesis" (2007), in the form that librosa made common.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.

    Returns
    -------
    ndarray, shape (frame_length // 2 + 1, 12), float32
        For ``power @ filterbank``.
    """
    bins_hz = np.arange(1, frame_length) * (sample_rate / frame_length)
    pitches = NUM_CLASSES * np.log2(bins_hz / (A4_HZ / 16))
    # 0 Hz has no pitch: it is put one and a half octaves under bin 1, where the octave Gaussian mutes it.
    pitches = np.concatenate([[pitches[0] - 1.5 * NUM_CLASSES], pitches])
    widths = np.concatenate([np.maximum(np.diff(pitches), 1.0), [1.0]])
    half = NUM_CLASSES / 2
    distances = pitches[:, np.newaxis] - np.arange(NUM_CLASSES)
    distances = np.remainder(distances + half + 10 * NUM_CLASSES, NUM_CLASSES) - half
    weights = np.exp(-0.5 * (2 * distances / widths[:, np.newaxis]) ** 2)
    weights /= np.sqrt(np.sum(weights**2, axis=1, keepdims=True))
    octaves = pitches / NUM_CLASSES
    weights *= np.exp(-0.5 * ((octaves - CENTRE_OCTAVE) / OCTAVE_WIDTH) ** 2)[:, np.newaxis]
    from_c = np.roll(weights, -3, axis=1)
    filterbank: FloatArray = from_c[: frame_length // 2 + 1].astype(np.float32)
    return filterbank


def normalise_by_loudest(chroma: FloatArray) -> FloatArray:
    """Divide each frame by its loudest pitch class.

    Parameters
    ----------
    chroma : ndarray, shape (num_frames, 12), float32
        Power per pitch class, >= 0.

    Returns
    -------
    ndarray, shape (num_frames, 12), float32
        In 0..1; a frame without power stays as it is.
    """
    loudest = chroma.max(axis=1, keepdims=True)
    loudest[loudest < TINIEST] = 1
    scaled: FloatArray = chroma / loudest
    return scaled


class SpectralShape:
    """Centroid, bandwidth and flatness of each frame.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.
    power_floor : float
        Power below this counts as this in the flatness.
    num_bins : int
        How many bins a spectrum has, from 0 Hz on.
    """

    def __init__(self, sample_rate: int, frame_length: int, power_floor: float, num_bins: int) -> None:
        self._bins_hz = np.fft.rfftfreq(frame_length, 1 / sample_rate)[:num_bins].astype(np.float32)
        self._ones = np.ones_like(self._bins_hz)
        self._power_floor = np.float32(power_floor)

    def centroid_and_bandwidth(self, magnitude: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give mean and standard deviation of frequency, each bin weighted by its magnitude.

        Parameters
        ----------
        magnitude : ndarray, shape (num_frames, num_bins), float32
            As `SpectralPass` gives it.

        Returns
        -------
        centroid, bandwidth : ndarray, shape (num_frames,), float32
            Hz; 0 for a frame without power. A. Klapuri and M. Davy (eds), "Signal Processing Methods for
            Music Transcription", chapter 5, 2006.
        """
        total = magnitude @ self._ones
        total[total < TINIEST] = 1
        centroid = magnitude @ self._bins_hz
        centroid /= total
        deviation = self._bins_hz - centroid[:, np.newaxis]
        deviation *= deviation
        bandwidth: FloatArray = np.vecdot(magnitude, deviation)
        bandwidth /= total
        return centroid, np.sqrt(bandwidth)

    def flatness(self, power: FloatArray) -> FloatArray:
        """Give the geometric over the arithmetic mean of power.

        Parameters
        ----------
        power : ndarray, shape (num_frames, num_bins), float32
            Its square.

        Returns
        -------
        ndarray, shape (num_frames,), float32
            In 0..1: 1 for a flat spectrum and for silence. S. Dubnov, "Generalization of spectral flatness
            measure for non-Gaussian linear processes", IEEE Signal Processing Letters 11(8), 2004.
        """
        floored = np.maximum(power, self._power_floor)
        arithmetic = floored @ self._ones / np.float32(len(self._ones))
        np.log(floored, out=floored)
        # Pairwise, not a product with ones: the exponential would turn its rounding into 2e-5 of the value.
        geometric = np.exp(floored.sum(axis=1) / np.float32(len(self._ones)))
        flatness: FloatArray = geometric / arithmetic
        return flatness


def frame_rms(frames: FloatArray) -> FloatArray:
    """Give the root of the mean square of each frame, DC included.

    Parameters
    ----------
    frames : ndarray, shape (num_frames, frame_length), float32
        Sound, not tapered.

    Returns
    -------
    ndarray, shape (num_frames,), float32
        Full scale is 1.
    """
    mean_square: FloatArray = np.vecdot(frames, frames)
    mean_square /= np.float32(frames.shape[1])
    return np.sqrt(mean_square)


def zero_crossing_rate(frames: FloatArray, threshold: float) -> FloatArray:
    """Give the share of samples whose sign differs from that of the sample before them in the frame.

    Parameters
    ----------
    frames : ndarray, shape (num_frames, frame_length), float32
        Sound.
    threshold : float
        Samples no further from zero than this count as zero, and zero counts as positive.

    Returns
    -------
    ndarray, shape (num_frames,), float32
        Crossings per sample, in 0..1; the first sample of a frame crosses nothing.
    """
    negative = frames < -np.float32(threshold)
    crosses = np.zeros(frames.shape, dtype=np.bool_)
    np.not_equal(negative[:, 1:], negative[:, :-1], out=crosses[:, 1:])
    # Eight booleans at a time: numpy's own count along an axis goes one by one.
    counts = np.bitwise_count(crosses.view(np.uint64)).sum(axis=1, dtype=np.uint32)
    rate: FloatArray = (counts / frames.shape[1]).astype(np.float32)
    return rate


EXPONENT: Final = 0.3
"""S. S. Stevens, "The measurement of loudness", JASA 27, 1955: twice as loud every 10 dB."""
FAINTEST: Final = 1e-37
"""Power that counts as none."""


def a_weight(frequency_hz: NDArray[np.floating]) -> NDArray[np.floating]:
    """Give the ear's weight on power at each frequency.

    Parameters
    ----------
    frequency_hz : ndarray, shape (n,), float64
        Hz.

    Returns
    -------
    ndarray, shape (n,), float64
        1 at 1 kHz: the A curve of IEC 61672-1, squared.
    """
    square = frequency_hz**2
    amplitude = 12194**2 * square**2
    amplitude /= (square + 20.6**2) * (square + 12194**2)
    amplitude /= np.sqrt((square + 107.7**2) * (square + 737.9**2))
    return (amplitude * 10**0.1) ** 2


class Loudness:
    """Sums the loudness of mel bands.

    Parameters
    ----------
    frame_length : int
        Samples in a frame.
    num_bands : int
        Mel bands.
    highest_hz : float
        Upper corner of the last one, Hz.
    """

    def __init__(self, frame_length: int, num_bands: int, highest_hz: float) -> None:
        edges = mel_band_edges(num_bands, highest_hz)
        # Triangles have an area of 1 Hz; a sine of full scale has 3 n^2 / 32 in all bins, under a Hann curve.
        half_widths = (edges[2:] - edges[:-2]) / 2
        weights = a_weight(edges[1:-1]) * half_widths / (3 * frame_length**2 / 32)
        self._offsets = (EXPONENT * np.log(weights)).astype(np.float32)[:, np.newaxis]
        self._ones = np.ones(num_bands, dtype=np.float32)
        self._least = np.float32(1.1 * np.exp(self._offsets).sum() * FAINTEST**EXPONENT)

    def __call__(self, logarithms: FloatArray) -> FloatArray:
        """Sum up frames.

        Parameters
        ----------
        logarithms : ndarray, shape (num_bands, num_frames), float32
            Natural ones of each band's power, at least that of `FAINTEST`.

        Returns
        -------
        ndarray, shape (num_frames,), float32
            The sum over the bands of ear-weighted power to the 0.3: near 1 for a sine of full scale at 1 kHz;
            a gain of g makes it ``g ** 0.6`` times as much. The form, power of an ear-weighted auditory
            spectrum, is that of H. Hermansky, "Perceptual linear predictive (PLP) analysis of speech", JASA
            87, 1990; F. Eyben et al. (eGeMAPS, 2016) sum mel bands as we do.
        """
        bands = logarithms * np.float32(EXPONENT)
        bands += self._offsets
        np.exp(bands, out=bands)
        total: FloatArray = self._ones @ bands
        # Silence has none at all.
        total *= total > self._least
        return total


REACH: Final = 2
"""Frames to either side."""


def deltas(tracks: FloatArray) -> FloatArray:
    """Give the slope of the line through five frames, by least squares.

    S. Furui, "Speaker-independent isolated word recognition using dynamic features of speech spectrum", IEEE
    Trans. ASSP 34(1), 1986. At its ends a track is continued with its first and last value.

    Parameters
    ----------
    tracks : ndarray, shape (num_descriptors, num_frames), float32
        num_frames >= 1.

    Returns
    -------
    ndarray, shape (num_descriptors, num_frames), float32
        Change per frame.
    """
    num_descriptors, num_frames = tracks.shape
    padded = np.empty((num_descriptors, num_frames + 2 * REACH), dtype=np.float32)
    padded[:, :REACH] = tracks[:, :1]
    padded[:, REACH:-REACH] = tracks
    padded[:, -REACH:] = tracks[:, -1:]
    slopes = padded[:, 2 * REACH :] - padded[:, : -2 * REACH]
    slopes *= np.float32(2)
    slopes += padded[:, 3:-1]
    slopes -= padded[:, 1:-3]
    slopes *= np.float32(0.1)
    return slopes


def flux(bands: FloatArray) -> FloatArray:
    """Give how much louder a frame's bands are than those of the frame before.

    S. Boeck and G. Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013, without the
    filter: mean over bands of the rise in level, falls counted as none.

    Parameters
    ----------
    bands : ndarray, shape (num_frames, num_bands), float32
        dB; num_frames >= 1.

    Returns
    -------
    ndarray, shape (num_frames,), float32
        dB, >= 0; 0 for the first frame.
    """
    num_frames, num_bands = bands.shape
    rises = bands[1:] - bands[:-1]
    np.maximum(rises, 0, out=rises)
    risen = np.zeros(num_frames, dtype=np.float32)
    np.matmul(rises, np.full(num_bands, 1 / num_bands, dtype=np.float32), out=risen[1:])
    return risen
