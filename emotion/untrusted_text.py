"""Read text of strangers: JSON values checked one by one, and text made safe for a terminal."""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, NoReturn, TypeVar

MAX_LINE_CHARACTERS: Final = 1000


def printable(text: str | Path) -> str:
    """Replace what would move the cursor, change colours, break a line, or is no text at all."""
    return "".join(character if character.isprintable() else "?" for character in str(text))


def message_line(text: str) -> str:
    """Make one line of bounded length, fit for any terminal, of a message that may quote anything."""
    line = printable(" ".join(text.split()))
    if len(line) <= MAX_LINE_CHARACTERS:
        return line
    half = (MAX_LINE_CHARACTERS - 40) // 2
    return f"{line[:half]} [... {len(line) - 2 * half} characters ...] {line[-half:]}"


Value = TypeVar("Value")
Other = TypeVar("Other")

MAX_SECONDS: Final = 60.0
"""The longest window: who asks for more asks for memory."""
MIN_STEP_SECONDS: Final = 0.01
"""The shortest step of windows: under it nothing keeps up."""

_MAX_TEXT: Final = 4_000
_MAX_ENTRIES: Final = 1_000
_MAX_WHOLE: Final = 2**53
"""Beyond it JSON readers of other languages lose digits."""
_MAX_DEPTH: Final = 32
"""What walks through values goes a call deeper at each level, and calls are not to be had without end."""


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
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        raise TypeError
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > _MAX_ENTRIES:
        raise TypeError
    return value


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _few(value: dict[str, object]) -> dict[str, object]:
    if len(value) > _MAX_ENTRIES:
        raise TypeError
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_SECONDS:
        raise TypeError
    return float(value)


def _seconds_sum(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_WHOLE:
        raise TypeError
    return float(value)


def _range(value: object) -> tuple[float, float]:
    lowest, highest = (_seconds(entry) for entry in _list(value))
    if lowest > highest:
        raise ValueError
    return lowest, highest


TEXT: Final = Kind(f"text of up to {_MAX_TEXT} characters", _text)
TEXTS: Final = Kind(
    f"a list of texts, at most {_MAX_ENTRIES}", lambda value: tuple(_text(entry) for entry in _list(value))
)
TRUTH: Final = Kind("true or false", _truth)
SECONDS: Final = Kind(f"seconds, over 0 and up to {MAX_SECONDS:g}", _seconds)
SECONDS_SUM: Final = Kind("seconds, 0 or more", _seconds_sum)
SECONDS_RANGE: Final = Kind("[lowest, highest] in seconds", _range)
OBJECT: Final = Kind("an object", _object)
OBJECTS: Final = Kind(
    f"a list of objects, at most {_MAX_ENTRIES}", lambda value: [_object(entry) for entry in _list(value)]
)
TEXT_MAPPING: Final = Kind(
    f"an object of texts, at most {_MAX_ENTRIES}",
    lambda value: {key: _text(text) for key, text in _few(_object(value)).items()},
)


def whole(lowest: int) -> Kind[int]:
    """Ask for a whole number."""

    def convert(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= _MAX_WHOLE:
            raise TypeError
        return value

    return Kind(f"a whole number from {lowest}", convert)


def or_null(kind: Kind[Other]) -> Kind[Other | None]:
    """Let null pass as None."""
    return Kind(f"{kind.expected}, or null", lambda value: None if value is None else kind.convert(value))


def take(values: dict[str, object], name: str, kind: Kind[Value]) -> Value:
    """Take one field."""
    if name not in values:
        raise JsonValueError(f"field {name!r} is missing")
    try:
        return kind.convert(values[name])
    except JsonValueError as error:
        raise JsonValueError(f"{name}: {error}") from error
    except (TypeError, ValueError) as error:
        raise JsonValueError(f"{name} is {_short(values[name])}, expected {kind.expected}") from error


def refuse_unknown(values: dict[str, object], known: Iterable[str]) -> None:
    """Refuse fields of other names: a misspelt field is a field forgotten."""
    strangers = sorted(set(values) - set(known))
    if strangers:
        raise JsonValueError(f"field {_short(strangers[0])} is not known")


def parse_value(raw: bytes) -> object:
    """Read JSON, with nothing in it that would move a cursor or mean two things."""
    try:
        values: object = json.loads(
            raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object_of_pairs
        )
        _refuse_odd_values(values, _MAX_DEPTH)
    except JsonValueError:
        raise
    except (ValueError, RecursionError) as error:
        raise JsonValueError(f"not readable as JSON ({str(error)[:80]})") from error
    return values


def parse_object(raw: bytes) -> dict[str, object]:
    """Read JSON that is one object, as `parse_value` does."""
    return take({"the whole": parse_value(raw)}, "the whole", OBJECT)


def _refuse_constant(constant: str) -> NoReturn:
    raise JsonValueError(f"{constant} is no number in JSON")


def _object_of_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in pairs:
        if name in values:
            raise JsonValueError(f"field {_short(name)} is there twice")
        values[name] = value
    return values


def _refuse_odd_values(value: object, levels: int) -> None:
    if levels < 0:
        raise JsonValueError(f"it is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, str) and not value.isprintable():
        raise JsonValueError(f"text {_short(value)} holds a character that cannot be shown")
    if isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
        raise JsonValueError("a number is too big")
    if isinstance(value, dict):
        for key, entry in value.items():
            _refuse_odd_values(key, levels)
            _refuse_odd_values(entry, levels - 1)
    elif isinstance(value, list):
        for entry in value:
            _refuse_odd_values(entry, levels - 1)


def _short(value: object) -> str:
    shown = (
        ascii(value) if isinstance(value, str | int | float) or value is None else f"a {type(value).__name__}"
    )
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
