"""Saved lines: exact to the bit, apart by name and codec, private, added to by sessions at once."""

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.decision import LineState
from emotion.errors import OutputError, UsageError, VoiceError
from emotion.model import EmotionModel
from emotion.untrusted import JsonValueError
from streamer.lines import LineFolder, LineKey, SavedLine, codec_of, line_json, read_line, refuse_line_for
from streamer.saved_states import digest_of
from streamer.sinks.voice_saver import LineSaver
from streamer.voices import VoiceFolder
from tests.spoiling import fuzzed, little_memory, spoiled, spoiled_values

MOMENT = "2026-11-24T14:08:35+00:00"
OFFICE = LineKey("office", "wideband")
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def line_of(model: EmotionModel, num_voices: float = 3.0, margin: float = 0.5) -> SavedLine:
    sums = np.full(4, num_voices * margin)
    state = {"voices": np.array(num_voices), "margins": sums, "place": sums}
    return SavedLine("office", "m", digest_of(model), "0.1.0", MOMENT, MOMENT, state=state, codec="wideband")


def one_more(line: LineState) -> LineState:
    """Add a voice whose mean margins are 1."""
    return {
        "voices": np.array(float(line.get("voices", 0.0)) + 1.0),
        "margins": line.get("margins", np.zeros(4)) + 1.0,
        "place": line.get("place", np.zeros(4)) + 1.0,
    }


@pytest.fixture
def lines(tmp_path: Path) -> LineFolder:
    return LineFolder(tmp_path / "data" / "voices")


@given(st.floats(0, 100), st.lists(FINITE, max_size=6))
def test_it_reads_back_to_the_bit(voices: float, margins: list[float]) -> None:
    state = {"voices": np.array(voices), "margins": np.array(margins, np.float64)}
    line = SavedLine("büro", "m", "ab" * 32, "0.1.0", MOMENT, MOMENT, state=state, codec="opus")
    again = read_line(line_json(line))
    assert (again.name, again.codec, again.model_digest) == ("büro", "opus", "ab" * 32)
    assert again.num_voices == round(voices)
    assert {name: array.tobytes() for name, array in again.state.items()} == {
        name: array.tobytes() for name, array in state.items()
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "it is of format 2, this callmood reads up to 1"),
        ({"codec": 3}, "codec is 3, expected text"),
        ({"speech_seconds": 1.0}, "field 'speech_seconds' is not known"),
    ],
)
def test_what_is_no_line_is_refused(lined: EmotionModel, change: dict[str, Any], words: str) -> None:
    values = json.loads(line_json(line_of(lined))) | change
    with pytest.raises(JsonValueError, match=words):
        read_line(json.dumps(values).encode())


@pytest.mark.parametrize(
    ("rate", "codec"), [(4000, "narrowband"), (8000, "narrowband"), (8001, "wideband"), (48_000, "wideband")]
)
def test_the_codec_is_as_far_as_the_rate_tells(rate: int, codec: str) -> None:
    assert codec_of(rate) == codec


def test_a_key_is_a_name_and_a_codec() -> None:
    key = LineKey("Bu\u0308ro-2", "g711.mulaw")
    assert str(key) == "B\u00fcro-2@g711.mulaw"
    assert LineKey.parse(str(key)) == key
    for text in ("office", "@wideband", "office@", "a b@c", "office@a/b", "../x@wideband"):
        assert LineKey.parse(text) is None
    for name in ("", "../office", "a@b", ".office"):
        with pytest.raises(UsageError, match="is no name for a line; use letters"):
            LineKey(name, "wideband")
    with pytest.raises(UsageError, match="is no name for a codec"):
        LineKey("office", "a/b")


def test_lines_and_voices_in_one_folder_are_apart(lines: LineFolder, lined: EmotionModel) -> None:
    voices = VoiceFolder(lines.path)
    for name, codec in (("office", "wideband"), ("office", "narrowband"), ("desk", "wideband")):
        lines.add_voice(replace(line_of(lined), name=name, codec=codec), lined, one_more)
    (lines.path / "anna.json").write_text("{}")
    assert voices.names() == ["anna"]
    assert list(map(str, lines.keys())) == ["desk@wideband", "office@narrowband", "office@wideband"]
    assert list(map(str, lines.named("office"))) == ["office@narrowband", "office@wideband"]
    assert lines.named("office@wideband") == [OFFICE]
    assert lines.delete("office@wideband") == [lines.path_of(OFFICE)]
    assert lines.delete("office") == [lines.path_of(LineKey("office", "narrowband"))]
    with pytest.raises(VoiceError, match=r"no line 'office' in .*voices; there are desk@wideband"):
        lines.delete("office")


def test_a_line_is_its_owner_s_alone_and_holds_no_sound(lines: LineFolder, lined: EmotionModel) -> None:
    path = lines.add_voice(line_of(lined), lined, one_more)
    assert path == lines.path_of(OFFICE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sum(len(array["values"]) for array in json.loads(path.read_bytes())["state"].values()) < 10


def test_voices_of_several_sessions_at_once_all_count(lines: LineFolder, lined: EmotionModel) -> None:
    fresh = replace(line_of(lined), state={})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: lines.add_voice(fresh, lined, one_more), range(8)))
    line = lines.for_model(OFFICE, lined)
    assert line is not None
    assert line.num_voices == 8
    np.testing.assert_array_equal(line.state["margins"], np.full(4, 8.0))


def test_nothing_is_written_where_a_voice_adds_nothing(lines: LineFolder, lined: EmotionModel) -> None:
    fresh = line_of(lined)
    assert lines.add_voice(fresh, lined, lambda line: line) is None
    assert lines.keys() == []
    lines.add_voice(fresh, lined, one_more)
    before = lines.path_of(OFFICE).read_bytes()
    later = replace(fresh, updated="2026-11-25T14:08:35+00:00", created="2026-11-25T14:08:35+00:00")
    assert lines.add_voice(later, lined, lambda line: {**line}) is None
    assert lines.add_voice(later, lined, lambda _: None) is None
    assert lines.path_of(OFFICE).read_bytes() == before
    lines.add_voice(later, lined, one_more)
    line = lines.read(OFFICE)
    assert line is not None
    assert (line.created, line.updated, line.num_voices) == (MOMENT, later.updated, 2)


def test_a_line_of_another_model_is_refused_with_both_named(
    lines: LineFolder, lined: EmotionModel, another: EmotionModel
) -> None:
    lines.add_voice(line_of(lined), lined, one_more)
    both = f"line office@wideband was learned by model m .*{digest_of(lined)[:12]}.* is another .*--delete"
    with pytest.raises(VoiceError, match=both):
        lines.for_model(OFFICE, another)
    with pytest.raises(OutputError, match="the voice is not added: line office@wideband was learned by"):
        lines.add_voice(line_of(another), another, one_more)


def test_a_state_that_the_model_does_not_take(lines: LineFolder, lined: EmotionModel) -> None:
    lines.add_voice(line_of(lined), lined, lambda _: {"voices": np.array(2.0)})
    with pytest.raises(VoiceError, match=r"line office@wideband: .*no line for a model of kind .*--delete"):
        lines.for_model(OFFICE, lined)


def test_a_model_that_knows_no_lines_takes_none(learning: EmotionModel, lines: LineFolder) -> None:
    words = "model learning knows no lines; leave --line out, or choose another"
    with pytest.raises(UsageError, match=words):
        refuse_line_for(learning)
    with pytest.raises(UsageError, match=words):
        LineSaver(OFFICE, "mono", learning, "0.1.0", lines)


def test_no_line_is_called_like_the_last_session(lined: EmotionModel, lines: LineFolder) -> None:
    with pytest.raises(UsageError, match="last is no name for a line"):
        LineSaver(LineKey("last", "wideband"), "mono", lined, "0.1.0", lines)


def _hear_with(lines: LineFolder, model: EmotionModel, raw: bytes) -> None:
    lines.path_of(OFFICE).write_bytes(raw)
    with little_memory(), suppress(VoiceError):
        line = lines.for_model(OFFICE, model)
        assert line is not None
        voice = model.open_voice(line=line.state)
        for size in (0.0, 1.0, -1e4):
            assert np.isfinite(voice.update(np.full(model.card.num_features, size, np.float32))).all()
        assert voice.line is not None
        assert 0.0 <= voice.line.share <= 0.5


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LineFolder:
    return LineFolder(tmp_path_factory.mktemp("lines"))


@fuzzed(40)
@given(data=st.data())
def test_spoiled_fields(made: LineFolder, lined: EmotionModel, data: st.DataObject) -> None:
    good = json.loads(line_json(line_of(lined)))
    _hear_with(made, lined, json.dumps(data.draw(spoiled_values(good))).encode())


@fuzzed(40)
@given(data=st.data())
def test_spoiled_bytes(made: LineFolder, lined: EmotionModel, data: st.DataObject) -> None:
    _hear_with(made, lined, data.draw(spoiled([line_json(line_of(lined))])))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state["voices"].update(values=[-1.0]), "-1 voices on a line"),
        (lambda state: state["voices"].update(values=[1e9]), "voices on a line"),
        (lambda state: state["margins"].update(values=[1e31] * 4), "margins holds"),
        (lambda state: state["margins"].update(values=[1.0], shape=[1]), "for a line; expected"),
    ],
)
def test_sums_that_cannot_be_are_refused(
    made: LineFolder, lined: EmotionModel, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    values = json.loads(line_json(line_of(lined)))
    change(values["state"])
    made.path_of(OFFICE).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(VoiceError, match=words):
        made.for_model(OFFICE, lined)
