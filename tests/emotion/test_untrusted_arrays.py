"""Arrays of strangers: bounded, finite, never unpickled."""

import io
import os
import pickle
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.errors import ModelError
from emotion.untrusted import (
    MAX_FILE_BYTES,
    MAX_MAGNITUDE,
    MIN_DIVISOR,
    ArrayFileError,
    is_pickle,
    read_arrays,
    read_headers,
    refuse_beyond,
    refuse_pickle,
    write_arrays,
)
from tests.spoiling import little_memory


@pytest.mark.parametrize("name", ["m.pkl", "m.PKL", "m.pickle", "m.joblib", "m.sav"])
def test_names_of_pickles_even_where_nothing_lies(tmp_path: Path, name: str) -> None:
    assert is_pickle(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "is_one"),
    [(pickle.dumps([1]), True), (b"\x80", True), (b"", False), (b"PK\x80", False), (b"\x93NUMPY", False)],
)
def test_the_first_byte(tmp_path: Path, content: bytes, is_one: bool) -> None:
    (tmp_path / "model.npz").write_bytes(content)
    assert is_pickle(tmp_path / "model.npz") is is_one


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing", "."):
        assert is_pickle(tmp_path / name) is False
        refuse_pickle(tmp_path / name)
    (tmp_path / "round").symlink_to("round")
    assert is_pickle(tmp_path / "round") is False
    assert is_pickle(tmp_path / ("x" * 300)) is False


def test_the_refusal_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError) as refused:
        refuse_pickle(path)
    assert str(refused.value) == (
        f"{path} is a pickle: to load it is to run it, and callmood loads no code; "
        "train it again with `callmood train`, from its recordings: callmood train DATA --name NAME"
    )


def _beyond(value: float) -> float:
    return float(np.nextafter(value, np.inf))


def _model_arrays(**arrays: object) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(values, np.float64) for name, values in arrays.items()}


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        _model_arrays(
            any=[MAX_MAGNITUDE, -MAX_MAGNITUDE], divisor=[MAX_MAGNITUDE, MIN_DIVISOR], few=[-5.0, 5.0]
        ),
        _model_arrays(any=[], divisor=[], few=[]),
        _model_arrays(any=0.0, divisor=1.0, few=0.0),
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
        (_model_arrays(any=[0, np.nan, 1]), "array any holds a value that is not finite"),
        (_model_arrays(any=[0, np.inf]), "array any holds a value that is not finite"),
        (_model_arrays(any=[0, -np.inf]), "array any holds a value that is not finite"),
        (_model_arrays(any=[0, _beyond(MAX_MAGNITUDE)]), "array any holds a value beyond ±1e+30"),
        (_model_arrays(any=[0, -_beyond(MAX_MAGNITUDE)]), "array any holds a value beyond ±1e+30"),
        (_model_arrays(few=[0, -5.1]), "array few holds a value beyond ±5"),
        (_model_arrays(few=[5.1, 0]), "array few holds a value beyond ±5"),
        (_model_arrays(divisor=[1, 0]), "array divisor holds a value that is not over 0"),
        (_model_arrays(divisor=[1, -1]), "array divisor holds a value that is not over 0"),
        (_model_arrays(divisor=[1, 0.9e-30]), "array divisor holds a value below 1e-30"),
        (
            {"counts": np.array([1]), "empty": np.array([]), **_model_arrays(any=np.inf)},
            "array any holds a value",
        ),
    ],
)
def test_what_is_refused(arrays: dict[str, NDArray[Any]], words: str) -> None:
    with pytest.raises(ValueError, match="array") as refused:
        refuse_beyond(arrays, ("divisor",), few=5.0)
    assert str(refused.value).startswith(words)


def test_without_divisors_all_may_be_zero() -> None:
    refuse_beyond(_model_arrays(divisor=[0.0]))


NAMES = frozenset({"big", "counts", "gamma"})


def _arrays() -> dict[str, NDArray[Any]]:
    return {
        "big": np.arange(30, dtype=np.float32).reshape(5, 6),
        "counts": np.array([2, 3], np.int64),
        "gamma": np.array(0.25),
    }


def _npy(array: NDArray[Any], **header: object) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    raw = file.getvalue()
    if not header:
        return raw
    facts = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape} | header
    text = "{" + "".join(f"{name!r}: {value!r}, " for name, value in facts.items()) + "}"
    padded = text.ljust(-(-(len(text) + 11) // 64) * 64 - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode() + array.tobytes()


def _zip(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _good_members() -> dict[str, bytes]:
    return {f"{name}.npy": _npy(array) for name, array in _arrays().items()}


def _read(raw: bytes) -> dict[str, NDArray[Any]]:
    file = io.BytesIO(raw)
    read_headers(file, NAMES)
    return read_arrays(file, NAMES)


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    write_arrays(path, _arrays())
    with path.open("rb") as file:
        headers = read_headers(file, NAMES)
        arrays = read_arrays(file, NAMES)
    for name, array in _arrays().items():
        assert headers[name] == (array.dtype.str, array.shape)
        np.testing.assert_array_equal(arrays[name], array, strict=True)
        assert not arrays[name].flags.writeable
    with np.load(path, allow_pickle=False) as numpy_too:
        np.testing.assert_array_equal(numpy_too["big"], _arrays()["big"])


def test_columns_first_is_written_rows_first(tmp_path: Path) -> None:
    write_arrays(tmp_path / "m.npz", _arrays() | {"big": np.asfortranarray(_arrays()["big"])})
    np.testing.assert_array_equal(_read((tmp_path / "m.npz").read_bytes())["big"], _arrays()["big"])


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_arrays(tmp_path / name, _arrays())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_members_bear_no_date_and_are_stored(tmp_path: Path) -> None:
    write_arrays(tmp_path / "m.npz", _arrays())
    with zipfile.ZipFile(tmp_path / "m.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}


def test_headers_are_read_without_their_arrays(tmp_path: Path) -> None:
    write_arrays(tmp_path / "m.npz", _arrays() | {"big": np.zeros((3_000, 1_000), np.float32)})
    with (tmp_path / "m.npz").open("rb") as file, little_memory(1_000_000):
        assert read_headers(file, NAMES)["big"] == ("<f4", (3_000, 1_000))


def test_other_types_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="labels is of type"):
        write_arrays(tmp_path / "m.npz", {"labels": np.array(["angry"])})


def _with(**members: bytes) -> Callable[[], bytes]:
    return lambda: _zip(_good_members() | {f"{name}.npy": content for name, content in members.items()})


def _bomb() -> bytes:
    return _zip(_good_members() | {"big.npy": _npy(np.zeros(20_000_000, np.float32))}, zipfile.ZIP_DEFLATED)


def _twice() -> bytes:
    file = io.BytesIO(_zip(_good_members()))
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("big.npy", _good_members()["big.npy"])
    return file.getvalue()


def _patched(old: bytes, new: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        raw = _zip(_good_members())
        assert old in raw
        return raw.replace(old, new)

    return make


def _directory_size(size: int) -> Callable[[], bytes]:
    def make() -> bytes:
        raw = bytearray(_zip(_good_members()))
        raw[-10:-6] = struct.pack("<L", size)
        return bytes(raw)

    return make


def _zip64() -> bytes:
    raw = _zip(_good_members())
    return raw[:-22] + b"PK\x06\x07" + bytes(16) + raw[-22:]


SMALL = np.zeros(4, np.float32)


def _long_header(num_bytes: int) -> bytes:
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }".ljust(num_bytes - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", num_bytes) + text + SMALL.tobytes()


def test_a_header_of_1024_bytes_and_an_array_without_values() -> None:
    arrays = _read(_with(big=_long_header(1_024), counts=_npy(np.zeros((0, 7), np.int64)))())
    assert (arrays["big"].shape, arrays["counts"].shape) == ((4,), (0, 7))


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "^it is cut, or no npz$"),
    "text": (lambda: b"Dear caller\n" * 100, "^it is cut, or no npz$"),
    "pickle": (lambda: pickle.dumps({"a": 1}), "^it is cut, or no npz$"),
    "cut": (lambda: _zip(_good_members())[:-40], "^it is cut, or no npz$"),
    "cut in front": (lambda: _zip(_good_members())[40:], "big|zip"),
    "comment": (lambda: _zip(_good_members()) + b"hello", "^it is cut, or no npz$"),
    "missing": (lambda: _zip({"big.npy": _npy(SMALL)}), "array counts is missing"),
    "extra": (_with(more=_npy(SMALL)), "'more.npy', which no such model has"),
    "path": (lambda: _zip(_good_members() | {"../../evil.npy": b"x"}), "'../../evil.npy', which no"),
    "code": (lambda: _zip(_good_members() | {"__reduce__.pkl": b"x"}), "which no such model has"),
    "twice": (_twice, "^it holds an array twice$"),
    "33 members": (lambda: _zip({f"{i}.npy": b"" for i in range(33)}), "33 members in"),
    "32 members": (lambda: _zip({f"{i}.npy": b"" for i in range(32)}), "'0.npy', which no such model has"),
    "no members": (lambda: _zip({}), "array big is missing"),
    "a long name": (lambda: _zip({"é" * 200: b""}), rf"holds '{r'.xe9' * 60}', which"),
    "thousands": (lambda: _zip({f"{i}.npy": b"" for i in range(5_000)}), "5000 members"),
    "compressed": (lambda: _zip(_good_members(), zipfile.ZIP_DEFLATED), "compressed"),
    "bomb": (_bomb, "compressed"),
    "objects": (_with(big=_npy(np.array([{}], dtype=object))), "no header of a plain"),
    "structured": (_with(big=_npy(np.zeros(3, "f4,f4"))), "no header of a plain"),
    "text dtype": (_with(big=_npy(np.array(["a"]))), "no header of a plain"),
    "big endian": (_with(big=_npy(SMALL.astype(">f4"))), "no header of a plain"),
    "columns first": (
        _with(big=_npy(np.asfortranarray(np.zeros((3, 3), np.float32)))),
        "no header of a plain",
    ),
    "huge shape": (_with(big=_npy(SMALL, shape=(999_999_999, 999_999_999))), "claims shape"),
    "overflowing shape": (_with(big=_npy(SMALL, shape=(2**32, 2**32))), "no header of a plain"),
    "negative shape": (_with(big=_npy(SMALL, shape=(-4,))), "no header of a plain"),
    "smaller shape": (_with(big=_npy(SMALL, shape=(3,))), "claims shape"),
    "program in the header": (_with(big=_npy(SMALL, shape="__import__('os')")), "no header of a plain"),
    "nested header": (_with(big=b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65_535), "no header of a plain"),
    "long header": (_with(big=b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b" " * 500), "no header of a plain"),
    "short header": (_with(big=b"\x93NUMPY\x01\x00"), "no header of a plain"),
    "no header": (_with(big=b""), "no header of a plain"),
    "wrong checksum": (_patched(np.float32(29).tobytes(), np.float32(28).tobytes()), "CRC"),
    "encrypted": (lambda: _flags(1), "big.npy is encrypted"),
    "encrypted and more": (lambda: _flags(0x0801), "big.npy is encrypted"),
    "another method": (lambda: _method(8), "big.npy is compressed; models are stored"),
    "zip64": (_zip64, "its zip directory has 3 members in"),
    "huge directory": (_directory_size(2**31), "its zip directory has 3 members in 2147483648 bytes"),
    "a directory of 8193 bytes": (_directory_size(8_193), "its zip directory has 3 members in 8193 bytes"),
    "directory before the file": (
        _directory_size(8_192),
        "its zip directory is damaged: Bad offset for central directory",
    ),
    "1025 bytes of header": (_with(big=_long_header(1_025)), "no header of a plain"),
    "65535 bytes of header": (_with(big=_long_header(65_535)), "no header of a plain"),
    "other magic": (_with(big=_npy(SMALL).replace(b"NUMPY", b"NUMPX")), "no header of a plain"),
    "later format": (_with(big=_npy(SMALL).replace(b"NUMPY\x01", b"NUMPY\x02")), "no header of a plain"),
    "bytes behind": (_with(big=_npy(SMALL) + b"x"), r"big.npy claims shape \(4,\), but holds 17 bytes"),
    "ten digits": (_with(big=_npy(SMALL, shape=(1_000_000_000,))), "no header of a plain"),
    "128 MiB told": (lambda: _sizes(MAX_FILE_BYTES, MAX_FILE_BYTES), "big.npy cannot be read|claims shape"),
    "a byte more told": (lambda: _sizes(MAX_FILE_BYTES + 1, MAX_FILE_BYTES + 1), "claims 134217729 bytes"),
    "two sizes": (lambda: _sizes(200, 201), "big.npy is compressed; models are stored"),
}


def _sizes(stored: int, whole: int) -> bytes:
    """Lie in the directory about the sizes of the first member, big.npy."""
    raw = bytearray(_zip(_good_members()))
    start = raw.index(b"PK\x01\x02")
    raw[start + 20 : start + 28] = struct.pack("<2L", stored, whole)
    return bytes(raw)


def _method(number: int) -> bytes:
    raw = bytearray(_zip(_good_members()))
    start = raw.index(b"PK\x01\x02")
    raw[start + 10 : start + 12] = struct.pack("<H", number)
    return bytes(raw)


def _flags(flags: int) -> bytes:
    raw = bytearray(_zip(_good_members()))
    start = raw.index(b"PK\x01\x02")
    raw[start + 8 : start + 10] = struct.pack("<H", flags)
    return bytes(raw)


@pytest.mark.parametrize("name", BAD)
def test_refused_at_once_and_without_memory(name: str) -> None:
    make, words = BAD[name]
    raw = make()
    started = time.perf_counter()
    tracemalloc.start()
    try:
        with pytest.raises(ArrayFileError, match=words):
            _read(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert time.perf_counter() - started < 1.0


def test_a_file_of_many_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "huge.npz"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with path.open("rb") as file, pytest.raises(ArrayFileError, match="134217729 bytes are more than the"):
        read_headers(file, NAMES)
    os.truncate(path, MAX_FILE_BYTES)
    with path.open("rb") as file, pytest.raises(ArrayFileError, match=r"^it is cut, or no npz$"):
        read_headers(file, NAMES)


@settings(max_examples=300)
@given(
    changes=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=8),
    length=st.integers(0, 2_000),
    cut=st.booleans(),
)
def test_spoiled_bytes_are_read_or_refused(changes: list[tuple[int, int]], length: int, cut: bool) -> None:
    raw = bytearray(_zip(_good_members()))
    for place, value in changes:
        raw[place % len(raw)] = value
    try:
        arrays = _read(bytes(raw[:length] if cut else raw))
    except ArrayFileError:
        return
    assert set(arrays) == NAMES
