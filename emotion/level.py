"""How loud a stretch of sound is."""

import math
from typing import Final

import numpy as np

from emotion.arrays import Samples

FLOOR_DBFS: Final = -120.0
"""The lowest level there is: exact zeros lie here, not at minus infinity."""

SILENCE_DBFS: Final = -60.0
"""Below this level nothing is taken for speech, however quiet the room."""


_FLOOR_POWER: Final = 10.0 ** (FLOOR_DBFS / 10.0)


def level_dbfs(samples: Samples) -> float:
    """Measure the RMS without its DC, in dB below full scale.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono sound, full scale ±1, finite; n may be 0.

    Returns
    -------
    float
        dBFS where a constant deviation of ±1 is 0; a sine of full scale gives -3.01. Never under -120, which
        is also the level of no samples at all.
    """
    if not len(samples):
        return FLOOR_DBFS
    # Called a dozen times a step: np.mean would cost more than its sum.
    deviation = samples.astype(np.float64)
    deviation -= np.add.reduce(deviation) / len(samples)
    np.multiply(deviation, deviation, out=deviation)
    mean_square = float(np.add.reduce(deviation)) / len(samples)
    return 10.0 * math.log10(max(mean_square, _FLOOR_POWER))
