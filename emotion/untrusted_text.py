"""Untrusted text: JSON parsed strictly, and text made safe for a terminal."""

import json
import sys
from pathlib import Path
from typing import Final, NoReturn

MAX_LINE_CHARACTERS: Final = 1000


def printable(text: str | Path) -> str:
    """Replace characters that would move the cursor, change colours or break a line."""
    return "".join(character if character.isprintable() else "?" for character in str(text))


def message_line(text: str) -> str:
    """Make one line of bounded length, fit for any terminal, of a message that may quote anything."""
    line = printable(" ".join(text.split()))
    if len(line) <= MAX_LINE_CHARACTERS:
        return line
    half = (MAX_LINE_CHARACTERS - 40) // 2
    return f"{line[:half]} [... {len(line) - 2 * half} characters ...] {line[-half:]}"


MAX_SECONDS: Final = 60.0
"""The longest window; it bounds memory."""
MIN_STEP_SECONDS: Final = 0.01
"""The shortest step of windows; no machine keeps up with less."""

MAX_TEXT: Final = 4_000
MAX_ENTRIES: Final = 1_000
MAX_WHOLE: Final = 2**53
"""Beyond it JSON readers of other languages lose digits."""
_MAX_DEPTH: Final = 32
"""Maximum nesting; validation is recursive."""


class JsonValueError(ValueError):
    """A field is missing, unknown, or of the wrong kind; the message names it."""


def parse_value(raw: bytes, *, replace_unprintable: bool = False) -> object:
    """Parse JSON; refuse duplicate keys, non-finite numbers, deep nesting and unprintable characters.

    The last may be replaced instead, as `printable` does.
    """
    try:
        values: object = json.loads(
            raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object_of_pairs
        )
        # Of ASCII without escapes only this one cannot be shown: the parser refuses the others.
        if replace_unprintable and not (raw.isascii() and b"\\" not in raw and b"\x7f" not in raw):
            values = _printable_value(values)
        _refuse_odd_values(values, _MAX_DEPTH)
    except JsonValueError:
        raise
    except (ValueError, RecursionError) as error:
        raise JsonValueError(f"not readable as JSON ({str(error)[:80]})") from error
    return values


def parse_object(raw: bytes, *, replace_unprintable: bool = False) -> dict[str, object]:
    """Parse JSON that is one object, as `parse_value` does."""
    value = parse_value(raw, replace_unprintable=replace_unprintable)
    if not isinstance(value, dict):
        raise JsonValueError(f"the whole is {shown(value)}, expected an object")
    return value


def _printable_value(value: object) -> object:
    if isinstance(value, str):
        return value if value.isprintable() else printable(value)
    if isinstance(value, dict):
        return {_printable_value(name): _printable_value(entry) for name, entry in value.items()}
    return [_printable_value(entry) for entry in value] if isinstance(value, list) else value


def _refuse_constant(constant: str) -> NoReturn:
    raise JsonValueError(f"{constant} is no number in JSON")


def _object_of_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in pairs:
        if name in values:
            raise JsonValueError(f"field {shown(name)} is there twice")
        values[name] = value
    return values


def _refuse_odd_values(value: object, levels: int) -> None:
    if levels < 0:
        raise JsonValueError(f"it is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, str) and not value.isprintable():
        raise JsonValueError(f"text {shown(value)} holds a character that cannot be shown")
    if isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
        raise JsonValueError("a number is too big")
    if isinstance(value, dict):
        for key, entry in value.items():
            _refuse_odd_values(key, levels)
            _refuse_odd_values(entry, levels - 1)
    elif isinstance(value, list):
        for entry in value:
            _refuse_odd_values(entry, levels - 1)


def shown(value: object) -> str:
    """Quote a value in a message, in ASCII and at most 60 characters; a list or an object by its type."""
    is_plain = isinstance(value, str | int | float) or value is None
    text = ascii(value) if is_plain else f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
