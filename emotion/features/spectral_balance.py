"""How a frame's power is shared between low and high frequencies, and how it is spread."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor
from emotion.features.mel import DECIBELS_PER_NEPER, decibels
from emotion.features.spectrum import Spectrum

TINIEST: Final = 1e-20
ALPHA_HZ: Final = (50.0, 1000.0, 5000.0)
HAMMARBERG_HZ: Final = (0.0, 2000.0, 5000.0)
SLOPES_HZ: Final = ((60.0, 500.0), (500.0, 1500.0), (1000.0, 5000.0))
ROLLOFF_SHARE: Final = 0.85
ROLLOFF_STEP_HZ: Final = 250.0
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
"""What `SpectralBalance` gives, in its order."""


class SpectralBalance:
    """Describes spectra; every value is the same at every level.

    - alpha ratio: power in 1..5 kHz over that in 50..1000 Hz. J. Sundberg and M. Nordenberg, "Effects of
      vocal loudness variation on spectrum balance as reflected by the alpha measure of long-term-average
      spectra of speech", JASA 120, 2006.
    - Hammarberg index: the strongest bin of 0..2 kHz over that of 2..5 kHz. B. Hammarberg et al., "Perceptual
      and acoustic correlates of abnormal voice qualities", Acta Oto-Laryngologica 90, 1980.
    - slopes: of the line through the levels of the bins of 60..500, 500..1500, 1000..5000 Hz, by least
      squares. F. Eyben et al., "The Geneva minimalistic acoustic parameter set (GeMAPS)", IEEE Trans.
      Affective Computing 7, 2016.
    - centroid and bandwidth: mean and standard deviation of frequency, weighted by magnitude. G. Peeters, "A
      large set of audio features for sound description", IRCAM, 2004.
    - rolloff: below it lie 85 % of the power, read off at steps of 250 Hz with straight lines between.
      Same source.
    - flatness: geometric over arithmetic mean of power, in dB. J. Johnston, "Transform coding of audio
      signals using perceptual noise criteria", IEEE JSAC 6, 1988. In 300..3400 Hz.
    - entropy: of power as a distribution over the bins of 300..3400 Hz, over its maximum. H. Misra et al.,
      "Spectral entropy based feature for robust ASR", ICASSP 2004.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.
    """

    def __init__(self, sample_rate: int, frame_length: int) -> None:
        bins_hz = np.fft.rfftfreq(frame_length, 1 / sample_rate)
        self._moments = np.stack(
            [np.ones_like(bins_hz), bins_hz / 1000, (bins_hz / 1000) ** 2], axis=1
        ).astype(np.float32)
        edges = np.arange(ROLLOFF_STEP_HZ, sample_rate / 2 + 1, ROLLOFF_STEP_HZ)
        below = bins_hz[:, np.newaxis] <= edges
        low, middle, high = ALPHA_HZ
        bands = [(bins_hz >= low) & (bins_hz < middle), (bins_hz >= middle) & (bins_hz < high)]
        self._gather = np.concatenate([np.stack(bands, axis=1), below], axis=1).astype(np.float32)
        first, second, third = np.searchsorted(bins_hz, HAMMARBERG_HZ)
        self._lower, self._upper = slice(first, second), slice(second, third)
        start, end = np.searchsorted(bins_hz, VOICE_HZ)
        self._voice = slice(start, end)
        self._voice_ones = np.full(end - start, 1, dtype=np.float32)
        weights = [_line_weights(bins_hz, *band) for band in SLOPES_HZ]
        self._levels = np.stack(weights, axis=1).astype(np.float32)

    def __call__(self, spectrum: Spectrum) -> FloatArray:
        """Describe spectra.

        Parameters
        ----------
        spectrum : Spectrum
            Of num_frames frames.

        Returns
        -------
        ndarray, shape (num_frames, len(BALANCE)), float32
            In the order of `BALANCE`; finite for a frame without power.
        """
        power = np.maximum(spectrum.power, np.float32(TINIEST))
        level = np.log(power)
        gathered = power @ self._gather
        rows = np.empty((len(power), len(BALANCE)), dtype=np.float32)
        decibels_of = np.empty((4, len(power)), dtype=np.float32)
        decibels_of[:2] = gathered[:, :2].T
        power[:, self._lower].max(axis=1, out=decibels_of[2])
        power[:, self._upper].max(axis=1, out=decibels_of[3])
        low_db, high_db, lower_db, upper_db = decibels(decibels_of, TINIEST)
        rows[:, 0] = high_db - low_db
        rows[:, 1], rows[:, 2] = self._moments_of(spectrum.magnitude)
        rows[:, 3], rows[:, 4] = self._spread(power[:, self._voice], level[:, self._voice])
        rows[:, 5] = lower_db - upper_db
        rows[:, 6] = _rolloff(gathered[:, 2:], ROLLOFF_SHARE)
        np.matmul(level, self._levels, out=rows[:, 7:])
        return rows

    def _moments_of(self, magnitude: FloatArray) -> tuple[FloatArray, FloatArray]:
        total, first, second = (magnitude @ self._moments).T
        inverse = 1 / np.maximum(total, np.float32(TINIEST))
        centroid = first * inverse
        return np.sqrt(np.maximum(second * inverse - centroid * centroid, 0)), centroid

    def _spread(self, power: FloatArray, level: FloatArray) -> tuple[FloatArray, FloatArray]:
        log_num_bins = np.log(np.float32(power.shape[1]))
        total = power @ self._voice_ones
        log_total = np.log(total)
        entropy = (log_total - np.einsum("fb,fb->f", power, level) / total) / log_num_bins
        mean_level = level @ self._voice_ones / np.float32(power.shape[1])
        return entropy, np.float32(DECIBELS_PER_NEPER) * (mean_level - log_total + log_num_bins)


def _line_weights(bins_hz: NDArray[np.floating], low_hz: float, high_hz: float) -> NDArray[np.floating]:
    """Give the weights that turn natural logarithms of bins into the slope of their line, dB per kHz."""
    inside = (bins_hz >= low_hz) & (bins_hz <= high_hz)
    kilohertz = np.where(inside, (bins_hz - bins_hz[inside].mean()) / 1000, 0)
    return np.asarray(DECIBELS_PER_NEPER * kilohertz / np.sum(kilohertz**2))


def _rolloff(below: FloatArray, share: float) -> FloatArray:
    """Find where cumulated power reaches a share, kHz."""
    wanted = below[:, -1] * np.float32(share)
    step = (below < wanted[:, np.newaxis]).sum(axis=1)
    places = np.arange(0, below.size, below.shape[1]) + step
    flat = below.ravel()
    above, under = flat[places], np.where(step > 0, flat[places - 1], 0)
    part = (wanted - under) / np.maximum(above - under, np.float32(TINIEST))
    rolloff: FloatArray = (step + part) * np.float32(ROLLOFF_STEP_HZ / 1000)
    return rolloff
