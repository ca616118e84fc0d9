"""How near two vectors of one sound lie when float32 took two ways."""

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.base import FeatureSet

ABSOLUTE = {
    "dB": 2e-2,
    "dB/frame": 1e-2,
    "dB/kHz": 2e-2,
    "Hz": 2e-1,
    "kHz": 2e-4,
    "semitone": 1e-2,
    "semitone/s": 1e-1,
    "%": 1e-2,
    "s": 1e-5,
    "1/s": 1e-4,
    "power": 1e-4,
    "1": 1e-4,
    "1/frame": 1e-4,
    "1/sample": 1e-7,
    "full scale": 1e-6,
}
"""Per unit. A frequency of 5 kHz has this much rounding in its standard deviation."""


def assert_close(chosen: FeatureSet, vector: FloatArray, wanted: FloatArray) -> None:
    """Hold two vectors, or two rows of them, within 1e-4 of their values or `ABSOLUTE`."""
    slack = np.array([ABSOLUTE[unit] for unit in chosen.feature_units])
    too_far = np.abs(vector - wanted) > slack + 1e-4 * np.abs(wanted)
    if too_far.any():
        where = np.argwhere(too_far)[0]
        name = chosen.feature_names[where[-1]]
        raise AssertionError(f"{name}: {vector[tuple(where)]} against {wanted[tuple(where)]}")
