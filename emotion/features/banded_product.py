"""A matrix product with a filterbank that is zero far from its diagonal."""

import numpy as np

from emotion.arrays import FloatArray


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
