"""The level of a window from its frames."""

import math
from typing import Final

import numpy as np

from emotion.arrays import FloatArray

LEVEL_DBFS: Final = -26.0
"""Every window is taken as if its RMS lay here: the usual level of speech in ITU-T P.56."""
QUIETEST_DBFS: Final = -140.0
"""A window quieter than this counts as this quiet."""


def level_of_frames(rms: FloatArray) -> float:
    """Give the level of a window from its frames.

    Parameters
    ----------
    rms : ndarray, shape (n,), float32
        Of each frame without its mean, full scale 1.

    Returns
    -------
    float
        Mean square over the frames, dBFS, at least `QUIETEST_DBFS`.
    """
    exact = rms.astype(np.float64)
    mean_square = float(exact @ exact) / len(exact)
    return max(QUIETEST_DBFS, 10 * math.log10(max(mean_square, 1e-30)))
