"""The array types that pass between rooms."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]
"""Sound: float32, full scale ±1; ``(n,)`` mono or ``(n, channels)``."""

FloatArray: TypeAlias = NDArray[np.float32]
"""Descriptors, feature vectors: float32."""

Probabilities: TypeAlias = NDArray[np.float64]
"""``(num_labels,)`` or ``(n, num_labels)``, each row summing to 1."""


def read_only(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Freeze an array before it is put into a message between stages.

    Parameters
    ----------
    array : ndarray
        Any array; changed in place.

    Returns
    -------
    ndarray
        The same array, no longer writeable.
    """
    array.flags.writeable = False
    return array
