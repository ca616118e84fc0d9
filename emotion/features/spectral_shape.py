"""Where a frame's spectrum has its weight, how wide it spreads, and how flat it is."""

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.chroma import TINIEST
from emotion.features.spectrum import Spectrum, bin_frequencies


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
        self._bins_hz = bin_frequencies(sample_rate, frame_length)[:num_bins]
        self._ones = np.ones_like(self._bins_hz)
        self._power_floor = np.float32(power_floor)

    def centroid_and_bandwidth(self, spectrum: Spectrum) -> tuple[FloatArray, FloatArray]:
        """Give mean and standard deviation of frequency, each bin weighted by its magnitude.

        Parameters
        ----------
        spectrum : Spectrum
            Of num_frames frames.

        Returns
        -------
        centroid, bandwidth : ndarray, shape (num_frames,), float32
            Hz; 0 for a frame without power. A. Klapuri and M. Davy (eds), "Signal Processing Methods for
            Music Transcription", chapter 5, 2006.
        """
        total = spectrum.magnitude @ self._ones
        total[total < TINIEST] = 1
        centroid = spectrum.magnitude @ self._bins_hz
        centroid /= total
        deviation = self._bins_hz - centroid[:, np.newaxis]
        deviation *= deviation
        bandwidth: FloatArray = np.vecdot(spectrum.magnitude, deviation)
        bandwidth /= total
        return centroid, np.sqrt(bandwidth)

    def flatness(self, spectrum: Spectrum) -> FloatArray:
        """Give the geometric over the arithmetic mean of power.

        Parameters
        ----------
        spectrum : Spectrum
            Of num_frames frames.

        Returns
        -------
        ndarray, shape (num_frames,), float32
            In 0..1: 1 for a flat spectrum and for silence. S. Dubnov, "Generalization of spectral flatness
            measure for non-Gaussian linear processes", IEEE Signal Processing Letters 11(8), 2004.
        """
        floored = np.maximum(spectrum.power, self._power_floor)
        arithmetic = floored @ self._ones / np.float32(len(self._ones))
        np.log(floored, out=floored)
        # Pairwise, not a product with ones: the exponential would turn its rounding into 2e-5 of the value.
        geometric = np.exp(floored.sum(axis=1) / np.float32(len(self._ones)))
        flatness: FloatArray = geometric / arithmetic
        return flatness
