"""Clips: which, whole, exact, and never in place of another; what led to an alert."""

import csv
import json
import weakref
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.errors import OutputError, UsageError
from emotion.signal import mix_down
from streamer.events import AudioBlock, Row, Sound, State
from streamer.leg_plan import LegPlan
from streamer.recordings.clip_files import ClipRing, kind_of_clip
from streamer.recordings.clips import Clip, ClipRecorder, ClipRule
from streamer.recordings.session_folder import SessionFolder
from streamer.session_info import SessionClock, SessionInfo
from tests.alert_material import alert_at_1khz
from tests.session_material import (
    SESSION,
    STARTED,
    SUMMARY,
    blocks,
    cuts,
    facts,
    silent_row,
    sound,
    speech_row,
)

RING_SIGNAL = sound(2000)
REACH = 300


@given(cuts(2000), st.data())
def test_any_stretch_within_reach_is_the_slice_of_the_whole(places: list[int], data: st.DataObject) -> None:
    ring = ClipRing(REACH)
    for block in blocks(RING_SIGNAL, places):
        ring.push(block.first_sample, block.samples[:, 0])
        oldest = max(0, block.first_sample - REACH)
        start = data.draw(st.integers(oldest, block.end_sample - 1))
        end = data.draw(st.integers(start + 1, block.end_sample))
        found = ring.cut(start, end)
        assert found is not None
        assert np.array_equal(found, RING_SIGNAL[start:end, 0])


@given(cuts(2000))
def test_it_holds_no_more_than_its_reach_and_two_blocks(places: list[int]) -> None:
    ring = ClipRing(REACH)
    longest = 0
    given: list[weakref.ref[np.ndarray[Any, Any]]] = []
    for block in blocks(RING_SIGNAL, places):
        samples = block.samples[:, 0].copy()
        given.append(weakref.ref(samples))
        ring.push(block.first_sample, samples)
        del samples
        longest = max(longest, len(block.samples))
        kept = [held for each in given if (held := each()) is not None]
        assert sum(map(len, kept)) <= REACH + 2 * longest
        del kept
        forgotten = block.end_sample - REACH - 2 * longest - 1
        assert ring.cut(forgotten, block.end_sample) is None


def test_what_is_not_there_is_never_made_up() -> None:
    ring = ClipRing(REACH)
    assert ring.cut(0, 1) is None
    ring.push(100, RING_SIGNAL[:50, 0])
    ring.push(160, RING_SIGNAL[60:100, 0])
    assert ring.cut(90, 110) is None
    assert ring.cut(140, 170) is None
    assert ring.cut(150, 160) is None
    assert ring.cut(190, 201) is None
    after = ring.cut(160, 200)
    assert after is not None
    assert np.array_equal(after, RING_SIGNAL[60:100, 0])


def test_a_gap_without_length_breaks_nothing() -> None:
    ring = ClipRing(REACH)
    ring.push(0, RING_SIGNAL[:50, 0])
    ring.push(50, RING_SIGNAL[50:50, 0])
    ring.push(50, RING_SIGNAL[50:90, 0])
    found = ring.cut(10, 90)
    assert found is not None
    assert np.array_equal(found, RING_SIGNAL[10:90, 0])


EMOTIONS = ("angry", "sad", None, "neutral", "happy")


def rows_until(end_sample: int) -> list[Row]:
    """The rows of all windows that end by then: 200 samples each 50, emotions in turn, every fifth of 2 s."""
    windows = range(max(0, (end_sample - 200) // 50 + 1))
    names = [EMOTIONS[window % len(EMOTIONS)] for window in windows]
    return [
        silent_row(window) if name is None else speech_row(window, emotion=name)
        for window, name in zip(windows, names, strict=True)
    ]


def record(out_dir: Path, heard: Iterable[AudioBlock], rule: str, head: SessionInfo | None = None) -> Path:
    """Record a session as a worker would: each block, then the rows that it completes."""
    head = head or facts()
    folder = SessionFolder(out_dir)
    recorder = ClipRecorder(folder, ClipRule.parse(rule))
    recorder.open(head)
    told = 0
    for block in heard:
        recorder.handle(Sound(block))
        rows = rows_until(block.end_sample)
        for row in rows[told:]:
            recorder.handle(row)
        told = len(rows)
    recorder.close(SUMMARY)
    recorder.close(SUMMARY)
    return folder.path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def index(folder: Path) -> list[dict[str, str]]:
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("all", {"angry", "sad", "silence", "neutral", "happy"}),
        ("speech", {"angry", "sad", "neutral", "happy"}),
        ("angry", {"angry"}),
        ("angry, sad", {"angry", "sad"}),
    ],
)
def test_the_rule_says_what_is_kept(tmp_path: Path, rule: str, kept: set[str]) -> None:
    folder = record(tmp_path, blocks(sound(1000), [300]), rule)
    kinds = [kind_of_clip(path.name) for path in sorted(folder.glob("clips/*/*.wav"))]
    expected = [row.emotion or row.state for row in rows_until(1000) if (row.emotion or row.state) in kept]
    assert kinds == expected


@pytest.mark.parametrize(("state", "kept"), [("unsure", True), ("noise", False), ("clipped", False)])
def test_clips_of_speech_are_of_speech_sure_or_not(state: State, *, kept: bool) -> None:
    row = replace(silent_row(0), state=state)
    assert ClipRule.parse("speech").wants(row) == kept
    assert ClipRule.parse("all").wants(row)
    assert not ClipRule.parse("angry,happy,neutral,sad").wants(row)


@pytest.mark.parametrize("rule", ["", "angri", "angry,", "all,angry", "speech,sad", "Angry"])
def test_a_rule_that_means_nothing_names_the_choices(rule: str) -> None:
    with pytest.raises(
        UsageError, match="give all, speech, alerts, or one or more of angry,happy,neutral,sad with"
    ):
        ClipRule.parse(rule)


def test_labels_make_a_rule_of_labels() -> None:
    assert ClipRule.parse("angry, sad") == ClipRule("labels", frozenset({"angry", "sad"}))


@pytest.mark.parametrize(
    ("channels", "whole_steps", "subtype"),
    [(1, True, "PCM_16"), (1, False, "FLOAT"), (2, True, "FLOAT"), (3, False, "FLOAT")],
)
def test_a_clip_is_what_was_heard(tmp_path: Path, channels: int, whole_steps: bool, subtype: str) -> None:
    heard = sound(1000, channels, whole_steps=whole_steps)
    sample_format: Literal["PCM_16", "FLOAT"] = "PCM_16" if whole_steps else "FLOAT"
    head = facts(channels=channels, sample_format=sample_format)
    folder = record(tmp_path, blocks(heard, [130, 131, 700]), "all", head)
    mono = mix_down(heard)
    lines = index(folder)
    assert len(lines) == 17
    for line, row in zip(lines, rows_until(1000), strict=True):
        with soundfile.SoundFile(folder / line["file"]) as file:
            assert (file.samplerate, file.channels, file.subtype) == (1000, 1, subtype)
            assert np.array_equal(file.read(dtype="float32"), mono[row.start_sample : row.end_sample])


def test_the_index_tells_of_each_clip(tmp_path: Path) -> None:
    folder = record(tmp_path, blocks(sound(400), []), "all")
    lines = index(folder)
    assert (folder / "index.csv").read_text().splitlines()[0] == (
        "start,end,state,emotion,probability,level_dbfs,leg,window,file"
    )
    spoken, silent = lines[1], lines[2]
    assert (float(spoken["start"]), float(spoken["end"])) == (0.05, 0.25)
    assert (spoken["emotion"], float(spoken["probability"])) == ("sad", 0.1 + 0.6)
    assert (silent["state"], silent["emotion"], silent["probability"]) == ("silence", "", "")
    assert (silent["level_dbfs"], silent["leg"], silent["window"]) == ("-120.0", "mono", "2")
    assert all((folder / line["file"]).is_file() for line in lines)


def test_names_sort_by_time_in_a_folder_an_hour(tmp_path: Path) -> None:
    # The session starts 0.75 s before a full hour.
    folder = record(tmp_path, blocks(sound(1500), []), "all")
    found = sorted(str(path.relative_to(folder)) for path in folder.glob("clips/*/*.wav"))
    assert found == [line["file"] for line in index(folder)]
    assert len({path.split("/")[1] for path in found}) == 2
    assert not any(":" in path for path in found)
    last_before, first_after = found[14], found[15]
    assert last_before.endswith("-59-59.950_mono_0000014_happy.wav")
    assert first_after.endswith("-00-00.000_mono_0000015_angry.wav")


def test_a_name_does_not_run_into_the_next_minute_and_holds_any_leg() -> None:
    clock = SessionClock.of(replace(facts(), started=STARTED + 0.7499))
    name = Clip.of_row(replace(speech_row(), leg="Kunde: A/B_ü")).path(clock).name
    assert name.endswith("-59-59.999_Kunde-A-B-ü_0000000_angry.wav")
    assert kind_of_clip(name) == "angry"
    assert kind_of_clip("holiday.wav") is None


SIGNAL = sound(900, 2)
HEAD = facts(channels=2)


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return tree(record(tmp_path_factory.mktemp("uncut"), blocks(SIGNAL, []), "speech", HEAD))


@settings(max_examples=min(30, settings().max_examples), deadline=None)
@given(places=cuts(900))
def test_any_cutting_gives_the_same_files_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, uncut: dict[str, bytes], places: list[int]
) -> None:
    folder = record(tmp_path_factory.mktemp("cut"), blocks(SIGNAL, places), "speech", HEAD)
    assert tree(folder) == uncut


def test_a_leg_has_the_sound_of_its_own_channel_and_of_its_own_source(tmp_path: Path) -> None:
    legs = (
        LegPlan("room", channel=0, analysed=False),
        LegPlan("me", channel=1),
        LegPlan("them", channel=2),
        LegPlan("line", source=1),
    )
    head = facts(channels=3, legs=legs)
    (device,) = head.sources
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("all"))
    recorder.open(replace(head, sources=(device, replace(device, channels=1))))
    # What is not analysed never comes as far as a sink: two columns are left of three.
    kept, line = sound(200, 2, seed=1), sound(200, 1, seed=2)
    recorder.handle(Sound(AudioBlock(kept, 0, 0.0)))
    recorder.handle(Sound(AudioBlock(line, 0, 0.0), 1))
    recorder.handle(Sound(AudioBlock(line, 0, 0.0), 2))
    for leg in ("room", "me", "them", "line"):
        recorder.handle(replace(speech_row(0), leg=leg))
    recorder.close(SUMMARY)
    assert recorder.num_written == 3
    found = {
        entry["leg"]: soundfile.SoundFile(tmp_path / SESSION / entry["file"])
        for entry in index(tmp_path / SESSION)
    }
    for leg, wanted in (("me", kept[:, 0]), ("them", kept[:, 1]), ("line", line[:, 0])):
        with found.pop(leg) as file:
            assert file.subtype == "PCM_16"
            assert np.array_equal(file.read(dtype="float32"), wanted)
    assert not found


def test_non_finite_samples_are_kept_as_they_were_heard(tmp_path: Path) -> None:
    heard = sound(200, whole_steps=False)
    heard[17] = np.nan
    folder = record(tmp_path, blocks(heard, []), "all", facts(sample_format="FLOAT"))
    clip = soundfile.read(folder / index(folder)[0]["file"], dtype="float32")[0]
    assert clip[17] == 0
    assert np.array_equal(np.delete(clip, 17), np.delete(heard[:, 0], 17))


def test_a_clip_whose_sound_is_gone_is_told_of_and_never_half(tmp_path: Path) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("all"))
    recorder.open(facts())
    for block in blocks(sound(6000), range(100, 6000, 100)):
        recorder.handle(Sound(block))
    for window in (0, 1):
        recorder.handle(speech_row(window))
    with pytest.raises(OutputError, match=r"clips missing in .*: 2; .*report it, .* --record-session$"):
        recorder.close(SUMMARY)
    assert (recorder.num_written, recorder.files) == (0, ())
    assert not list(tmp_path.rglob("*.wav"))


def test_a_clip_never_takes_the_place_of_another(tmp_path: Path) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("all"))
    recorder.open(facts())
    recorder.handle(Sound(next(blocks(sound(200), []))))
    recorder.handle(speech_row(0))
    before = tree(tmp_path)
    with pytest.raises(OutputError, match=r"_0000000_angry\.wav: File exists"):
        recorder.handle(speech_row(0))
    recorder.close(None)
    assert tree(tmp_path) == before


def test_a_folder_that_was_taken_away_is_not_made_again(tmp_path: Path) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("all"))
    recorder.open(facts())
    recorder.handle(Sound(next(blocks(sound(200), []))))
    (tmp_path / SESSION).rename(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="was taken away; put it back"):
        recorder.handle(speech_row(0))
    recorder.close(None)
    assert not (tmp_path / SESSION).exists()


def test_it_is_saving_from_open_to_close(tmp_path: Path) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("all"))
    saving = [recorder.is_saving]
    recorder.open(facts())
    saving.append(recorder.is_saving)
    recorder.handle(Sound(next(blocks(sound(200), []))))
    recorder.handle(speech_row(0))
    assert recorder.files == (f"{tmp_path / SESSION}/",)
    recorder.close(SUMMARY)
    recorder.handle(speech_row(0))
    assert recorder.num_written == 1
    assert "summary" in json.loads((tmp_path / SESSION / "session.json").read_bytes())
    assert [*saving, recorder.is_saving] == [False, True, False]


@pytest.mark.parametrize(
    ("heard_from", "onset", "begins"),
    [(0, 15_000, 5_000), (0, 4_000, 0), (12_000, 15_000, 12_000)],
    ids=["ten seconds before", "from the beginning", "not over a gap"],
)
def test_what_led_to_an_alert_is_kept(tmp_path: Path, heard_from: int, onset: int, begins: int) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("alerts"))
    recorder.open(facts())
    heard = sound(20_000)
    for block in blocks(heard[: max(0, heard_from - 500)], range(100, 20_000, 100)):
        recorder.handle(Sound(block))
    for block in blocks(heard[heard_from:], range(100, 20_000, 100), heard_from):
        recorder.handle(Sound(block))
    recorder.handle(speech_row(0))
    recorder.handle(alert_at_1khz(onset, 18_000))
    recorder.handle(alert_at_1khz(onset, 18_000, rule="angry>0.5"))
    recorder.close(SUMMARY)
    (entry,) = index(tmp_path / SESSION)
    assert (entry["state"], entry["emotion"], entry["probability"]) == ("alert", "angry", "0.8")
    assert (entry["leg"], entry["window"], entry["level_dbfs"]) == ("mono", "7", "")
    assert (float(entry["start"]), float(entry["end"])) == (begins / 1000, 18.0)
    clip = soundfile.read(tmp_path / SESSION / entry["file"], dtype="float32", always_2d=True)[0]
    assert np.array_equal(clip, heard[begins:18_000])


@pytest.mark.parametrize("rule", ["all", "angry"])
def test_what_led_to_an_alert_is_kept_only_where_that_was_asked_for(tmp_path: Path, rule: str) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse(rule))
    recorder.open(facts())
    recorder.handle(Sound(next(blocks(sound(200), []))))
    recorder.handle(alert_at_1khz(100, 200))
    recorder.close(SUMMARY)
    assert recorder.num_written == 0


def test_an_alert_of_a_leg_whose_sound_is_not_kept_has_no_clip(tmp_path: Path) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("alerts"))
    recorder.open(facts())
    recorder.handle(Sound(next(blocks(sound(200), []))))
    recorder.handle(replace(alert_at_1khz(100, 200), leg="agent"))
    recorder.close(SUMMARY)
    assert recorder.num_written == 0


def test_an_alert_that_came_late_has_a_minute_at_most_and_memory_a_bound(tmp_path: Path) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("alerts"))
    recorder.open(facts())
    heard = sound(200_000)
    for block in blocks(heard, range(1000, 200_000, 1000)):
        recorder.handle(Sound(block))
    recorder.handle(alert_at_1khz(100_000, 200_000))
    recorder.close(SUMMARY)
    (entry,) = index(tmp_path / SESSION)
    assert float(entry["end"]) - float(entry["start"]) == 60.0
