"""Loudness: how loud a frame is to an ear, not to a meter."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray

EXPONENT: Final = 0.3
"""S. S. Stevens, "The measurement of loudness", JASA 27, 1955: twice as loud every 10 dB."""
FAINTEST: Final = 1e-37
"""A band that counts as none."""
LOWEST_HZ: Final = 50.0
NUM_BANDS: Final = 20


def bark(
    frequency_hz: NDArray[np.floating],
) -> NDArray[np.floating]:
    """Give critical-band rates.

    Parameters
    ----------
    frequency_hz : ndarray, shape (n,), float64
        Hz.

    Returns
    -------
    ndarray, shape (n,), float64
        Bark, as H. Traunmueller, "Analytical expressions for the tonotopic sensory scale", JASA 88, 1990.
    """
    return 26.81 * frequency_hz / (1960 + frequency_hz) - 0.53


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
    """Sums the loudness of critical bands.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.
    """

    def __init__(self, sample_rate: int, frame_length: int) -> None:
        bins_hz = np.fft.rfftfreq(frame_length, 1 / sample_rate)
        rates = bark(bins_hz)
        lowest, highest = bark(np.array([LOWEST_HZ, sample_rate / 2]))
        band = np.clip((rates - lowest) / (highest - lowest) * NUM_BANDS, -1, NUM_BANDS - 1)
        owned = np.floor(band)[:, np.newaxis] == np.arange(NUM_BANDS)
        gather = (owned * a_weight(bins_hz)[:, np.newaxis]).astype(np.float32)
        # A sine of full scale has this much power in its bins, under a Hann curve.
        gather /= np.float32(3 * frame_length**2 / 32)
        self._gather = np.ascontiguousarray(gather.T)
        self._ones = np.full(NUM_BANDS, 1, dtype=np.float32)

    def __call__(self, power: FloatArray) -> FloatArray:
        """Sum up frames.

        Parameters
        ----------
        power : ndarray, shape (num_frames, frame_length // 2 + 1), float32
            Of each frame's spectrum.

        Returns
        -------
        ndarray, shape (num_frames,), float32
            The sum over 20 equal parts of the Bark scale of weighted power to the 0.3: 1 for a sine of full
            scale at 1 kHz in one band; a gain of g makes it ``g ** 0.6`` times as much. The form, power of an
            ear-weighted auditory spectrum, is that of H. Hermansky, "Perceptual linear predictive (PLP)
            analysis of speech", JASA 87, 1990; F. Eyben et al. (eGeMAPS, 2016) sum it as we do.
        """
        bands = self._gather @ power.T
        # A power by way of logarithms, at a fourth of the cost; zero must have one, too.
        np.maximum(bands, np.float32(FAINTEST), out=bands)
        np.log(bands, out=bands)
        bands *= np.float32(EXPONENT)
        np.exp(bands, out=bands)
        total: FloatArray = self._ones @ bands
        # Silence has none at all.
        total *= total > 2 * NUM_BANDS * FAINTEST**EXPONENT
        return total
