"""The mel scale of Slaney's Auditory Toolbox, its filterbank, and cepstra of it."""

import numpy as np

from emotion.arrays import FloatArray

LINEAR_HZ_PER_MEL = 200 / 3
LOG_FROM_HZ = 1000.0
LOG_FROM_MEL = LOG_FROM_HZ / LINEAR_HZ_PER_MEL
LOG_STEP = np.log(6.4) / 27
DECIBELS_PER_NEPER = 10 / np.log(10)
"""10 log10(x) is this times log(x)."""


def hz_to_mel(frequency_hz: float) -> float:
    """Turn hertz into mels: linear below 1 kHz, logarithmic above.

    Parameters
    ----------
    frequency_hz : float
        Hz, >= 0.

    Returns
    -------
    float
        mel, as M. Slaney, "Auditory Toolbox", Interval Research technical report 1998-010.
    """
    if frequency_hz < LOG_FROM_HZ:
        return frequency_hz / LINEAR_HZ_PER_MEL
    return float(LOG_FROM_MEL + np.log(frequency_hz / LOG_FROM_HZ) / LOG_STEP)


def mel_band_edges(num_bands: int, highest_hz: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Give the corners of bands equally wide in mel, from 0 Hz.

    Parameters
    ----------
    num_bands : int
        Triangles.
    highest_hz : float
        Upper corner of the last one, Hz.

    Returns
    -------
    ndarray, shape (num_bands + 2,), float64
        Hz: band b rises from corner b to corner b + 1 and falls to corner b + 2.
    """
    mels = np.linspace(0, hz_to_mel(highest_hz), num_bands + 2)
    above = LOG_FROM_HZ * np.exp(LOG_STEP * (mels - LOG_FROM_MEL))
    return np.where(mels < LOG_FROM_MEL, mels * LINEAR_HZ_PER_MEL, above)


def mel_filterbank(
    sample_rate: int, frame_length: int, num_bands: int, highest_hz: float | None = None
) -> FloatArray:
    """Give the triangles that gather power into mel bands, each of about the same area.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.
    num_bands : int
        Triangles.
    highest_hz : float or None
        Where the last band ends, Hz; half the sample rate unless given.

    Returns
    -------
    ndarray, shape (frame_length // 2 + 1, num_bands), float32
        Weights, for ``power @ filterbank``.
    """
    edges = mel_band_edges(num_bands, highest_hz or sample_rate / 2)
    bins = np.fft.rfftfreq(frame_length, 1 / sample_rate)[:, np.newaxis]
    widths = np.diff(edges)
    rising = (bins - edges[:-2]) / widths[:-1]
    falling = (edges[2:] - bins) / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    filterbank: FloatArray = (triangles * (2 / (edges[2:] - edges[:-2]))).astype(np.float32)
    return filterbank


def cepstral_basis(num_bands: int, num_coefficients: int) -> FloatArray:
    """Give the orthonormal cosine transform (DCT-II) that turns band levels into cepstral coefficients.

    Parameters
    ----------
    num_bands, num_coefficients : int
        Columns in, columns out.

    Returns
    -------
    ndarray, shape (num_bands, num_coefficients), float32
        For ``decibels @ basis``. S. Davis and P. Mermelstein, "Comparison of parametric representations for
        monosyllabic word recognition", IEEE Trans. ASSP 28(4), 1980.
    """
    centres = (np.arange(num_bands)[:, np.newaxis] + 0.5) / num_bands
    basis = np.sqrt(2 / num_bands) * np.cos(np.pi * centres * np.arange(num_coefficients))
    basis[:, 0] = np.sqrt(1 / num_bands)
    rounded: FloatArray = basis.astype(np.float32)
    return rounded


def decibels(power: FloatArray, floor: float) -> FloatArray:
    """Turn power into decibels.

    Parameters
    ----------
    power : ndarray, float32
        Any shape, >= 0.
    floor : float
        Power below this counts as this.

    Returns
    -------
    ndarray, float32
        ``10 log10(max(power, floor))``, dB.
    """
    level: FloatArray = np.maximum(power, np.float32(floor))
    np.log(level, out=level)
    level *= np.float32(DECIBELS_PER_NEPER)
    return level
