"""A configuration of strangers: options as the command line could have them, or a refusal in a short line."""

import argparse
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callmood import configuration
from callmood.commands import listen
from emotion.errors import ConfigurationError
from tests.spoiling import fuzzed, little_memory, spoiled

GOOD = b"""
[listen]
device = ["headset", "3"]
step = 0.25
duration = 10
spectrogram = true
record = "angry"
voice = ["me=anna"]
[replay]
speed = 2.0
"""
KEYS = (
    "device",
    "step",
    "win",
    "rate",
    "channels",
    "duration",
    "json",
    "voice",
    "alert",
    "model",
    "help",
    "x",
    '"a b"',
)
LITERALS = (
    "1", "-1", "0.5", "inf", "nan", "true", '""', '"x"', '"\\u001b[2J"', "[]", "[1]", '["a", "b"]', "{}",
    "{a = 1}",
    "1979-05-27", "07:32:00", "0x" + "f" * 5_000, "1" * 5_000, "1e400", '"' + "x" * 5_000 + '"', "'''\n'''",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configuration") / "callmood.toml"


def _apply(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    # argparse ends where a text cannot be converted.
    with little_memory(), suppress(ConfigurationError, SystemExit):
        configuration.apply(parser, "listen", path)
        arguments = parser.parse_args([])
        assert arguments.step is None or isinstance(arguments.step, int | float)
        assert isinstance(arguments.json, bool)
        assert all(isinstance(name, str) for name in arguments.device or [])


@fuzzed(60)
@given(content=spoiled([GOOD]) | st.binary(max_size=100))
@example(content=b"listen = " + b"[" * 90_000)
@example(content=b"a." * 45_000 + b"a = 1")
@example(content=b"x = 2021-13-45")
def test_spoiled_bytes(place: Path, content: bytes) -> None:
    _apply(place, content)


@fuzzed(60)
@given(options=st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(LITERALS)), max_size=4))
@example(options=[("step", "1" * 5_000)])
@example(options=[("step", "0x" + "f" * 5_000)])
@example(options=[("rate", "2.5")])
def test_odd_values(place: Path, options: list[tuple[str, str]]) -> None:
    lines = "".join(f"{key} = {literal}\n" for key, literal in options)
    _apply(place, f"[listen]\n{lines}".encode())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("step = " + "1" * 5_000, "cannot be read as TOML: Exceeds the limit"),
        ("step = 0x" + "f" * 5_000, "step = a huge number; it takes a number"),
        ('journal = "a\\u0000b"', "no text holds a NUL"),
        ('device = ["a\\u0000b"]', "no text holds a NUL"),
        ("rate = 2.5", "rate = 2.5; it takes a whole number"),
        ("a." * 201 + "a = 1", "a line with more than 200 dots"),
        ("step = [1, 2]", "step = a list; it takes a number"),
        (f"step = '{'x' * 5_000}'", r"step = 'x{99}\.\.\.; it takes a number"),
    ],
)
def test_what_fuzzing_found(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "callmood.toml"
    path.write_text(f"[listen]\n{line}\n", encoding="utf-8")
    parser = argparse.ArgumentParser()
    listen.configure(parser)
    with pytest.raises(ConfigurationError, match=words) as refused:
        configuration.apply(parser, "listen", path)
    assert len(str(refused.value)) < 400


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "callmood.toml").touch()
    os.truncate(tmp_path / "callmood.toml", 2**30)
    with little_memory(1_000_000), pytest.raises(ConfigurationError, match="has more than 100000 bytes"):
        configuration.read(tmp_path / "callmood.toml")
