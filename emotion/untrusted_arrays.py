"""Untrusted arrays: ``.npz`` files of bounded size and magnitude, uncompressed; pickles are refused."""

import io
import re
import struct
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotion.errors import ModelError

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


def read_headers(file: BinaryIO, names: frozenset[str]) -> dict[str, ArrayHeader]:
    """Read and check the headers alone."""
    with _open_zip(file) as archive:
        members = _members(archive, names)
        return {name: _read_header(archive, member)[0] for name, member in members.items()}


def read_arrays(file: BinaryIO, names: frozenset[str]) -> dict[str, NDArray[Any]]:
    """Read the arrays; check their shapes with `read_headers` first."""
    arrays = {}
    with _open_zip(file) as archive:
        for name, member in _members(archive, names).items():
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


def _members(archive: zipfile.ZipFile, names: frozenset[str]) -> dict[str, zipfile.ZipInfo]:
    found = [member.filename for member in archive.infolist()]
    expected = {f"{name}.npy" for name in names}
    foreign = sorted(set(found) - expected)
    if foreign:
        raise ArrayFileError(f"it holds {foreign[0][:60]!a}, which no such model has")
    if len(found) != len(set(found)):
        raise ArrayFileError("it holds an array twice")
    if missing := sorted(expected - set(found)):
        raise ArrayFileError(f"array {missing[0].removesuffix('.npy')} is missing")
    for member in archive.infolist():
        _refuse_odd_member(member)
    return {member.filename.removesuffix(".npy"): member for member in archive.infolist()}


def _refuse_odd_member(member: zipfile.ZipInfo) -> None:
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        raise ArrayFileError(f"{member.filename} is compressed; models are stored as they are")
    if member.flag_bits & 1:
        raise ArrayFileError(f"{member.filename} is encrypted")
    if member.file_size > MAX_FILE_BYTES:
        raise ArrayFileError(f"{member.filename} claims {member.file_size} bytes")


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
