"""Convert parsed JSON into typed structs with msgspec; errors name field, value and expectation."""

import re
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec

from emotion.untrusted_text import MAX_ENTRIES, MAX_SECONDS, MAX_TEXT, MAX_WHOLE, JsonValueError, shown

Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
Texts: TypeAlias = Annotated[tuple[Text, ...], msgspec.Meta(max_length=MAX_ENTRIES)]
TextMapping: TypeAlias = Annotated[dict[str, Text], msgspec.Meta(max_length=MAX_ENTRIES)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_WHOLE)]
Positive: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MAX_WHOLE)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=MAX_SECONDS)]
SecondsSum: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=MAX_WHOLE)]

Struct = TypeVar("Struct", bound=msgspec.Struct)


class Versioned(msgspec.Struct, frozen=True):
    """The field by which a newer format is refused before anything else is read."""

    format: Positive


class Digested(msgspec.Struct, frozen=True):
    """The field of a network's card that its file must agree with."""

    sha256: Text


def convert(values: dict[str, object], struct: type[Struct]) -> Struct:
    """Convert what `parse_object` gave; raises JsonValueError where a field is not of its declared type."""
    try:
        return msgspec.convert(values, struct)
    except msgspec.ValidationError as error:
        raise JsonValueError(_explanation(str(error), values)) from error


_PLACE: Final = re.compile(r" - at `\$\.?([\w.\[\]]*)`$")
_FIELD: Final = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_WORDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


def _explanation(message: str, values: object) -> str:
    """Reword such as ``Expected `int` >= 1 - at `$.seed```, with the value found there."""
    wanted = _PLACE.sub("", message)
    place = _PLACE.search(message)
    path = place[1] if place else ""
    if field := _FIELD.fullmatch(wanted):
        state = "missing" if field[1].startswith("missing") else "not known"
        return f"{path}: " * bool(path) + f"field {shown(field[2])} is {state}"
    expected, _, got = re.sub("`([^`]*)`", _in_words, wanted).partition(", got ")
    expected = expected.replace("Expected", "expected")
    if "[...]" in path:  # in a mapping, whose key msgspec does not tell
        return f"{path}: {expected}, found {got}" if got else f"{path}: {expected}"
    found: object = values
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        found = found[name or int(index)]  # type: ignore[index]
    return f"{path} is {shown(found)}, {expected}"


def _in_words(quoted: re.Match[str]) -> str:
    return " or ".join(_WORDS.get(name, name) for name in quoted[1].split(" | "))
