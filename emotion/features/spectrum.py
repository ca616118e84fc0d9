"""The one spectral pass: taper, transform, magnitude, power, mel bands and cepstra of frames.

It is computed once and shared by all descriptors.
"""

import numpy as np

from emotion.arrays import FloatArray, Samples


def hann_taper(frame_length: int) -> FloatArray:
    """Give the periodic Hann curve, as spectral analysis wants it (``fftbins=True`` elsewhere).

    Parameters
    ----------
    frame_length : int
        Samples in a frame.

    Returns
    -------
    ndarray, shape (frame_length,), float32
        ``0.5 - 0.5 cos(2 pi n / frame_length)``, in 0..1.
    """
    turns = np.arange(frame_length) / frame_length
    return (0.5 - 0.5 * np.cos(2 * np.pi * turns)).astype(np.float32)


def power_of_frames(samples: Samples, taper: FloatArray, hop: int) -> FloatArray:
    """Compute the power of all frames that lie wholly inside a sound.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, at least one frame.
    taper : ndarray, shape (frame_length,), float32
        On each frame.
    hop : int
        Samples between frame starts; the first frame begins with the first sample.

    Returns
    -------
    ndarray, shape ((n - frame_length) // hop + 1, frame_length // 2 + 1), float32
        Squares of what the transform gives, not scaled by the frame's length.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, len(taper))[::hop]
    spectrum = np.fft.rfft(frames * taper, axis=1)
    power: FloatArray = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


class SpectralPass:
    """Tapers and transforms frames.

    Parameters
    ----------
    frame_length : int
        Samples in a frame.
    range_db : float or None
        Bins further than this under the loudest of their frame count as this far: beyond 120 dB float32 gives
        no more than its own rounding, which differs from machine to machine.
    num_bins : int or None
        How many bins are given, from 0 Hz on; None for all ``frame_length // 2 + 1``.
    """

    def __init__(self, frame_length: int, range_db: float | None = None, num_bins: int | None = None) -> None:
        self._weakest = None if range_db is None else np.float32(10 ** (-range_db / 20))
        self._taper = hann_taper(frame_length)
        self._num_bins = num_bins

    def __call__(self, frames: FloatArray) -> FloatArray:
        """Give the magnitudes of frames.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, frame_length), float32
            Sound.

        Returns
        -------
        ndarray, shape (num_frames, num_bins), float32
            As the transform gives them, not scaled by the frame's length.
        """
        magnitude: FloatArray = np.abs(np.fft.rfft(frames * self._taper)[:, : self._num_bins])
        if self._weakest is not None:
            loudest = magnitude.max(axis=1, keepdims=True)
            np.maximum(magnitude, loudest * self._weakest, out=magnitude)
        return magnitude


OUTER = 32
"""Points of the first transform; the second one takes the rest."""
BAND = OUTER // 2
"""Bins in each band of rows."""


class PowerSpectrum:
    """Tapers and transforms frames.

    Parameters
    ----------
    frame_length : int
        Samples in a frame, a multiple of 32.
    first_bin, end_bin : int
        Bins before the first are zero; from the end on there are none. Without the bins 0 and 1 a constant
        (DC) is removed: under a Hann curve it lies in these alone. `end_bin` is a multiple of 16.

    Attributes
    ----------
    bins : ndarray, shape (end_bin,), int
        The bin of each row: each 16 rows hold the 16 bins that they would hold in rising order.
    """

    def __init__(self, frame_length: int, first_bin: int, end_bin: int) -> None:
        self._taper = hann_taper(frame_length)[:, np.newaxis]
        inner, num_bands = frame_length // OUTER, end_bin // BAND
        # Sample n = inner * a + b and bin k = k1 + outer * k2. A real frame's bin k has the power of bin
        # frame_length - k, so that every second band is found at the upper end, counted downwards.
        b, k1, band = np.arange(inner), np.arange(BAND), np.arange(num_bands)
        k2 = np.where(band % 2, inner - 1 - band // 2, band // 2)
        k = k1[:, np.newaxis] + OUTER * k2
        # For k1 = 0 and k1 = 16 the first transform is real: these two share a place, others have two parts.
        k[0] = BAND * band
        weights = np.exp(-2j * np.pi * k[:, :, np.newaxis] * b / frame_length)
        bins = np.minimum(k, frame_length - k)
        weights[bins < first_bin] = 0
        self.bins = bins.T.ravel()
        turns = np.exp(-2j * np.pi * np.outer(k1, np.arange(OUTER)) / OUTER)
        outer = np.stack([turns.real, turns.imag], axis=1)
        outer[0, 1] = (-1.0) ** np.arange(OUTER)
        self._outer_matrix = outer.reshape(-1, OUTER).astype(np.float32)
        from_real = np.stack([weights.real, weights.imag], axis=1)
        from_imag = np.stack([-weights.imag, weights.real], axis=1)
        from_imag[0] = from_real[0] * (band % 2)[:, np.newaxis]
        from_real[0] *= 1 - (band % 2)[:, np.newaxis]
        inner_matrices = np.concatenate([from_real, from_imag], axis=-1)
        self._inner_matrices = inner_matrices.reshape(BAND, 2 * num_bands, 2 * inner).astype(np.float32)

    def __call__(self, frames: FloatArray) -> FloatArray:
        """Give the power of frames.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, frame_length), float32
            Sound.

        Returns
        -------
        ndarray, shape (end_bin, num_frames), float32
            Squares of what the transform gives, not scaled by the frame's length.
        """
        num_frames = len(frames)
        tapered = np.multiply(frames.T, self._taper, order="C")
        outer = self._outer_matrix @ tapered.reshape(OUTER, -1)
        num_parts, num_inputs = self._inner_matrices.shape[1:]
        parts = np.empty((num_parts, BAND, num_frames), dtype=np.float32)
        inputs = outer.reshape(BAND, num_inputs, num_frames)
        np.matmul(self._inner_matrices, inputs, out=parts.transpose(1, 0, 2))
        parts *= parts
        power: FloatArray = parts[: num_parts // 2] + parts[num_parts // 2 :]
        return power.reshape(-1, num_frames)


class BandedProduct:
    """Multiplies by a filterbank in a few blocks of columns, each with only the rows that it needs.

    Triangular filters leave nine tenths of their matrix zero; a few dense blocks keep BLAS busy and skip most
    of that.

    Parameters
    ----------
    filterbank : ndarray, shape (num_bins, num_bands), float32
        Each column non-zero over one run of bins, the runs in rising order.
    num_blocks : int
        Products to split into, each over about as many bins.
    """

    def __init__(self, filterbank: FloatArray, num_blocks: int) -> None:
        num_bins, num_bands = filterbank.shape
        self._num_bands = num_bands
        last_bins = num_bins - 1 - np.argmax(filterbank[::-1] > 0, axis=0)
        block_of_band = np.maximum.accumulate(last_bins * num_blocks // num_bins)
        self._blocks: list[tuple[slice, slice, FloatArray]] = []
        for block in np.unique(block_of_band):
            members = np.flatnonzero(block_of_band == block)
            bands = slice(int(members[0]), int(members[-1]) + 1)
            used = np.flatnonzero(filterbank[:, bands].any(axis=1))
            bins = slice(int(used[0]), int(used[-1]) + 1)
            self._blocks.append((bins, bands, np.ascontiguousarray(filterbank[bins, bands])))

    def __call__(self, power: FloatArray) -> FloatArray:
        """Gather bins into bands.

        Parameters
        ----------
        power : ndarray, shape (num_frames, num_bins), float32
            Of each frame's spectrum.

        Returns
        -------
        ndarray, shape (num_frames, num_bands), float32
            ``power @ filterbank``.
        """
        gathered = np.empty((len(power), self._num_bands), dtype=np.float32)
        for bins, bands, weights in self._blocks:
            gathered[:, bands] = power[:, bins] @ weights
        return gathered


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
