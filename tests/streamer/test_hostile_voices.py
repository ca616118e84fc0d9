"""A voice's file that somebody has changed: a voice that can be used, or refused."""

import json
import os
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.errors import VoiceError
from emotion.model import EmotionModel
from streamer.saved_states import digest_of
from streamer.voices import SavedVoice, VoiceFolder, voice_json
from tests.spoiling import fuzzed, little_memory, spoiled, spoiled_values

MOMENT = "2026-11-24T14:08:35+00:00"
NUMBERS = (0.0, -1e-9, -5.0, 1.0, 1e-300, 40.0, 41.0, 1e29, -1e29, 1e31, 1e308, -1e308)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> VoiceFolder:
    return VoiceFolder(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="module")
def good(learning: EmotionModel) -> dict[str, Any]:
    """A voice that was learned for a while, as it lies on the disk."""
    voice, rng = learning.open_voice(), np.random.default_rng(0)
    for _ in range(4):
        voice.update(rng.normal(size=learning.card.num_features).astype(np.float32))
    saved = SavedVoice(
        "anna", "m", digest_of(learning), "0.1.0", MOMENT, MOMENT, voice.state(), speech_seconds=2.0
    )
    values: dict[str, Any] = json.loads(voice_json(saved))
    return values


def _hear_with(folder: VoiceFolder, model: EmotionModel, raw: bytes) -> None:
    (folder.path / "anna.json").write_bytes(raw)
    with little_memory(), suppress(VoiceError):
        saved = folder.for_model("anna", model)
        assert saved is not None
        voice = model.open_voice(saved.state)
        for size in (0.0, 1.0, -1e4):
            assert np.isfinite(voice.update(np.full(model.card.num_features, size, np.float32))).all()
            assert 0.0 <= voice.known <= 1.0


@fuzzed(50)
@given(data=st.data())
def test_spoiled_fields(
    folder: VoiceFolder, learning: EmotionModel, good: dict[str, Any], data: st.DataObject
) -> None:
    _hear_with(folder, learning, json.dumps(data.draw(spoiled_values(good))).encode())


@fuzzed(50)
@given(data=st.data())
def test_spoiled_sums(
    folder: VoiceFolder, learning: EmotionModel, good: dict[str, Any], data: st.DataObject
) -> None:
    state = json.loads(json.dumps(good["state"]))
    for name in data.draw(st.lists(st.sampled_from(sorted(state)), min_size=1, max_size=3)):
        values = state[name]["values"]
        values[data.draw(st.integers(0, len(values) - 1))] = data.draw(st.sampled_from(NUMBERS))
    _hear_with(folder, learning, json.dumps(good | {"state": state}).encode())


@fuzzed(60)
@given(data=st.data())
def test_spoiled_bytes(
    folder: VoiceFolder, learning: EmotionModel, good: dict[str, Any], data: st.DataObject
) -> None:
    _hear_with(folder, learning, data.draw(spoiled([json.dumps(good).encode()])))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"speech_seconds": 10**400}, "a number is too big"),
        ({"speech_seconds": 1e308}, "speech_seconds is 1e\\+308"),
        ({"windows": {"dtype": "<f8", "shape": [1] * 70, "values": [1.0]}}, "expected a list of length <= 4"),
        ({"raw": -1.0}, "array raw holds a sum below 0"),
        ({"step_squares": -1.0}, "array step_squares holds a sum below 0"),
        ({"margins": 1e308}, "array margins holds a value beyond"),
    ],
)
def test_what_fuzzing_found(
    folder: VoiceFolder, learning: EmotionModel, good: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    values = json.loads(json.dumps(good))
    for name, odd in change.items():
        if name not in values["state"]:
            values[name] = odd
        elif isinstance(odd, dict):
            values["state"][name] = odd
        else:
            values["state"][name]["values"] = [odd] * len(values["state"][name]["values"])
    (folder.path / "anna.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(VoiceError, match=words):
        folder.for_model("anna", learning)


def test_files_that_no_voice_can_be_called_are_not_listed(folder: VoiceFolder) -> None:
    (folder.path / "two words\x1b[2J.json").touch()
    (folder.path / "bo.json").touch()
    assert "bo" in folder.names()
    assert all(name.isprintable() and " " not in name for name in folder.names())


@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
def test_what_is_no_file_is_not_waited_for(folder: VoiceFolder, what: str) -> None:
    path = folder.path / f"{what}.json"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(VoiceError, match="cannot be read"):
        folder.read(what)
