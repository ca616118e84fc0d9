"""Arrays of strangers must hold numbers that arithmetic can bear: one that overflows spoils every row."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MAX_MAGNITUDE: Final = 1.0e30
"""Far beyond what any fit gives; products of three such numbers stay finite in float64."""

MIN_DIVISOR: Final = 1.0e-30


def refuse_beyond(arrays: Mapping[str, NDArray[Any]], divisors: tuple[str, ...] = (), **most: float) -> None:
    """Look at the values of a model's or a voice's arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Those of integers pass.
    divisors : tuple of str
        Names of those that are divided by.
    **most : float
        The largest magnitude in single arrays, where `MAX_MAGNITUDE` is too much.

    Raises
    ------
    ValueError
        If a value is not finite or too large, or a divisor is not over 0 or so small that division overflows.
    """
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not array.size:
            continue
        lowest, highest = float(array.min()), float(array.max())
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            raise ValueError(f"array {name} holds a value that is not finite")
        bound = most.get(name, MAX_MAGNITUDE)
        if max(-lowest, highest) > bound:
            raise ValueError(f"array {name} holds a value beyond ±{bound:g}")
        if name in divisors and lowest < MIN_DIVISOR:
            what = "that is not over 0" if lowest <= 0 else f"below {MIN_DIVISOR:g}"
            raise ValueError(f"array {name} holds a value {what}")
