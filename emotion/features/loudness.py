"""Loudness: how loud a frame is to an ear, not to a meter."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.mel import mel_band_edges

EXPONENT: Final = 0.3
"""S. S. Stevens, "The measurement of loudness", JASA 27, 1955: twice as loud every 10 dB."""
FAINTEST: Final = 1e-37
"""Power that counts as none."""


def a_weight(
    frequency_hz: NDArray[np.floating],
) -> NDArray[np.floating]:
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
