"""How a frame's power is shared between low and high frequencies, and how it is spread."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor
from emotion.features.mel import DECIBELS_PER_NEPER
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
        moments = [np.ones_like(bins_hz), bins_hz / 1000, (bins_hz / 1000) ** 2]
        self._moments = np.stack(moments).astype(np.float32)
        low, middle, high = ALPHA_HZ
        start, end = np.searchsorted(bins_hz, VOICE_HZ)
        in_voice = (np.arange(len(bins_hz)) >= start) & (np.arange(len(bins_hz)) < end)
        bands = [(bins_hz >= low) & (bins_hz < middle), (bins_hz >= middle) & (bins_hz < high), in_voice]
        edges = np.arange(0, sample_rate / 2 + 1, ROLLOFF_STEP_HZ)
        below = (bins_hz <= edges[:, np.newaxis]) & (edges[:, np.newaxis] > 0)
        self._gather = np.concatenate([np.stack(bands), below]).astype(np.float32)
        first, second, third = np.searchsorted(bins_hz, HAMMARBERG_HZ)
        self._lower, self._upper = slice(first, second), slice(second, third)
        lines = [_line_weights(bins_hz, *band) for band in SLOPES_HZ]
        weights = np.stack([*lines, in_voice / in_voice.sum()])
        # Logarithms are dear: only of the bins that some weight reads.
        used = np.flatnonzero(np.abs(weights).sum(axis=0))
        self._read = slice(int(used[0]), int(used[-1]) + 1)
        self._levels = weights[:, self._read].astype(np.float32)
        self._voice, self._voice_levels = slice(start, end), slice(start - used[0], end - used[0])
        self._log_num_voice = np.float32(np.log(end - start))
        self._units = np.ones((6, 1), dtype=np.float32)
        self._units[[0, 4, 5]] = DECIBELS_PER_NEPER
        self._units[3] = 1 / np.log(end - start)
        self._steps = np.full(len(edges) - 1, ROLLOFF_STEP_HZ / 1000, dtype=np.float32)

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
        level = np.log(power[:, self._read])
        # A row a quantity from here on: whole rows are quicker than columns.
        rows = np.empty((len(BALANCE), len(power)), dtype=np.float32)
        gathered = self._gather @ power.T
        logarithms = np.empty((5, len(power)), dtype=np.float32)
        logarithms[:3] = gathered[:3]
        power[:, self._lower].max(axis=1, out=logarithms[3])
        power[:, self._upper].max(axis=1, out=logarithms[4])
        np.log(logarithms, out=logarithms)
        low, high, log_voice, lower, upper = logarithms
        np.subtract(high, low, out=rows[0])
        rows[1], rows[2] = self._moments_of(spectrum.magnitude)
        information = np.einsum("fb,fb->f", power[:, self._voice], level[:, self._voice_levels])
        information /= gathered[2]
        np.subtract(log_voice, information, out=rows[3])
        lines = self._levels @ level.T
        rows[7:], mean_level = lines[:3], lines[3]
        np.subtract(mean_level, log_voice, out=rows[4])
        rows[4] += self._log_num_voice
        np.subtract(lower, upper, out=rows[5])
        rows[:6] *= self._units
        rows[6] = self._rolloff(gathered[3:])
        return rows.T

    def _moments_of(self, magnitude: FloatArray) -> tuple[FloatArray, FloatArray]:
        total, first, second = self._moments @ magnitude.T
        inverse = 1 / np.maximum(total, np.float32(TINIEST))
        centroid = first * inverse
        second *= inverse
        second -= centroid * centroid
        np.maximum(second, 0, out=second)
        return np.sqrt(second, out=second), centroid

    def _rolloff(self, below: FloatArray) -> FloatArray:
        """Find where cumulated power reaches its share, kHz: each step counts by what lies under it."""
        wanted = below[-1] * np.float32(ROLLOFF_SHARE)
        part = wanted - below[:-1]
        widths = below[1:] - below[:-1]
        part /= np.maximum(widths, np.float32(TINIEST), out=widths)
        np.maximum(part, 0, out=part)
        np.minimum(part, 1, out=part)
        rolloff: FloatArray = self._steps @ part
        return rolloff


def _line_weights(bins_hz: NDArray[np.floating], low_hz: float, high_hz: float) -> NDArray[np.floating]:
    """Give the weights that turn natural logarithms of bins into the slope of their line, dB per kHz."""
    inside = (bins_hz >= low_hz) & (bins_hz <= high_hz)
    kilohertz = np.where(inside, (bins_hz - bins_hz[inside].mean()) / 1000, 0)
    return np.asarray(DECIBELS_PER_NEPER * kilohertz / np.sum(kilohertz**2))
