"""Noise with a spectrum of one's choice."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def shaped_noise(
    num_samples: int,
    sample_rate: int,
    rng: np.random.Generator,
    gain: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Make Gaussian noise with a spectrum.

    Parameters
    ----------
    num_samples : int
        At least 2.
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
        Drawn from.
    gain : callable
        From frequencies in Hz, all above 0, to amplitudes.

    Returns
    -------
    ndarray, shape (num_samples,), float64
        RMS 1, no DC.
    """
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    spectrum[0] = 0.0
    hz = np.fft.rfftfreq(num_samples, 1 / sample_rate)[1:].astype(np.float64)
    spectrum[1:] *= gain(hz)
    noise: NDArray[np.float64] = np.fft.irfft(spectrum, num_samples)
    noise /= np.sqrt(np.mean(noise**2))
    return noise


def falling(exponent: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Give the amplitudes of noise whose power falls as a power of the frequency.

    Parameters
    ----------
    exponent : float
        0 is white, 1 pink, 2 brown.

    Returns
    -------
    callable
        For `shaped_noise`; nothing under 20 Hz.
    """
    return lambda hz: np.where(hz < 20.0, 0.0, hz ** (-exponent / 2))


def bands(
    centres_hz: list[float], widths_hz: list[float], gains: list[float]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Give the amplitudes of noise in bell-shaped bands.

    Parameters
    ----------
    centres_hz, widths_hz, gains : list of float
        One of each a band; Hz, Hz, amplitude.

    Returns
    -------
    callable
        For `shaped_noise`.
    """

    def gain(hz: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.zeros_like(hz)
        for centre, width, height in zip(centres_hz, widths_hz, gains, strict=True):
            total += height * np.exp(-0.5 * ((hz - centre) / width) ** 2)
        return total

    return gain
