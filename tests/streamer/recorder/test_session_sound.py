"""The whole sound: exact, in its place, an hour a file."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.errors import OutputError
from streamer.block import AudioBlock
from streamer.recorder.session_folder import SessionFolder
from streamer.recorder.session_sound import SessionSound
from streamer.recorder.sound_names import sound_files
from streamer.row import Gap
from tests.session_material import SESSION, STARTED, SUMMARY, blocks, cuts, facts, sound

HOUR = 3600 * 4
"""An hour of samples at 4 Hz, a rate at which hours are short."""


def opened(
    out_dir: Path, channels: int = 1, sample_format: Literal["PCM_16", "FLOAT"] = "PCM_16"
) -> SessionSound:
    keeper = SessionSound(SessionFolder(out_dir))
    keeper.open(facts(sample_rate=4, channels=channels, sample_format=sample_format))
    return keeper


def kept(out_dir: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out_dir / SESSION / "sound").iterdir()}


def read_back(out_dir: Path, channels: int = 1) -> Samples:
    parts = [
        soundfile.read(file.path, dtype="float32", always_2d=True)[0]
        for file in sound_files(out_dir / SESSION)
    ]
    return np.concatenate(parts).reshape(-1, channels)


def gap(start: int, end: int) -> Gap:
    return Gap("mono", start / 4, end / 4, start, end, "overrun", estimated=True)


@pytest.mark.parametrize("sample_format", ["PCM_16", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_sample_of_every_channel_comes_back_bit_for_bit(
    tmp_path: Path, sample_format: Literal["PCM_16", "FLOAT"], channels: int
) -> None:
    heard = sound(2 * HOUR + 100, channels, whole_steps=sample_format == "PCM_16")
    keeper = opened(tmp_path, channels, sample_format)
    for block in blocks(heard, [5, 7000, HOUR + 3]):
        keeper.take_block(block)
    keeper.close(SUMMARY)
    assert np.array_equal(read_back(tmp_path, channels).view(np.int32), heard.view(np.int32))
    files = sound_files(tmp_path / SESSION)
    assert [file.first_sample for file in files] == [0, HOUR, 2 * HOUR]
    assert [file.continues for file in files] == [False, True, True]
    assert [file.path.name for file in files] == sorted(kept(tmp_path))


SIGNAL = sound(HOUR + 500)


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out_dir = tmp_path_factory.mktemp("uncut")
    keeper = opened(out_dir)
    for block in blocks(SIGNAL, []):
        keeper.take_block(block)
    keeper.close(SUMMARY)
    return kept(out_dir)


@settings(max_examples=30, deadline=None)
@given(places=cuts(HOUR + 500) | st.just([HOUR]))
def test_any_cutting_gives_the_same_files_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, uncut: dict[str, bytes], places: list[int]
) -> None:
    out_dir = tmp_path_factory.mktemp("cut")
    keeper = opened(out_dir)
    for block in blocks(SIGNAL, places):
        keeper.take_block(block)
    keeper.close(SUMMARY)
    assert kept(out_dir) == uncut


@pytest.mark.parametrize("lost", [0, 30])
def test_a_new_file_begins_after_a_gap_in_its_place(tmp_path: Path, lost: int) -> None:
    keeper = opened(tmp_path)
    before, after = sound(100, seed=1), sound(50, seed=2)
    keeper.take_block(AudioBlock(before, 10, 0.0))
    keeper.take_gap(gap(110, 110 + lost))
    keeper.take_block(AudioBlock(after, 110 + lost, 0.0))
    keeper.close(SUMMARY)
    files = sound_files(tmp_path / SESSION)
    assert [(file.first_sample, file.continues) for file in files] == [(10, False), (110 + lost, False)]
    assert np.array_equal(read_back(tmp_path), np.concatenate([before, after]))


def test_a_jump_that_nobody_told_of_is_a_gap_too(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    keeper.take_block(AudioBlock(sound(100), 0, 0.0))
    keeper.take_block(AudioBlock(sound(100), 150, 0.0))
    keeper.close(SUMMARY)
    assert [file.first_sample for file in sound_files(tmp_path / SESSION)] == [0, 150]


def test_a_pause_ends_the_file(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    keeper.take_block(AudioBlock(sound(100), 0, 0.0))
    keeper.take_pause(25.0, STARTED + 25, paused=True)
    keeper.take_pause(30.0, STARTED + 30, paused=False)
    keeper.take_block(AudioBlock(sound(20), 100, 0.0))
    keeper.close(SUMMARY)
    assert [(file.first_sample, file.continues) for file in sound_files(tmp_path / SESSION)] == [
        (0, False),
        (100, False),
    ]


def test_no_file_grows_past_its_limit(tmp_path: Path) -> None:
    keeper = SessionSound(SessionFolder(tmp_path), max_file_bytes=44 + 2 * 60)
    keeper.open(facts(sample_rate=4))
    heard = sound(150)
    for block in blocks(heard, [20, 100]):
        keeper.take_block(block)
    keeper.close(SUMMARY)
    files = sound_files(tmp_path / SESSION)
    assert [(file.first_sample, file.continues) for file in files] == [(0, False), (60, True), (120, True)]
    assert all(file.path.stat().st_size <= 164 for file in files)
    assert np.array_equal(read_back(tmp_path), heard)


def test_what_was_written_can_be_opened_while_the_session_goes_on(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    heard = sound(300)
    for block in blocks(heard, range(7, 300, 7)):
        keeper.take_block(block)
        assert np.array_equal(read_back(tmp_path), heard[: block.end_sample])
    keeper.close(None)
    assert np.array_equal(read_back(tmp_path), heard)


def test_a_folder_that_was_taken_away_stops_it(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    keeper.take_block(AudioBlock(sound(100), 0, 0.0))
    for path in (tmp_path / SESSION / "sound").iterdir():
        path.unlink()
    with pytest.raises(OutputError, match=r"sound_000000000000\.wav: the file was removed"):
        keeper.take_block(AudioBlock(sound(100), 100, 0.0))
    keeper.close(None)


def test_other_files_in_the_folder_are_none_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "sound").mkdir()
    for name in ("sound_1.wav", "sound_000000000000.flac", ".sound_000000000004.wav.part", "x.wav"):
        (tmp_path / "sound" / name).touch()
    assert sound_files(tmp_path) == ()
