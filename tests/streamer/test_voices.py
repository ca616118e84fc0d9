"""Saved voices: exact to the bit, where they lie, who may read them, which model may have them."""

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.atomic_files import locked_folder
from emotion.errors import OutputError, UsageError, VoiceError
from emotion.model import EmotionModel
from emotion.untrusted import JsonValueError
from streamer import saved_states
from streamer.saved_states import digest_of, voices_folder
from streamer.sinks.voice_saver import new_voice
from streamer.voices import SavedVoice, VoiceFolder, read_voice, voice_json

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def voice_of(state: dict[str, NDArray[Any]]) -> SavedVoice:
    moment = "2026-11-24T14:08:35+00:00"
    return SavedVoice("änna", "speech", "ab" * 32, "0.1.0", moment, moment, state, speech_seconds=12.5)


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
        (_changed(state={"margins": 3}), r"state\[...\]: expected an object, found a whole number"),
        (lambda values: values.pop("updated"), "'updated' is missing"),
        (_array(dtype="|O"), "2 values of type '|O' are no array of shape"),
        (_array(shape=[3]), r"2 values of type '<f8' are no array of shape \(3,\)"),
        (_array(shape=[-2]), r"state\[...\]\.shape\[0\]: expected a whole number >= 0"),
        (_array(shape=[True, 2]), r"shape\[0\]: expected a whole number, found true or false"),
        (_array(shape=2), r"state\[...\]\.shape: expected a list, found a whole number"),
        (_array(shape=[2, 1, 1, 1, 1]), "shape: expected a list of length <= 4"),
        (_array(shape=[100_001, 0], values=[]), r"shape\[0\]: expected a whole number <= 100000"),
        (_array(shape=[0]), r"2 values of type '<f8' are no array of shape \(0,\)"),
        (_array(dtype="<f2"), "2 values of type '<f2' are no array"),
        (_array(dtype="x" * 99), "2 values of type 'xxxxxxxx' are no array"),
        (_array(values=3), "values: expected a list, found a whole number"),
        (
            _array(values=[1e39, 0], dtype="<f8", shape=[]),
            r"2 values of type '<f8' are no array of shape \(\)",
        ),
        (_changed(format=0), "format is 0, expected a whole number >= 1"),
        (_array(values=["1", "2"]), r"values\[0\]: expected a whole number or a number, found text"),
        (_array(values=[True, False]), r"values\[0\]: expected a whole number or a number, found true"),
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


@pytest.fixture
def anna(learning: EmotionModel) -> SavedVoice:
    return new_voice("anna", learning, "0.1.0")


def test_places_in_their_order() -> None:
    everything = {"CALLMOOD_VOICES": "/a", "XDG_DATA_HOME": "/b", "HOME": "/c"}
    assert voices_folder(everything) == Path("/a")
    assert voices_folder({"XDG_DATA_HOME": "/b"}) == Path("/b/callmood/voices")
    assert voices_folder({}).parts[-4:] == (".local", "share", "callmood", "voices")


def test_a_voice_is_its_owner_s_alone(folder: VoiceFolder, anna: SavedVoice) -> None:
    path = folder.write(anna)
    assert path == folder.path_of("anna")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    folder.write(replace(anna, speech_seconds=3.0))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["anna.json"]


def test_they_are_listed_read_and_deleted(folder: VoiceFolder, anna: SavedVoice) -> None:
    assert folder.names() == []
    assert folder.read("anna") is None
    for name in ("anna", "Zoë", "b.2_c-d"):
        folder.write(replace(anna, name=name))
    assert folder.names() == ["Zoë", "anna", "b.2_c-d"]
    folder.delete("anna")
    assert folder.names() == ["Zoë", "b.2_c-d"]
    with pytest.raises(VoiceError, match=r"no voice 'anna' in .*voices; there are Zoë, b\.2_c-d"):
        folder.delete("anna")


def test_no_voice_gets_the_name_of_the_last_session_and_one_that_has_it_can_be_removed(
    folder: VoiceFolder, anna: SavedVoice
) -> None:
    with pytest.raises(UsageError, match="last is no name for a voice: it means the session that began last"):
        folder.write(replace(anna, name="last"))
    assert folder.names() == []
    folder.write(anna).rename(folder.path_of("last"))
    assert folder.names() == ["last"]
    assert folder.read("last") is not None
    folder.delete("last")
    assert folder.names() == []
    folder.write(replace(anna, name="Last"))


def test_names_are_one_however_they_are_typed(folder: VoiceFolder) -> None:
    assert folder.path_of("Zo\u0065\u0308") == folder.path_of("Zo\u00eb")


@pytest.mark.parametrize("name", ["", ".anna", "../anna", "a/b", "a b", "-anna", "a\0b", "a\nb", "x" * 65])
def test_what_is_no_name(folder: VoiceFolder, name: str) -> None:
    for ask in (folder.path_of, folder.read, folder.delete):
        with pytest.raises(UsageError, match="is no name for a voice; use letters"):
            ask(name)


def test_a_voice_of_another_model_is_refused_with_both_named(
    folder: VoiceFolder, anna: SavedVoice, learning: EmotionModel, another: EmotionModel
) -> None:
    folder.write(anna)
    voice = folder.for_model("anna", learning)
    assert voice is not None
    assert learning.open_voice(voice.state).known == 0.0
    both = f"learned by model learning .*{digest_of(learning)[:12]}.* is another .{digest_of(another)[:12]}"
    with pytest.raises(VoiceError, match=both):
        folder.for_model("anna", another)
    assert folder.for_model("nobody", another) is None


def test_a_state_that_the_model_does_not_take(
    folder: VoiceFolder, anna: SavedVoice, learning: EmotionModel
) -> None:
    folder.write(replace(anna, state={"windows": np.array(3.0)}))
    with pytest.raises(VoiceError, match=r"voice anna: .*no voice for a model of kind .*--replace"):
        folder.for_model("anna", learning)


def test_a_damaged_file_is_named(folder: VoiceFolder, anna: SavedVoice) -> None:
    path = folder.write(anna)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(
        VoiceError, match=r"anna\.json: not readable as JSON .*`callmood enroll anna --replace`"
    ):
        folder.read("anna")


def test_a_renamed_file_is_a_renamed_voice(folder: VoiceFolder, anna: SavedVoice) -> None:
    folder.write(anna).rename(folder.path_of("bea"))
    voice = folder.read("bea")
    assert voice is not None
    assert voice.name == "bea"


def test_whoever_writes_or_forgets_waits_for_the_other(folder: VoiceFolder, anna: SavedVoice) -> None:
    folder.write(anna)
    with ThreadPoolExecutor(1) as pool, locked_folder(folder.path) as locked:
        assert locked == "ours"
        written = pool.submit(folder.write_after, None, anna)
        assert not wait([written], timeout=0.1).done
        folder.path_of("anna").unlink()
    assert written.result(timeout=10) == folder.path_of("anna")


def test_a_folder_that_is_locked_for_long_is_reported(
    folder: VoiceFolder, anna: SavedVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(anna)
    monkeypatch.setattr(saved_states, "PATIENCE_SECONDS", 0.1)
    with (
        locked_folder(folder.path),
        pytest.raises(OutputError, match=r"is not saved: .* for 0\.1 s; end"),
    ):
        folder.write(anna)


def test_a_place_that_cannot_be_written(tmp_path: Path, anna: SavedVoice) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"voice anna cannot be saved: .*CALLMOOD_VOICES"):
        VoiceFolder(tmp_path / "file" / "voices").write(anna)


def test_nothing_of_the_sound_is_in_the_file(folder: VoiceFolder, anna: SavedVoice) -> None:
    values = json.loads(folder.write(anna).read_bytes())
    assert sum(len(array["values"]) for array in values["state"].values()) < 50
