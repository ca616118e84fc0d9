"""A session's folder that is taken away and put back: who saves says so, goes on, and begins anew."""

import csv
import os
from pathlib import Path

import pytest

from emotion.errors import OutputError
from streamer.block import AudioBlock
from streamer.recorder.clip_rule import ClipRule
from streamer.recorder.clips import ClipRecorder
from streamer.recorder.session_folder import SessionFolder
from streamer.recorder.session_sound import SessionSound
from streamer.recorder.sound_names import sound_files
from tests.session_material import SESSION, SUMMARY, blocks, facts, sound, speech_row


def clips(out_dir: Path) -> ClipRecorder:
    """A recorder of all clips that has heard 400 samples."""
    recorder = ClipRecorder(SessionFolder(out_dir), ClipRule.parse("all"))
    recorder.open(facts())
    recorder.take_block(next(blocks(sound(400), [])))
    return recorder


def indexed(folder: Path) -> list[str]:
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        return [line["window"] for line in csv.DictReader(file)]


def test_clips_go_on_once_the_folder_is_back(tmp_path: Path) -> None:
    folder, away = tmp_path / SESSION, tmp_path / "away"
    recorder = clips(tmp_path)
    recorder.take_row(speech_row(0))
    folder.rename(away)
    with pytest.raises(OutputError, match=f"{SESSION} was taken away; put it back"):
        recorder.take_row(speech_row(1))
    assert not recorder.recover()
    away.rename(folder)
    assert recorder.recover()
    recorder.take_row(speech_row(2))
    recorder.close(SUMMARY)
    assert indexed(folder) == ["0", "2"]
    assert recorder.num_clips == 2


def test_an_index_that_was_removed_is_begun_anew(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    recorder.take_row(speech_row(0))
    (tmp_path / SESSION / "index.csv").unlink()
    assert recorder.recover()
    recorder.take_row(speech_row(1))
    recorder.close(SUMMARY)
    assert indexed(tmp_path / SESSION) == ["1"]


def test_recovery_without_an_index_waits_for_the_first_clip(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    assert recorder.recover()
    recorder.take_row(speech_row(0))
    recorder.close(SUMMARY)
    assert indexed(tmp_path / SESSION) == ["0"]


def test_sound_of_an_interruption_is_not_told_of_as_lost_but_what_is_lost_later_is(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    assert recorder.recover()
    for window in (100, 101):
        recorder.take_row(speech_row(window))
    recorder.take_row(speech_row(0))
    recorder.take_row(speech_row(100))
    with pytest.raises(OutputError, match=r"clips missing in .*: 1;"):
        recorder.close(SUMMARY)


def test_the_whole_sound_goes_on_in_a_file_of_its_own(tmp_path: Path) -> None:
    folder, away = tmp_path / SESSION, tmp_path / "away"
    keeper = SessionSound(SessionFolder(tmp_path))
    keeper.open(facts(sample_rate=4))
    keeper.take_block(AudioBlock(sound(100), 0, 0.0))
    folder.rename(away)
    assert not keeper.recover()
    away.rename(folder)
    for path in (folder / "sound").iterdir():
        path.unlink()
    with pytest.raises(OutputError, match="the file was removed"):
        keeper.take_block(AudioBlock(sound(100), 100, 0.0))
    assert keeper.recover()
    keeper.take_block(AudioBlock(sound(100), 200, 0.0))
    keeper.close(SUMMARY)
    assert [(file.first_sample, file.continues) for file in sound_files(folder)] == [(200, False)]


def test_a_file_that_cannot_even_be_ended_does_not_keep_the_next_from_beginning(tmp_path: Path) -> None:
    keeper = SessionSound(SessionFolder(tmp_path))
    keeper.open(facts(sample_rate=4))
    keeper.take_block(AudioBlock(sound(100), 0, 0.0))
    writer = keeper._sounds[0]._writer
    assert writer is not None
    assert writer._descriptor is not None
    os.close(writer._descriptor)
    assert keeper.recover()
    keeper.take_block(AudioBlock(sound(100), 100, 0.0))
    keeper.close(SUMMARY)
    assert [(file.first_sample, file.continues) for file in sound_files(tmp_path / SESSION)] == [
        (0, False),
        (100, False),
    ]
