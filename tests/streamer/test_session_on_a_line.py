"""A session on a line: begins with earlier callers, leaves its own, and notices a line that does not fit."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.audio_io import AudioFile
from emotion.errors import AudioFileError
from emotion.model import EmotionModel
from streamer.analysis.leg import ClassifierOptions, Leg, LegOptions
from streamer.events import AudioBlock, Event, LegOutput, LineFit, Row
from streamer.lines import LineFolder, LineKey
from streamer.pipeline import SessionOptions
from streamer.recordings.journal_reader import read_journal, read_session_info
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder, SessionJournal
from streamer.recordings.sound_reader import kept_sounds
from streamer.session import Session
from streamer.session_info import LegLine, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.voice_saver import LineSaver
from streamer.sources.base import BlockReceiver
from streamer.sources.file import FileSource
from streamer.terminal_io import Screen
from tests.model_maker import tone_of
from tests.session_parts import OPTIONS, RATE, Rows, Watched, session_of

OFFICE = LineKey("office", "wideband")
SUMS = np.array([900.0, -900.0, 0.0, 0.0])
FAR_AWAY = {"voices": np.array(3.0), "margins": SUMS, "place": SUMS}


def call(label: str, seed: int, seconds: float = 4.0) -> Samples:
    return tone_of(label, seed, RATE, seconds)


def written(path: Path, samples: Samples) -> Path:
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


class Seen(Sink):
    """Keeps the head of a session, and what is told of its lines."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def open(self, info: SessionInfo) -> None:
        self.info = info

    def handle(self, event: Event) -> None:
        if isinstance(event, LineFit | Row):
            self.events.append(event)


def hear(path: Path, model: EmotionModel, folder: LineFolder, *sinks: Sink) -> tuple[Rows, Summary]:
    """Replay a recording on the line of the office."""
    saver, rows = LineSaver(OFFICE, "mono", model, "0.1.0", folder), Rows()
    options = replace(OPTIONS, lines={"mono": saver.line})
    return rows, session_of(path, model, rows, saver, *sinks, options=options).run()


@pytest.fixture
def lines(tmp_path: Path) -> LineFolder:
    return LineFolder(tmp_path / "data" / "voices")


@pytest.fixture
def angry(tmp_path: Path) -> Path:
    return written(tmp_path / "angry.wav", call("angry", 1))


def test_what_one_caller_leaves_the_next_call_begins_with(
    tmp_path: Path, angry: Path, lined: EmotionModel, lines: LineFolder
) -> None:
    first, summary = hear(angry, lined, lines)
    assert summary.files == (str(lines.path_of(OFFICE)),)
    line = lines.for_model(OFFICE, lined)
    assert line is not None
    assert line.num_voices == 1
    other = written(tmp_path / "sad.wav", call("sad", 2))
    alone, _ = hear(other, lined, LineFolder(tmp_path / "nobody"))
    after_another, _ = hear(other, lined, lines)
    assert first.rows
    assert after_another.rows[0].probabilities != alone.rows[0].probabilities
    line = lines.for_model(OFFICE, lined)
    assert line is not None
    assert line.num_voices == 2


def test_a_line_without_voices_changes_no_row(angry: Path, lined: EmotionModel) -> None:
    rows, plain = Rows(), Rows()
    session_of(angry, lined, plain).run()
    options = replace(OPTIONS, lines={"mono": LegLine("office", "wideband", 0, {})})
    session_of(angry, lined, rows, options=options).run()
    assert [each.smoothed for each in rows.rows] == [each.smoothed for each in plain.rows]


def test_who_speaks_too_little_leaves_nothing(
    tmp_path: Path, silence: Path, lined: EmotionModel, lines: LineFolder
) -> None:
    for path in (silence, written(tmp_path / "short.wav", call("angry", 1, 2.0))):
        _, summary = hear(path, lined, lines)
        assert (summary.files, summary.failures) == ((), ())
    assert lines.keys() == []


@pytest.mark.parametrize("how", ["asked to stop", "broken"])
def test_a_call_that_ends_early_counts_as_one(
    angry: Path, lined: EmotionModel, lines: LineFolder, how: str
) -> None:
    class Breaking(FileSource):
        def _read(self, queue: BlockReceiver) -> None:
            super()._read(queue)
            raise AudioFileError("call.wav ends early")

    saver, rows = LineSaver(OFFICE, "mono", lined, "0.1.0", lines), Rows()
    is_broken = how == "broken"
    source = (Breaking if is_broken else FileSource)(AudioFile(angry), fast=True)
    session = Session(
        [source],
        lined,
        lined.card.grid(),
        sinks=[saver, rows],
        screen=Watched(react=lambda _: "quit" if len(rows.rows) > 11 and not is_broken else None),
        options=replace(OPTIONS, lines={"mono": saver.line}),
    )
    if is_broken:
        with pytest.raises(AudioFileError, match="ends early"):
            session.run()
    else:
        session.run()
    line = lines.for_model(OFFICE, lined)
    assert line is not None
    assert line.num_voices == 1


def test_a_session_that_is_given_up_leaves_nothing(lined: EmotionModel, lines: LineFolder) -> None:
    saver = LineSaver(OFFICE, "mono", lined, "0.1.0", lines)
    saver.close(None)
    assert lines.keys() == []
    assert saver.files == ()


def test_callers_of_sessions_at_once_all_count(angry: Path, lined: EmotionModel, lines: LineFolder) -> None:
    with ThreadPoolExecutor(3) as pool:
        summaries = [summary for _, summary in pool.map(lambda _: hear(angry, lined, lines), range(3))]
    assert [(summary.files, summary.failures) for summary in summaries] == [
        ((str(lines.path_of(OFFICE)),), ())
    ] * 3
    line = lines.for_model(OFFICE, lined)
    assert line is not None
    assert line.num_voices == 3


def test_a_line_that_cannot_be_saved_is_told_of(tmp_path: Path, angry: Path, lined: EmotionModel) -> None:
    (tmp_path / f"{OFFICE}.json").symlink_to(tmp_path / "nowhere" / "office.json")
    _, summary = hear(angry, lined, LineFolder(tmp_path))
    [failure] = summary.failures
    assert "line office@wideband cannot be saved" in failure


def test_without_the_voice_the_line_still_counts(angry: Path, lined: EmotionModel, lines: LineFolder) -> None:
    hear(angry, lined, lines)
    saver = LineSaver(OFFICE, "mono", lined, "0.1.0", lines)
    found = {}
    for name, on in (("on", {"mono": saver.line}), ("off", {})):
        rows = Rows()
        options = replace(OPTIONS, lines=on, classifier=ClassifierOptions(baseline=False))
        session_of(angry, lined, rows, options=options).run()
        assert {row.voice_known for row in rows.rows} == {0.0}
        found[name] = [row.probabilities for row in rows.rows]
    assert found["on"] != found["off"]


def test_a_wrong_line_is_noticed_and_told_everywhere(
    tmp_path: Path, angry: Path, lined: EmotionModel
) -> None:
    wrong = LegLine("office", "wideband", 3, FAR_AWAY)
    seen, screen, folder = Seen(), Watched(), SessionFolder(tmp_path / "recordings")
    rows, plain = Rows(), Rows()
    options = replace(OPTIONS, lines={"mono": wrong})
    sinks = (seen, rows, SessionAudio(folder), SessionJournal(folder))
    session_of(angry, lined, *sinks, screen=screen, options=options).run()
    session_of(angry, lined, plain).run()
    assert [row.smoothed for row in rows.rows] == [row.smoothed for row in plain.rows]
    [fit] = [event for event in seen.events if isinstance(event, LineFit)]
    assert fit == LineFit("mono", rows.rows[0].end, fits=False)
    assert seen.events[1] == fit
    last = screen.snapshots[-1]
    assert (last.legs[0].line_voices, last.legs[0].line_fits) == (3, False)
    assert "mono: line does not fit: not used" in last.messages
    assert [entry.text for entry in last.log if entry.kind == "line"] == ["line does not fit: not used"]
    journal = read_journal(folder.path / "journal.jsonl")
    assert journal.header.lines == {"mono": LegLine("office", "wideband", 3)}
    assert journal.line_fits == (fit,)


def test_a_recorded_session_is_replayed_on_the_line_as_it_was(
    tmp_path: Path, angry: Path, lined: EmotionModel, lines: LineFolder
) -> None:
    hear(angry, lined, lines)
    path, folder = written(tmp_path / "sad.wav", call("sad", 2)), SessionFolder(tmp_path / "recordings")
    hear(path, lined, lines, SessionAudio(folder), SessionJournal(folder))
    journal = read_journal(folder.path / "journal.jsonl")
    assert "margins" not in (folder.path / "journal.jsonl").read_text(encoding="utf-8")
    info = read_session_info(folder.path / "session.json")
    assert info.lines == {"mono": LegLine("office", "wideband", 1)}
    legs, sounds = kept_sounds(folder.path, info)
    rows = {}
    for name, on in (("as it was", info.lines), ("without", {})):
        keeper = Rows()
        sources = [FileSource(sound, fast=True) for sound in sounds]
        options = SessionOptions("0.1.0", legs=tuple(legs), lines=on)
        Session(sources, lined, lined.card.grid(), sinks=[keeper], screen=Screen(), options=options).run()
        rows[name] = [replace(row, lag_seconds=0.0) for row in keeper.rows]
    assert rows["as it was"] == [replace(row, lag_seconds=0.0) for row in journal.rows]
    assert rows["without"] != rows["as it was"]


@pytest.mark.parametrize("sums", [3, {"mono": {}}, {"mono": {"model_digest": "", "state": {"voices": 1}}}])
def test_damaged_sums_of_a_session_are_refused(
    tmp_path: Path, angry: Path, lined: EmotionModel, lines: LineFolder, sums: object
) -> None:
    folder = SessionFolder(tmp_path / "recordings")
    hear(angry, lined, lines, SessionJournal(folder))
    path = folder.path / "session.json"
    values = json.loads(path.read_bytes())
    assert values["line_sums"]["mono"]["state"] == {}
    path.write_text(json.dumps(values | {"line_sums": sums}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"session\.json: .*line_sums"):
        read_session_info(path)


@settings(max_examples=min(20, settings().max_examples), deadline=None)
@given(st.lists(st.integers(1, 6 * RATE - 1), max_size=20, unique=True), st.sampled_from([1.0, 40.0]))
def test_rows_and_fit_do_not_depend_on_how_the_sound_is_cut(
    lined: EmotionModel, cuts: list[int], margin: float
) -> None:
    samples = np.concatenate([call("angry", 1, 3.0), call("sad", 2, 3.0)])[:, None]
    sums = np.array([2.0, -2.0, 0.0, 0.0]) * margin
    line = {"voices": np.array(2.0), "margins": sums, "place": sums}

    def events(places: list[int]) -> list[LegOutput]:
        options = LegOptions(ClassifierOptions(line=line))
        leg = Leg("mono", lined, lined.card.grid(), RATE, options)
        found: list[LegOutput] = []
        edges = [0, *sorted(places), len(samples)]
        for start, end in pairwise(edges):
            part = read_only(samples[start:end].copy())
            found += leg.rows(leg.windows.push(AudioBlock(part, start, arrived=0.0)))
        found += leg.rows(leg.windows.finish())
        return [replace(each, lag_seconds=0.0) if isinstance(each, Row) else each for each in found]

    whole = events([])
    assert any(isinstance(each, LineFit) for each in whole) == (margin > 1.0)
    assert events(cuts) == whole


def test_a_recording_is_predicted_as_a_session_on_the_line(
    angry: Path, lined: EmotionModel, lines: LineFolder
) -> None:
    from streamer.analysis.predict import predict_recording

    none = predict_recording(lined, AudioFile(angry))
    assert none.lines == {}
    first = predict_recording(lined, AudioFile(angry), lines={"mono": {}})
    assert first.probabilities == none.probabilities
    hear(angry, lined, lines)
    line = lines.for_model(OFFICE, lined)
    assert line is not None
    assert {name: array.tobytes() for name, array in first.lines["mono"].items()} == {
        name: array.tobytes() for name, array in line.state.items()
    }
    second = predict_recording(lined, AudioFile(angry), lines=first.lines)
    assert second.probabilities != none.probabilities
    assert second.lines["mono"]["voices"] == 2.0
