"""Values of a stranger's arrays: as large as arithmetic can bear, and no larger."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emotion.bounded_arrays import MAX_MAGNITUDE, MIN_DIVISOR, refuse_beyond


def _beyond(value: float) -> float:
    return float(np.nextafter(value, np.inf))


def _arrays(**arrays: object) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(values, np.float64) for name, values in arrays.items()}


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        _arrays(any=[MAX_MAGNITUDE, -MAX_MAGNITUDE], divisor=[MAX_MAGNITUDE, MIN_DIVISOR], few=[-5.0, 5.0]),
        _arrays(any=[], divisor=[], few=[]),
        _arrays(any=0.0, divisor=1.0, few=0.0),
        {"counts": np.array([2**62, -(2**62)]), "divisor": np.array([0])},
        {"counts": np.array([2**62]), "any": np.array([1.0])},
    ],
    ids=["nothing", "at the bounds", "empty", "scalars", "integers", "integers first"],
)
def test_what_passes(arrays: dict[str, NDArray[Any]]) -> None:
    refuse_beyond(arrays, ("divisor",), few=5.0)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (_arrays(any=[0, np.nan, 1]), "array any holds a value that is not finite"),
        (_arrays(any=[0, np.inf]), "array any holds a value that is not finite"),
        (_arrays(any=[0, -np.inf]), "array any holds a value that is not finite"),
        (_arrays(any=[0, _beyond(MAX_MAGNITUDE)]), "array any holds a value beyond ±1e+30"),
        (_arrays(any=[0, -_beyond(MAX_MAGNITUDE)]), "array any holds a value beyond ±1e+30"),
        (_arrays(few=[0, -5.1]), "array few holds a value beyond ±5"),
        (_arrays(few=[5.1, 0]), "array few holds a value beyond ±5"),
        (_arrays(divisor=[1, 0]), "array divisor holds a value that is not over 0"),
        (_arrays(divisor=[1, -1]), "array divisor holds a value that is not over 0"),
        (_arrays(divisor=[1, 0.9e-30]), "array divisor holds a value below 1e-30"),
        ({"counts": np.array([1]), "empty": np.array([]), **_arrays(any=np.inf)}, "array any holds a value"),
    ],
)
def test_what_is_refused(arrays: dict[str, NDArray[Any]], words: str) -> None:
    with pytest.raises(ValueError, match="array") as refused:
        refuse_beyond(arrays, ("divisor",), few=5.0)
    assert str(refused.value).startswith(words)


def test_without_divisors_all_may_be_zero() -> None:
    refuse_beyond(_arrays(divisor=[0.0]))
