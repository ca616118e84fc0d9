"""How a frame's power is shared between low and high frequencies, and how it is spread."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor
from emotion.features.mel import DECIBELS_PER_NEPER
from emotion.features.power_spectrum import BAND, PowerSpectrum

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
"""What `SpectralBalance` gives, in its order."""


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
        steps = mel * self._own
        self._moments_of(steps, rows[1:3])
        information = self._of_voice @ (power[self._voice] * level[self._voice])
        information /= bands[2]
        np.subtract(log_voice, information, out=rows[3])
        lines = self._levels @ level[self._read]
        rows[7:], mean_level = lines[:3], lines[3]
        np.subtract(mean_level, log_voice, out=rows[4])
        rows[4] += self._log_num_voice
        np.subtract(log_mel[self._lower].max(axis=0), log_mel[self._upper].max(axis=0), out=rows[5])
        rows[:6] *= self._units
        rows[6] = self._rolloff(steps)
        return rows

    def _moments_of(self, steps: FloatArray, rows: FloatArray) -> None:
        total, first, second = self._moments @ np.sqrt(steps)
        bandwidth, centroid = rows
        np.divide(first, total, out=centroid)
        second /= total
        second -= centroid * centroid
        np.maximum(second, 0, out=second)
        np.sqrt(second, out=bandwidth)

    def _rolloff(self, steps: FloatArray) -> FloatArray:
        """Find where cumulated power reaches its share, kHz: each band counts by what of it lies below."""
        below = self._below @ steps
        missing = below[-1] * np.float32(ROLLOFF_SHARE) - below
        # Where the share is reached inside a band, that band has too much, but not by all of itself.
        missing /= steps
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
