"""Arrays in JSON: exact to the bit, readable by people, and read without trust."""

from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.json_values import OBJECT, TEXT, JsonValueError, Kind, refuse_unknown, take

_TYPES: Final = ("<f4", "<f8", "<i8")
_MAX_SIDE: Final = 100_000
_MAX_SIDES: Final = 4


def _shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > _MAX_SIDES:
        raise TypeError
    for side in value:
        if type(side) is not int or not 0 <= side <= _MAX_SIDE:
            raise TypeError
    return tuple(value)


def _numbers(value: object) -> list[float]:
    if not isinstance(value, list) or any(type(number) not in {int, float} for number in value):
        raise TypeError
    return value


_SHAPE: Final = Kind(f"a list of up to {_MAX_SIDES} sides", _shape)
_NUMBERS: Final = Kind("a list of numbers", _numbers)


def array_values(array: NDArray[Any]) -> dict[str, object]:
    """Write an array down.

    Parameters
    ----------
    array : ndarray
        float32, float64 or int64, little-endian.

    Returns
    -------
    dict
        For `array_of`; plain values.
    """
    return {"dtype": array.dtype.str, "shape": list(array.shape), "values": array.ravel().tolist()}


def array_of(value: object) -> NDArray[Any]:
    """Read what `array_values` gave.

    Parameters
    ----------
    value : object
        As the JSON reader gave it.

    Returns
    -------
    ndarray
        The same bits.

    Raises
    ------
    JsonValueError
        If it is anything else.
    """
    values = take({"an array": value}, "an array", OBJECT)
    refuse_unknown(values, ("dtype", "shape", "values"))
    dtype = take(values, "dtype", TEXT)
    shape, numbers = take(values, "shape", _SHAPE), take(values, "values", _NUMBERS)
    if dtype not in _TYPES or len(numbers) != prod(shape):
        raise JsonValueError(f"{len(numbers)} values of type {dtype[:8]!a} are no array of shape {shape}")
    try:
        with np.errstate(over="raise"):
            array: NDArray[Any] = np.array(numbers, dtype=dtype).reshape(shape)
    except (OverflowError, FloatingPointError) as error:
        raise JsonValueError(f"a number is too big for type {dtype}") from error
    return array
