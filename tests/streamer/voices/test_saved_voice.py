"""A voice on disk reads back to the bit, and nothing else passes for one."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.json_values import JsonValueError
from streamer.voices.saved_voice import SavedVoice, read_voice, voice_json

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def voice_of(state: dict[str, NDArray[Any]]) -> SavedVoice:
    moment = "2026-11-24T14:08:35+00:00"
    return SavedVoice("änna", "speech", "ab" * 32, "0.1.0", moment, moment, 12.5, state)


@given(st.floats(0, 1e9), st.lists(FINITE, max_size=6), st.integers(-(2**53), 2**53))
def test_it_reads_back_to_the_bit(windows: float, margins: list[float], count: int) -> None:
    state: dict[str, NDArray[Any]] = {
        "windows": np.array(windows),
        "margins": np.array(margins, np.float64),
        "grid": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
        "count": np.array(count),
    }
    voice = voice_of(state)
    again = read_voice(voice_json(voice))
    for name in ("name", "model", "model_digest", "callmood_version", "created", "updated", "speech_seconds"):
        assert getattr(again, name) == getattr(voice, name)
    assert again.state.keys() == state.keys()
    for name, array in state.items():
        assert again.state[name].dtype == array.dtype
        assert again.state[name].shape == array.shape
        assert again.state[name].tobytes() == array.tobytes()


def _changed(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda values: values.update(changes)


def _array(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda values: values["state"]["margins"].update(changes)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_changed(format=2), "it is of format 2, this callmood reads up to 1"),
        (_changed(format=None), "format is None"),
        (_changed(sound="UklGRg=="), "field 'sound' is not known"),
        (_changed(model=3), "model is 3, expected text"),
        (_changed(name="two\nlines"), "cannot be shown"),
        (_changed(speech_seconds=-1), "speech_seconds is -1"),
        (_changed(state=[]), "state is a list, expected an object"),
        (_changed(state={"margins": 3}), "an array is 3, expected an object"),
        (lambda values: values.pop("updated"), "'updated' is missing"),
        (_array(dtype="|O"), "2 values of type '|O' are no array of shape"),
        (_array(shape=[3]), r"2 values of type '<f8' are no array of shape \(3,\)"),
        (_array(shape=[-2]), "shape is a list, expected"),
        (_array(shape=[True, 2]), "shape is a list, expected"),
        (_array(shape=2), "shape is 2, expected a list of up to 4 sides"),
        (_array(shape=[2, 1, 1, 1, 1]), "shape is a list, expected a list of up to 4 sides"),
        (_array(shape=[100_001, 0], values=[]), "shape is a list, expected a list of up to 4 sides"),
        (_array(shape=[0]), r"2 values of type '<f8' are no array of shape \(0,\)"),
        (_array(dtype="<f2"), "2 values of type '<f2' are no array"),
        (_array(dtype="x" * 99), "2 values of type 'xxxxxxxx' are no array"),
        (_array(values=3), "values is 3, expected a list of numbers"),
        (
            _array(values=[1e39, 0], dtype="<f8", shape=[]),
            r"2 values of type '<f8' are no array of shape \(\)",
        ),
        (_changed(format=0), "format is 0, expected a whole number from 1"),
        (_array(values=["1", "2"]), "values is a list, expected"),
        (_array(values=[True, False]), "values is a list, expected"),
        (_array(values=[1e39, 0], dtype="<f4"), "too big for type <f4"),
        (_array(values=[2**70, 0], dtype="<i8"), "too big for type <i8"),
        (_array(order="F"), "'order' is not known"),
    ],
)
def test_what_is_no_voice_is_refused(spoil: Callable[[dict[str, Any]], object], words: str) -> None:
    values = json.loads(voice_json(voice_of({"margins": np.zeros(2)})))
    spoil(values)
    with pytest.raises(JsonValueError, match=words):
        read_voice(json.dumps(values).encode())


@pytest.mark.parametrize("shape", [(), (2, 1, 1, 3), (100_000, 0), (0, 0, 0, 0)])
@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i8"])
def test_shapes_that_are_read(shape: tuple[int, ...], dtype: str) -> None:
    array = np.ones(shape, dtype)
    again = read_voice(voice_json(voice_of({"any": array}))).state["any"]
    np.testing.assert_array_equal(again, array, strict=True)


def test_people_can_read_it() -> None:
    text = voice_json(voice_of({"any": np.array(0.5)})).decode()
    assert text.startswith('{\n  "format": 1,\n  "name": "änna",\n  "model": "speech",\n')
    assert text.endswith("  }\n}\n")


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{"format": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(JsonValueError):
        read_voice(raw)


def test_a_number_that_is_not_finite_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        voice_json(voice_of({"margins": np.array([np.nan])}))
