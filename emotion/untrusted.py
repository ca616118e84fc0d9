"""Readers for files of others: JSON, strictly parsed and typed, and ``.npz`` arrays; no pickles."""

import io
import json
import re
import struct
import sys
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, NamedTuple, NoReturn, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from emotion.errors import ModelError, printable

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


_SUFFIXES: Final = frozenset({".pkl", ".pickle", ".joblib", ".sav"})
_PROTOCOL_OPCODE: Final = b"\x80"


def is_pickle(path: Path) -> bool:
    """Tell a pickle by its name or its first byte."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(1) == _PROTOCOL_OPCODE
    except OSError:
        return False


def refusal_of(path: Path) -> str:
    """Explain why a pickle is refused, and what to do instead."""
    return (
        f"{path} is a pickle: to load it is to run it, and callmood loads no code; "
        "train it again with `callmood train`, from its recordings: callmood train DATA --name NAME"
    )


def refuse_pickle(path: Path) -> None:
    """Refuse a pickle with what to do instead."""
    if is_pickle(path):
        raise ModelError(refusal_of(path))


MAX_MAGNITUDE: Final = 1.0e30
"""Far beyond any fit. Products of three stay finite in float64; an overflow would spoil all later rows."""

MIN_DIVISOR: Final = 1.0e-30


def refuse_beyond(arrays: Mapping[str, NDArray[Any]], divisors: tuple[str, ...] = (), **most: float) -> None:
    """Raise ValueError for values that are not finite, too large, or too small to divide by."""
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


MAX_FILE_BYTES: Final = 128 * 1024 * 1024
"""Some 50 000 support vectors of 657 values; more could not keep up with a call."""

_END_RECORD: Final = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR_SIZE: Final = 20
_MAX_MEMBERS: Final = 32
_MAX_DIRECTORY_BYTES: Final = 8_192
_MAX_HEADER_BYTES: Final = 1_024
_NPY_MAGIC: Final = b"\x93NUMPY\x01\x00"
_NPY_HEADER: Final = re.compile(
    rb"\{'descr': '(<f4|<f8|<i8)', 'fortran_order': False, 'shape': \(((?:\d{1,9}, )*\d{1,9},?|)\), \} *\n"
)


class ArrayFileError(ValueError):
    """The file differs from what `write_arrays` writes; the message names the difference."""


class ArrayHeader(NamedTuple):
    """The header of a member, checked against the member's size.

    Attributes
    ----------
    dtype : str
        ``<f4``, ``<f8`` or ``<i8``.
    shape : tuple of int
        Its product times the item size is the size of the data.
    """

    dtype: str
    shape: tuple[int, ...]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays; equal arrays give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name, array in arrays.items():
            if array.dtype.str not in {"<f4", "<f8", "<i8"}:
                raise ValueError(f"array {name} is of type {array.dtype}; expected float32, float64 or int64")
            member = io.BytesIO()
            # ascontiguousarray would give a scalar a dimension.
            np.lib.format.write_array(
                member, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False
            )
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), member.getvalue())


def read_headers(
    file: BinaryIO, names: frozenset[str], optional: frozenset[str] = frozenset()
) -> dict[str, ArrayHeader]:
    """Read and check the headers alone; optional arrays may be missing."""
    with _open_zip(file) as archive:
        members = _members(archive, names, optional)
        return {name: _read_header(archive, member)[0] for name, member in members.items()}


def read_arrays(
    file: BinaryIO, names: frozenset[str], optional: frozenset[str] = frozenset()
) -> dict[str, NDArray[Any]]:
    """Read the arrays; check their shapes with `read_headers` first."""
    arrays = {}
    with _open_zip(file) as archive:
        for name, member in _members(archive, names, optional).items():
            header, start = _read_header(archive, member)
            data = _read(archive, member, member.file_size)
            arrays[name] = np.frombuffer(data, dtype=header.dtype, offset=start).reshape(header.shape)
    return arrays


def _open_zip(file: BinaryIO) -> zipfile.ZipFile:
    size = file.seek(0, io.SEEK_END)
    if size > MAX_FILE_BYTES:
        raise ArrayFileError(f"{size} bytes are more than the {MAX_FILE_BYTES} that a model may have")
    # zipfile trusts the end record: check it first, against a forged directory of millions of members.
    file.seek(max(0, size - _END_RECORD.size - _ZIP64_LOCATOR_SIZE))
    tail = file.read()
    if len(tail) < _END_RECORD.size or tail[-_END_RECORD.size :][:4] != b"PK\x05\x06":
        raise ArrayFileError("it is cut, or no npz")
    _, _, _, _, num_members, directory_bytes, _, _ = _END_RECORD.unpack(tail[-_END_RECORD.size :])
    if tail.startswith(b"PK\x06\x07") or num_members > _MAX_MEMBERS or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise ArrayFileError(f"its zip directory has {num_members} members in {directory_bytes} bytes")
    try:
        return zipfile.ZipFile(file)
    except _ZIP_ERRORS as error:
        raise ArrayFileError(f"its zip directory is damaged: {_words(error)}") from error


_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
    struct.error,
)


def _members(
    archive: zipfile.ZipFile, names: frozenset[str], optional: frozenset[str]
) -> dict[str, zipfile.ZipInfo]:
    found = [member.filename for member in archive.infolist()]
    expected = {f"{name}.npy" for name in names}
    foreign = sorted(set(found) - expected - {f"{name}.npy" for name in optional})
    if foreign:
        raise ArrayFileError(f"it holds {foreign[0][:60]!a}, which no such model has")
    if len(found) != len(set(found)):
        raise ArrayFileError("it holds an array twice")
    if missing := sorted(expected - set(found)):
        raise ArrayFileError(f"array {missing[0].removesuffix('.npy')} is missing")
    for member in archive.infolist():
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise ArrayFileError(f"{member.filename} is compressed; models are stored as they are")
        if member.flag_bits & 1:
            raise ArrayFileError(f"{member.filename} is encrypted")
        if member.file_size > MAX_FILE_BYTES:
            raise ArrayFileError(f"{member.filename} claims {member.file_size} bytes")
    return {member.filename.removesuffix(".npy"): member for member in archive.infolist()}


def _read_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[ArrayHeader, int]:
    raw = _read(archive, member, len(_NPY_MAGIC) + 2 + _MAX_HEADER_BYTES)
    body = len(_NPY_MAGIC) + 2
    header_bytes = int.from_bytes(raw[body - 2 : body], "little")
    match = _NPY_HEADER.fullmatch(raw[body : body + header_bytes])
    if not raw.startswith(_NPY_MAGIC) or header_bytes > _MAX_HEADER_BYTES or match is None:
        raise ArrayFileError(f"{member.filename} has no header of a plain float32, float64 or int64 array")
    header = ArrayHeader(match[1].decode(), tuple(int(side) for side in re.findall(rb"\d+", match[2])))
    data_bytes = member.file_size - body - header_bytes
    if prod(header.shape) * np.dtype(header.dtype).itemsize != data_bytes:
        raise ArrayFileError(f"{member.filename} claims shape {header.shape}, but holds {data_bytes} bytes")
    return header, body + header_bytes


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, num_bytes: int) -> bytes:
    try:
        with archive.open(member) as stream:
            return stream.read(num_bytes)
    except _ZIP_ERRORS as error:
        raise ArrayFileError(f"{member.filename} cannot be read: {_words(error)}") from error


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__
