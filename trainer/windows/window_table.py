"""All windows of many clips, as one table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WindowTable:
    """One row a window.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        Feature vectors.
    targets : ndarray, shape (n,), int64
        Index of the label.
    clips : ndarray, shape (n,), int64
        Index of the clip that the window is cut from.
    corpora : ndarray, shape (n,), str
        Name of its corpus.
    groups : ndarray, shape (n,), str
        What must stay on one side of any split.
    """

    vectors: FloatArray
    targets: NDArray[np.int64]
    clips: NDArray[np.int64]
    corpora: NDArray[np.str_]
    groups: NDArray[np.str_]

    def __len__(self) -> int:
        """Count the windows."""
        return len(self.targets)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "WindowTable":
        """Give some of the rows.

        Parameters
        ----------
        rows : ndarray
            Indices, or a mask.

        Returns
        -------
        WindowTable
            Copies, in the order asked for.
        """
        return WindowTable(
            self.vectors[rows], self.targets[rows], self.clips[rows], self.corpora[rows], self.groups[rows]
        )
