"""The sound of a recorded session is read back as it was analysed, and no file is trusted."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.errors import AudioFileError
from emotion.signal import mix_down
from streamer.events import Gap, Sound
from streamer.leg_plan import LegPlan
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.recordings.moment_limits import MomentLimits
from streamer.recordings.moments import MomentRecorder
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder
from streamer.recordings.sound_reader import KeptSound, LegSound
from streamer.recordings.wav import WavFormat
from streamer.session_info import SessionInfo
from streamer.sinks.base import Sink
from tests.session_material import SUMMARY, blocks, facts, silent_row, sound, speech_row

SIDES = (LegPlan("left", channel=0), LegPlan("right", channel=1))


def recorded(
    out_dir: Path, info: SessionInfo, make_sink: Callable[[SessionFolder], Sink], heard: Samples
) -> Path:
    """Record two pieces of sound with a gap of 100 samples between them, and windows of it."""
    folder = SessionFolder(out_dir)
    sink = make_sink(folder)
    sink.open(info)
    for first_sample, piece in ((0, heard[:450]), (550, heard[550:])):
        if first_sample:
            sink.handle(Gap(0.45, 0.55, 450, 550, leg=info.legs[-1].name, cause="drop", estimated=False))
        for block in blocks(piece, range(50, len(piece), 50), first_sample):
            sink.handle(Sound(block))
            for window in range((block.end_sample - 200) // 50, (block.end_sample - 200) // 50 + 1):
                if window >= 0 and 50 * window >= first_sample:
                    row = speech_row(window) if window else silent_row(window)
                    sink.handle(replace(row, leg=info.legs[-1].name))
    sink.close(SUMMARY)
    return folder.path


def whole(folder: SessionFolder) -> Sink:
    return SessionAudio(folder, max_file_bytes=44 + 2 * 200)


def clips(folder: SessionFolder) -> Sink:
    return ClipRecorder(folder, ClipRule.parse("speech"))


def moments(folder: SessionFolder) -> Sink:
    return MomentRecorder(folder, ClipRule.parse("speech"), MomentLimits(0.05, 0.4))


def opened(folder: Path, info: SessionInfo, leg: str = "mono") -> LegSound:
    found = LegSound.open(folder, info, leg)
    assert found is not None
    return found


@pytest.mark.parametrize("sample_format", ["PCM_16", "FLOAT"])
@pytest.mark.parametrize("kind", [whole, clips, moments])
@pytest.mark.parametrize("legs", [SIDES, (LegPlan("both"),), (replace(SIDES[0], analysed=False), SIDES[1])])
def test_each_leg_has_its_own_sound_bit_for_bit(
    tmp_path: Path,
    legs: tuple[LegPlan, ...],
    kind: Callable[[SessionFolder], Sink],
    sample_format: Literal["PCM_16", "FLOAT"],
) -> None:
    heard = sound(1000, 2, whole_steps=sample_format == "PCM_16")
    info = facts(channels=2, legs=legs, sample_format=sample_format)
    kept = heard[:, [leg.channel for leg in legs if leg.analysed and leg.channel is not None] or [0, 1]]
    folder = recorded(tmp_path, info, kind, kept)
    leg = legs[-1]
    read = opened(folder, info, leg.name)
    expected = mix_down(heard if leg.channel is None else heard[:, leg.channel : leg.channel + 1])
    assert read.is_whole == (kind is whole)
    assert read.sample_rate == 1000
    for start, end in ((60, 430), (150, 151), (600, 900)):
        samples = read.read(start, end)
        assert samples is not None
        assert np.array_equal(samples, expected[start:end])


def test_a_span_that_is_not_all_there_is_not_read(tmp_path: Path) -> None:
    info = facts()
    folder = recorded(tmp_path, info, whole, sound(1000))
    read = opened(folder, info)
    assert read.spans == ((0, 450), (550, 1000))
    assert read.read(400, 450) is not None
    for start, end in ((400, 451), (500, 560), (900, 1001), (-1, 10), (10, 10), (20, 10), (2000, 2001)):
        assert read.read(start, end) is None


def test_clips_cover_only_what_was_kept(tmp_path: Path) -> None:
    info = facts()
    folder = recorded(tmp_path, info, clips, sound(1000))
    read = opened(folder, info)
    assert read.spans == ((50, 450), (550, 1000))
    assert read.read(0, 100) is None


SIGNAL = sound(900)


@pytest.fixture(scope="module")
def in_pieces(tmp_path_factory: pytest.TempPathFactory) -> LegSound:
    """Sound in files of 200 samples."""
    keeper = whole(folder := SessionFolder(tmp_path_factory.mktemp("pieces")))
    keeper.open(facts())
    for block in blocks(SIGNAL, [130, 470]):
        keeper.handle(Sound(block))
    keeper.close(SUMMARY)
    return opened(folder.path, facts())


@given(st.integers(0, 899), st.integers(1, 900))
@settings(max_examples=60)
def test_any_span_is_a_cut_of_the_whole(in_pieces: LegSound, start: int, length: int) -> None:
    end = min(900, start + length)
    samples = in_pieces.read(start, end)
    assert samples is not None
    assert np.array_equal(samples, SIGNAL[start:end, 0])


def test_of_a_leg_without_sound_there_is_none(tmp_path: Path) -> None:
    info = facts(channels=2, legs=(SIDES[0], replace(SIDES[1], analysed=False)))
    folder = recorded(tmp_path, info, whole, sound(1000))
    assert LegSound.open(folder, info, "left") is not None
    assert LegSound.open(folder, info, "right") is None
    assert LegSound.open(folder, info, "nobody") is None
    assert LegSound.open(tmp_path / "nowhere", info, "left") is None
    (tmp_path / "empty").mkdir()
    assert LegSound.open(tmp_path / "empty", info, "left") is None


def test_two_rows_of_an_index_for_one_clip_that_was_deleted_lead_to_nothing(tmp_path: Path) -> None:
    info = facts()
    folder = recorded(tmp_path, info, clips, sound(1000))
    for clip in (folder / "clips").rglob("*.wav"):
        clip.unlink()
    assert opened(folder, info).read(100, 200) is None


def spoil(path: Path, how: str) -> None:
    content = path.read_bytes()
    path.unlink()
    if how == "link":
        elsewhere = path.parents[2] / "elsewhere.wav"
        elsewhere.write_bytes(content)
        path.symlink_to(elsewhere)
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "folder":
        path.mkdir()
    elif how == "short":
        path.write_bytes(content[:-2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "other rate":
        path.write_bytes(content[:24] + (8000).to_bytes(4, "little") + content[28:])
    elif how == "huge":
        path.write_bytes(content[:40] + (2**32 - 2).to_bytes(4, "little") + content[44:])
    else:
        path.write_bytes(b"\xff" * len(content))


SPOILED = ("link", "pipe", "folder", "short", "empty", "other rate", "huge", "noise")


@pytest.mark.parametrize("how", SPOILED)
@pytest.mark.parametrize("kind", [whole, clips, moments])
def test_files_that_are_not_callmoods_are_not_read(
    tmp_path: Path, kind: Callable[[SessionFolder], Sink], how: str
) -> None:
    info = facts()
    folder = recorded(tmp_path, info, kind, sound(1000))
    for path in sorted(folder.rglob("*.wav")):
        spoil(path, how)
    read = LegSound.open(folder, info, "mono")
    assert read is None or read.read(100, 150) is None


def test_a_file_that_changes_during_a_replay_ends_it_with_its_name(tmp_path: Path) -> None:
    folder = recorded(tmp_path, facts(), whole, sound(1000))
    kept = KeptSound.open(folder, facts(), 0)
    assert kept is not None
    replayed = kept.blocks(5)
    assert next(replayed)[0] == 0
    last = sorted((folder / "sound").glob("*.wav"))[-1]
    spoil(last, "short")
    with pytest.raises(AudioFileError, match=f"{last.name} has changed or cannot be read any more, from"):
        list(replayed)


def test_a_file_in_which_no_sample_came_is_not_told_of(tmp_path: Path) -> None:
    folder = recorded(tmp_path, facts(), whole, sound(1000))
    head = WavFormat(1000, 1, "PCM_16").head(0)
    (folder / "sound" / "sound_000000001000.wav").write_bytes(head)
    kept = KeptSound.open(folder, facts(), 0)
    assert kept is not None
    assert kept.notes == []
    (folder / "sound" / "sound_000000001001.wav").write_bytes(b"noise")
    kept = KeptSound.open(folder, facts(), 0)
    assert kept is not None
    assert kept.notes == ["1 of the files of its sound cannot be read and are left out"]


@pytest.mark.parametrize(
    "file",
    [
        "/etc/passwd",
        "../elsewhere.wav",
        "clips/../../elsewhere.wav",
        "clips",
        "",
        "clips//x.wav",
        "clips/\0.wav",
    ],
)
def test_an_index_leads_nowhere_else(tmp_path: Path, file: str) -> None:
    info = facts()
    folder = recorded(tmp_path, info, clips, sound(1000))
    source = next((folder / "clips").rglob("*.wav"))
    (tmp_path / "elsewhere.wav").write_bytes(source.read_bytes())
    (folder / "index.csv").write_text(f"start,end,leg,file\n0,0.2,mono,{file}\n")
    read = LegSound.open(folder, info, "mono")
    assert read is None or read.read(0, 100) is None


@pytest.mark.parametrize(
    "index",
    [
        "",
        "start,end\n0,1\n",
        'start,end,leg,file\n"0,',
        "start,end,leg,file\nnan,1,mono,clips/a.wav\n0,inf,mono,clips/a.wav\n1,0,mono,clips/a.wav\n0\n",
        "start,end,leg,file\n0,1e11,mono,clips/a.wav\n",
    ],
)
def test_a_damaged_index_is_as_none(tmp_path: Path, index: str) -> None:
    info = facts()
    folder = recorded(tmp_path, info, clips, sound(1000))
    (folder / "index.csv").write_text(index)
    read = LegSound.open(folder, info, "mono")
    assert read is None or read.read(0, 100) is None
