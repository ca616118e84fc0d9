"""Clips of what led to an alert: from where, how long, and only where they were asked for."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamer.alerts.alert import Alert
from streamer.recorder.clip_rule import ClipRule
from streamer.recorder.clips import ClipRecorder
from streamer.recorder.session_folder import SessionFolder
from tests.session_material import SESSION, SUMMARY, blocks, facts, sound, speech_row


def index(folder: Path) -> list[dict[str, str]]:
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def alert(end_sample: int, onset_sample: int, label: str = "angry", rule: str = "angry>0.7") -> Alert:
    """An alert of a source at 1 kHz."""
    return Alert(
        leg="mono",
        rule=rule,
        label=label,
        onset_seconds=onset_sample / 1000,
        at_seconds=end_sample / 1000,
        probability=0.8,
        delay_seconds=(end_sample - onset_sample) / 1000,
        window=7,
        onset_sample=onset_sample,
        end_sample=end_sample,
    )


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
        recorder.take_block(block)
    for block in blocks(heard[heard_from:], range(100, 20_000, 100), heard_from):
        recorder.take_block(block)
    recorder.take_row(speech_row(0))
    recorder.take_alert(alert(18_000, onset))
    recorder.take_alert(alert(18_000, onset, rule="angry>0.5"))
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
    recorder.take_block(next(blocks(sound(200), [])))
    recorder.take_alert(alert(200, 100))
    recorder.close(SUMMARY)
    assert recorder.num_clips == 0


def test_an_alert_of_a_leg_whose_sound_is_not_kept_has_no_clip(tmp_path: Path) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("alerts"))
    recorder.open(facts())
    recorder.take_block(next(blocks(sound(200), [])))
    recorder.take_alert(replace(alert(200, 100), leg="agent"))
    recorder.close(SUMMARY)
    assert recorder.num_clips == 0


def test_an_alert_that_came_late_has_a_minute_at_most_and_memory_a_bound(tmp_path: Path) -> None:
    recorder = ClipRecorder(SessionFolder(tmp_path), ClipRule.parse("alerts"))
    recorder.open(facts())
    heard = sound(200_000)
    for block in blocks(heard, range(1000, 200_000, 1000)):
        recorder.take_block(block)
    recorder.take_alert(alert(200_000, 100_000))
    recorder.close(SUMMARY)
    (entry,) = index(tmp_path / SESSION)
    assert float(entry["end"]) - float(entry["start"]) == 60.0
