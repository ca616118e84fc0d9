"""Values taken out of a JSON object one by one, each of the kind it must be."""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, NoReturn, TypeVar

Value = TypeVar("Value")
Other = TypeVar("Other")

_MAX_SECONDS: Final = 3600.0
_MAX_WHOLE: Final = 2**53
"""Beyond it JSON readers of other languages lose digits."""


class JsonValueError(ValueError):
    """A field is missing, unknown, or of the wrong kind; the message names it."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[Value]):
    """What a field must be.

    Attributes
    ----------
    expected : str
        In words, for the message.
    convert : callable
        From what the JSON reader gave to the value; raises TypeError or ValueError for anything else.
    """

    expected: str
    convert: Callable[[object], Value]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MAX_SECONDS:
        raise TypeError
    return float(value)


def _seconds_sum(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise TypeError
    return float(value)


def _range(value: object) -> tuple[float, float]:
    lowest, highest = (_seconds(entry) for entry in _list(value))
    if lowest > highest:
        raise ValueError
    return lowest, highest


TEXT: Final = Kind("text", _text)
TEXTS: Final = Kind("a list of texts", lambda value: tuple(_text(entry) for entry in _list(value)))
TRUTH: Final = Kind("true or false", _truth)
SECONDS: Final = Kind("seconds, over 0", _seconds)
SECONDS_SUM: Final = Kind("seconds, 0 or more", _seconds_sum)
SECONDS_RANGE: Final = Kind("[lowest, highest] in seconds", _range)
OBJECT: Final = Kind("an object", _object)
OBJECTS: Final = Kind("a list of objects", lambda value: [_object(entry) for entry in _list(value)])
TEXT_MAPPING: Final = Kind(
    "an object of texts", lambda value: {key: _text(text) for key, text in _object(value).items()}
)


def whole(lowest: int) -> Kind[int]:
    """Ask for a whole number.

    Parameters
    ----------
    lowest : int
        The least it may be.

    Returns
    -------
    Kind of int
        Neither true nor false is a number.
    """

    def convert(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= _MAX_WHOLE:
            raise TypeError
        return value

    return Kind(f"a whole number from {lowest}", convert)


def or_null(kind: Kind[Other]) -> Kind[Other | None]:
    """Let null pass as None.

    Parameters
    ----------
    kind : Kind
        What else it must be.

    Returns
    -------
    Kind
        Of both.
    """
    return Kind(f"{kind.expected}, or null", lambda value: None if value is None else kind.convert(value))


def take(values: dict[str, object], name: str, kind: Kind[Value]) -> Value:
    """Take one field.

    Parameters
    ----------
    values : dict
        The object.
    name : str
        Of the field.
    kind : Kind
        What it must be.

    Returns
    -------
    object
        As `kind` converts it.

    Raises
    ------
    JsonValueError
        If the field is missing or something else.
    """
    if name not in values:
        raise JsonValueError(f"field {name!r} is missing")
    try:
        return kind.convert(values[name])
    except JsonValueError as error:
        raise JsonValueError(f"{name}: {error}") from error
    except (TypeError, ValueError) as error:
        raise JsonValueError(f"{name} is {_short(values[name])}, expected {kind.expected}") from error


def refuse_unknown(values: dict[str, object], known: Iterable[str]) -> None:
    """Refuse fields of other names: a misspelt field is a field forgotten.

    Parameters
    ----------
    values : dict
        The object.
    known : iterable of str
        All that may be there.

    Raises
    ------
    JsonValueError
        Naming the first that may not.
    """
    strangers = sorted(set(values) - set(known))
    if strangers:
        raise JsonValueError(f"field {_short(strangers[0])} is not known")


def parse_object(raw: bytes) -> dict[str, object]:
    """Read JSON that is one object, with nothing in it that would move a cursor.

    Parameters
    ----------
    raw : bytes
        UTF-8.

    Returns
    -------
    dict of str to object
        Every number finite, every text printable.

    Raises
    ------
    JsonValueError
        If it is anything else.
    """
    try:
        values = json.loads(raw.decode(), parse_constant=_refuse_constant)
        _refuse_odd_values(values)
    except JsonValueError:
        raise
    except (ValueError, RecursionError) as error:
        raise JsonValueError(f"not readable as JSON ({str(error)[:80]})") from error
    return take({"the whole": values}, "the whole", OBJECT)


def _refuse_constant(constant: str) -> NoReturn:
    raise JsonValueError(f"{constant} is no number in JSON")


def _refuse_odd_values(value: object) -> None:
    if isinstance(value, str) and not value.isprintable():
        raise JsonValueError(f"text {_short(value)} holds a character that cannot be shown")
    if isinstance(value, float) and not math.isfinite(value):
        raise JsonValueError("a number is too big")
    if isinstance(value, dict):
        for key, entry in value.items():
            _refuse_odd_values(key)
            _refuse_odd_values(entry)
    elif isinstance(value, list):
        for entry in value:
            _refuse_odd_values(entry)


def _short(value: object) -> str:
    shown = (
        ascii(value) if isinstance(value, str | int | float) or value is None else f"a {type(value).__name__}"
    )
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
