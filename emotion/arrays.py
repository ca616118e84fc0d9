"""The array types that pass between rooms, and the check that samples are finite."""

from typing import Final, NamedTuple, TypeAlias

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


MAX_MAGNITUDE: Final = 1.0e6
"""120 dB over full scale: room for floats in the range of 16 bits, and far from overflow when squared."""


class FiniteSamples(NamedTuple):
    """Sound that is safe to compute with.

    Attributes
    ----------
    samples : ndarray, float32
        The shape of the input; every value finite and within ±`MAX_MAGNITUDE`.
    num_non_finite : int
        NaN and infinite samples, taken as 0; each channel counts by itself.
    num_huge : int
        Finite samples beyond ±`MAX_MAGNITUDE`, cut to it.
    """

    samples: Samples
    num_non_finite: int
    num_huge: int


def make_finite(samples: Samples) -> FiniteSamples:
    """Take non-finite samples as 0 and cut huge ones, counting both.

    Parameters
    ----------
    samples : ndarray, float32
        Sound of any shape; not changed.

    Returns
    -------
    FiniteSamples
        The very same array where nothing had to be done.
    """
    # No sample is beyond the root of the sum of all squares, and one that is not finite leaves its mark on
    # that sum: one cheap look settles nearly every block. vdot, unlike dot, does not warn of what it finds.
    if np.vdot(samples, samples) <= MAX_MAGNITUDE**2:
        return FiniteSamples(samples, 0, 0)
    finite = np.isfinite(samples)
    kept = np.where(finite, samples, np.float32(0.0))
    num_huge = int(np.count_nonzero(np.abs(kept) > MAX_MAGNITUDE))
    cut = np.clip(kept, np.float32(-MAX_MAGNITUDE), np.float32(MAX_MAGNITUDE))
    return FiniteSamples(cut, samples.size - int(np.count_nonzero(finite)), num_huge)
