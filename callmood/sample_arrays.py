"""Sound from a Python program: arrays are checked and turned into samples, or read as a recording."""

import operator
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotion.arrays import Samples, make_finite
from emotion.errors import UsageError
from emotion.window_grid import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE

_FULL_SCALES: Final = {"int16": np.float32(2**15), "int32": np.float32(2**31)}


def checked_rate(rate: object) -> int:
    """Check a sample rate, Hz."""
    return _whole("rate", rate, MIN_SAMPLE_RATE, MAX_SAMPLE_RATE, "Hz, such as 16000")


def checked_channels(channels: object) -> int:
    """Check a number of channels."""
    return _whole("channels", channels, 1, MAX_CHANNELS, "such as 2")


def _whole(name: str, value: object, lowest: int, highest: int, example: str) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = lowest - 1
    if isinstance(value, bool) or not lowest <= number <= highest:
        raise UsageError(f"{name} is {value!r:.60}; give a whole number from {lowest} to {highest} {example}")
    return number


def checked_block(block: ArrayLike, channels: int | None = None) -> NDArray[Any]:
    """Check the type and the shape of sound; give it as (n, channels), not converted yet."""
    try:
        array: NDArray[Any] = np.asarray(block)
    except (ValueError, TypeError) as error:
        raise UsageError(f"the sound is no array ({error}); give samples, such as float32") from error
    # Of either byte order.
    if array.dtype.newbyteorder("=") not in {np.dtype(name) for name in ("f4", "f8", "i2", "i4")}:
        raise UsageError(
            f"the sound is of type {str(array.dtype)[:60]}; give float32 or float64 within ±1, int16 or int32"
        )
    if array.ndim not in {1, 2}:
        raise UsageError(f"the sound has the shape {array.shape}; give (n,) or (n, channels)")
    array = array.reshape(-1, 1) if array.ndim == 1 else array
    if channels is None:
        if not 1 <= array.shape[1] <= MAX_CHANNELS:
            raise UsageError(
                f"the sound has the shape {array.shape}; give (n, channels), at most {MAX_CHANNELS} channels"
            )
    elif array.shape[1] != channels:
        wanted = f"(n, {channels})" if channels > 1 else "(n,) or (n, 1)"
        raise UsageError(
            f"the sound has {_count(array.shape[1])} where {_count(channels)} should be; give {wanted}"
        )
    return array


def _count(channels: int) -> str:
    return "1 channel" if channels == 1 else f"{channels} channels"


def as_samples(array: NDArray[Any]) -> Samples:
    """Turn checked sound into float32 of its own, full scale ±1; UsageError where it is not finite."""
    full_scale = _FULL_SCALES.get(array.dtype.newbyteorder("=").name)
    with np.errstate(over="ignore"):
        # As an int32 in a file: rounded to float32 first, then divided by a power of two.
        samples = np.array(array, dtype=np.float32, order="C")
    if full_scale is not None:
        samples /= full_scale
    finite, num_non_finite, _ = make_finite(samples)
    if num_non_finite:
        raise UsageError(f"samples that are not finite: {num_non_finite}; replace them before, such as by 0")
    return finite


class ArrayRecording:
    """Samples in memory, read in blocks as an `AudioFile` is.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels, num_samples : int
        As in the array; both at least 1.
    notes : tuple of str
        None: nothing was converted.
    """

    def __init__(self, samples: ArrayLike, rate: object) -> None:
        self.sample_rate = checked_rate(rate)
        self._array = checked_block(samples)
        self.num_samples, self.channels = self._array.shape
        self.notes: tuple[str, ...] = ()
        if not self.num_samples:
            raise UsageError("the sound holds no samples; give at least one")

    def blocks(self, block_samples: int) -> Iterator[Samples]:
        """Give the sound in blocks."""
        for start in range(0, self.num_samples, block_samples):
            yield as_samples(self._array[start : start + block_samples])
