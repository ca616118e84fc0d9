"""Power of the lower part of the spectrum, a row a bin, for a batch of frames.

A transform of length A times B is A-point transforms, a twiddle, and B-point transforms (J. Cooley and
J. Tukey, Math. Comp. 19, 1965): with both near the root of the length each is a small matrix, and BLAS
multiplies those near the speed of the machine. The twiddle is taken into the second matrix, which so becomes
one matrix for each bin of the first. No bin is computed that nobody looks at, power is taken without a root,
and bins come as rows and frames as columns, so that all that follows works on whole rows and no value is ever
moved to another place.
"""

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.spectrum import hann_taper

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
        (DC) is not heard: under a Hann curve it lies in these alone. `end_bin` is a multiple of 16.

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
