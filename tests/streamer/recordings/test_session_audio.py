"""The whole audio of a session: exact, in its place, an hour a file."""

import json
import os
import resource
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.errors import OutputError
from streamer.events import AudioBlock, Gap, Pause, Sound
from streamer.leg_plan import LegPlan
from streamer.recordings.session_audio import SessionAudio, sound_files
from streamer.recordings.session_folder import SessionFolder
from tests.recorded_material import open_descriptor
from tests.session_material import SESSION, STARTED, SUMMARY, blocks, cuts, facts, sound

HOUR = 3600 * 4
"""An hour of samples at 4 Hz, a rate at which hours are short."""


def opened(
    out_dir: Path, channels: int = 1, sample_format: Literal["PCM_16", "FLOAT"] = "PCM_16"
) -> SessionAudio:
    keeper = SessionAudio(SessionFolder(out_dir))
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
    return Gap(start / 4, end / 4, start, end, leg="mono", cause="overrun", estimated=True)


@pytest.mark.parametrize("sample_format", ["PCM_16", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_sample_of_every_channel_comes_back_bit_for_bit(
    tmp_path: Path, sample_format: Literal["PCM_16", "FLOAT"], channels: int
) -> None:
    heard = sound(2 * HOUR + 100, channels, whole_steps=sample_format == "PCM_16")
    keeper = opened(tmp_path, channels, sample_format)
    for block in blocks(heard, [5, 7000, HOUR + 3]):
        keeper.handle(Sound(block))
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
        keeper.handle(Sound(block))
    keeper.close(SUMMARY)
    return kept(out_dir)


@settings(max_examples=min(30, settings().max_examples), deadline=None)
@given(places=cuts(HOUR + 500) | st.just([HOUR]))
def test_any_cutting_gives_the_same_files_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, uncut: dict[str, bytes], places: list[int]
) -> None:
    out_dir = tmp_path_factory.mktemp("cut")
    keeper = opened(out_dir)
    for block in blocks(SIGNAL, places):
        keeper.handle(Sound(block))
    keeper.close(SUMMARY)
    assert kept(out_dir) == uncut


@pytest.mark.parametrize("lost", [0, 30])
def test_a_new_file_begins_after_a_gap_in_its_place(tmp_path: Path, lost: int) -> None:
    keeper = opened(tmp_path)
    before, after = sound(100, seed=1), sound(50, seed=2)
    keeper.handle(Sound(AudioBlock(before, 10, 0.0)))
    keeper.handle(gap(110, 110 + lost))
    keeper.handle(Sound(AudioBlock(after, 110 + lost, 0.0)))
    keeper.close(SUMMARY)
    files = sound_files(tmp_path / SESSION)
    assert [(file.first_sample, file.continues) for file in files] == [(10, False), (110 + lost, False)]
    assert np.array_equal(read_back(tmp_path), np.concatenate([before, after]))


def test_a_gap_ends_the_file_of_its_own_source(tmp_path: Path) -> None:
    (source,) = facts(sample_rate=4).sources
    legs = (LegPlan("me"), LegPlan("them", source=1))
    keeper = SessionAudio(SessionFolder(tmp_path))
    keeper.open(replace(facts(sample_rate=4, legs=legs), sources=(source, source)))
    for first_sample in (0, 100):
        for number in (0, 1):
            keeper.handle(Sound(AudioBlock(sound(100), first_sample, 0.0), number))
        if not first_sample:
            keeper.handle(replace(gap(100, 100), leg="them"))
    keeper.close(SUMMARY)
    names = [
        sorted(path.name for path in (tmp_path / SESSION / name).iterdir()) for name in ("sound", "sound-2")
    ]
    assert names == [["sound_000000000000.wav"], ["sound_000000000000.wav", "sound_000000000100.wav"]]


def test_a_jump_that_nobody_told_of_is_a_gap_too(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    keeper.handle(Sound(AudioBlock(sound(100), 150, 0.0)))
    keeper.close(SUMMARY)
    assert [file.first_sample for file in sound_files(tmp_path / SESSION)] == [0, 150]


def test_a_pause_ends_the_file(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    keeper.handle(Pause(25.0, STARTED + 25, paused=True))
    keeper.handle(Pause(30.0, STARTED + 30, paused=False))
    keeper.handle(Sound(AudioBlock(sound(20), 100, 0.0)))
    keeper.close(SUMMARY)
    assert [(file.first_sample, file.continues) for file in sound_files(tmp_path / SESSION)] == [
        (0, False),
        (100, False),
    ]


def test_a_summary_is_left_with_the_sound(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    saving = [keeper.is_saving]
    keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    keeper.close(SUMMARY)
    assert keeper.files == (f"{tmp_path / SESSION}/",)
    assert [*saving, keeper.is_saving] == [True, False]
    assert json.loads((tmp_path / SESSION / "session.json").read_bytes())["summary"]["seconds"] == 63.5


def test_it_lets_go_of_the_folder_once_and_only_if_it_had_it(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts(sample_rate=4))
    keeper = SessionAudio(folder)
    keeper.close(None)
    assert (tmp_path / SESSION).exists(), "another sink has the folder"
    keeper.open(facts(sample_rate=4))
    for _ in range(3):
        keeper.close(None)
    assert (tmp_path / SESSION).exists(), "another sink has the folder"
    folder.close(None)
    assert not (tmp_path / SESSION).exists()


def test_no_file_grows_past_its_limit(tmp_path: Path) -> None:
    keeper = SessionAudio(SessionFolder(tmp_path), max_file_bytes=44 + 2 * 60)
    keeper.open(facts(sample_rate=4))
    heard = sound(150)
    for block in blocks(heard, [20, 100]):
        keeper.handle(Sound(block))
    keeper.close(SUMMARY)
    files = sound_files(tmp_path / SESSION)
    assert [(file.first_sample, file.continues) for file in files] == [(0, False), (60, True), (120, True)]
    assert all(file.path.stat().st_size <= 164 for file in files)
    assert np.array_equal(read_back(tmp_path), heard)


def test_what_was_written_can_be_opened_while_the_session_goes_on(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    heard = sound(300)
    for block in blocks(heard, range(7, 300, 7)):
        keeper.handle(Sound(block))
        assert np.array_equal(read_back(tmp_path), heard[: block.end_sample])
    keeper.close(None)
    assert np.array_equal(read_back(tmp_path), heard)


def test_a_folder_that_was_taken_away_stops_it(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    for path in (tmp_path / SESSION / "sound").iterdir():
        path.unlink()
    with pytest.raises(OutputError, match=r"sound_000000000000\.wav: the file was removed"):
        keeper.handle(Sound(AudioBlock(sound(100), 100, 0.0)))
    keeper.close(None)


def test_sound_that_cannot_be_begun_names_its_folder(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    assert keeper.files == ()
    (tmp_path / SESSION).rename(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match=f"{SESSION} was taken away"):
        keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    assert keeper.files == (), "nothing was begun"
    keeper.close(None)


def test_a_late_fault_of_the_system_is_one_line_that_names_the_folder(tmp_path: Path) -> None:
    keeper = opened(tmp_path)
    keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    os.close(open_descriptor(sound_files(tmp_path / SESSION)[0].path))
    with pytest.raises(OutputError, match=r"/sound: Bad file descriptor"):
        keeper.handle(gap(100, 110))
    keeper.close(SUMMARY)


@pytest.mark.parametrize("removed", [False, True])
def test_a_file_that_took_its_head_and_no_sound_is_none(tmp_path: Path, *, removed: bool) -> None:
    keeper = opened(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (44, hard))
    try:
        with pytest.raises(OutputError, match="File too large"):
            keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    if removed:
        next((tmp_path / SESSION / "sound").iterdir()).unlink()
    assert keeper.recover()
    assert not keeper.files
    assert kept(tmp_path) == {}
    keeper.handle(Sound(AudioBlock(sound(100), 100, 0.0)))
    keeper.close(SUMMARY)
    assert keeper.files == (f"{tmp_path / SESSION}/",)
    assert list(kept(tmp_path)) == ["sound_000000000100.wav"]


def test_other_files_in_the_folder_are_none_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "sound").mkdir()
    for name in ("sound_1.wav", "sound_000000000000.flac", ".sound_000000000004.wav.part", "x.wav"):
        (tmp_path / "sound" / name).touch()
    assert sound_files(tmp_path) == ()
