"""Where voices lie, who may read them, and which model may have them."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotion.errors import OutputError, UsageError, VoiceError
from emotion.folder_lock import locked_folder
from emotion.model import EmotionModel
from streamer.voices import voice_folder
from streamer.voices.saved_voice import SavedVoice
from streamer.voices.voice_folder import VoiceFolder, digest_of
from streamer.voices.voice_keeper import new_voice
from streamer.voices.voice_places import voices_folder


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


def test_a_folder_that_is_held_for_long_is_told(
    folder: VoiceFolder, anna: SavedVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(anna)
    monkeypatch.setattr(voice_folder, "PATIENCE_SECONDS", 0.1)
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
