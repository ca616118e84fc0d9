"""What libsndfile is given of a file: the span, what stands before it, and no more bytes than allowed."""

import os
from pathlib import Path

import pytest

from emotion.bounded_bytes import MAX_HEADER_BYTES, BoundedBytes
from emotion.span import Span

CONTENT = bytes(range(100))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "sound").write_bytes(CONTENT)
    return tmp_path / "sound"


def _read(shown: BoundedBytes, num_bytes: int) -> bytes:
    buffer = bytearray(num_bytes)
    return bytes(buffer[: shown.readinto(memoryview(buffer))])


@pytest.mark.parametrize("at_once", [1, 3, 7, 100])
@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(0, 100), CONTENT),
        (Span(10, 20), CONTENT[10:20]),
        (Span(90, 1_000), CONTENT[90:]),
        (Span(10, 20, b"abcde"), b"abcde" + CONTENT[10:20]),
        (Span(10, 10, b"abcde"), b"abcde"),
        (Span(200, 300), b""),
    ],
    ids=["all", "a part", "beyond the end", "put before", "nothing else", "behind the end"],
)
def test_the_span_and_what_stands_before_it(path: Path, span: Span, expected: bytes, at_once: int) -> None:
    with path.open("rb") as file:
        shown = BoundedBytes(file, span, 1_000)
        read = b""
        while more := _read(shown, at_once):
            read += more
            assert shown.tell() == len(read)
        assert read == expected
        assert shown.seek(0, os.SEEK_END) == len(expected)
        assert not shown.refused
        assert shown.error is None


def test_seeking(path: Path) -> None:
    with path.open("rb") as file:
        shown = BoundedBytes(file, Span(10, 20, b"abc"), 1_000)
        assert shown.seek(5) == shown.tell() == 5
        assert _read(shown, 2) == CONTENT[12:14]
        assert shown.seek(-3, os.SEEK_CUR) == 4
        assert shown.seek(-1, os.SEEK_END) == 12
        assert _read(shown, 5) == CONTENT[19:20]
        assert shown.seek(2, os.SEEK_END) == 15
        assert _read(shown, 5) == b""
        assert shown.seek(-1) == 15, "nowhere is before the beginning"
        assert shown.seek(0) == 0
        assert _read(shown, 4) == b"abc" + CONTENT[10:11]


def test_so_many_bytes_and_none_more(path: Path) -> None:
    with path.open("rb") as file:
        shown = BoundedBytes(file, Span(0, 100), 30)
        assert _read(shown, 10) == CONTENT[:10]
        shown.seek(0)
        assert (_read(shown, 20), shown.refused) == (CONTENT[:20], False), "what is read twice counts twice"
        assert (_read(shown, 1), shown.refused) == (b"", True)
        shown.release()
        assert _read(shown, 1) == b"", "once refused, nothing is read"


def test_once_released_everything_is_read_but_no_tag(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("w+b") as file:
        file.truncate(2 * MAX_HEADER_BYTES + 1)
        shown = BoundedBytes(file, Span(0, 3 * MAX_HEADER_BYTES), 0)
        shown.release()
        assert (len(_read(shown, MAX_HEADER_BYTES)), shown.refused) == (MAX_HEADER_BYTES, False)
        assert (len(_read(shown, MAX_HEADER_BYTES + 1)), shown.refused) == (0, True)


def test_an_error_is_kept(path: Path) -> None:
    with path.open("ab") as file:  # which cannot be read
        shown = BoundedBytes(file, Span(0, 100), 1_000)
        assert _read(shown, 10) == b""
        assert isinstance(shown.error, OSError)
        first = shown.error
        assert _read(shown, 10) == b""
        assert shown.error is first
        assert shown.tell() == 0
