"""WAV files that are whole at any moment, and exact."""

import os
import struct
import wave
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emotion.audio_io import AudioFile
from streamer.recordings.wav import WavFormat, WavWriter
from tests.session_material import sound

Subtype = Literal["PCM_16", "FLOAT"]


def read(path: Path) -> tuple[np.ndarray, int, str]:
    with soundfile.SoundFile(path) as file:
        return file.read(dtype="float32", always_2d=True), file.samplerate, file.subtype


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_samples_come_back_bit_for_bit(tmp_path: Path, subtype: Subtype, channels: int) -> None:
    samples = sound(1234, channels, whole_steps=subtype == "PCM_16")
    writer = WavWriter(tmp_path / "a.wav", WavFormat(44_100, channels, subtype))
    writer.append(samples[:1000])
    writer.append(samples[1000:])
    writer.close()
    back, rate, found = read(tmp_path / "a.wav")
    assert (rate, found) == (44_100, subtype)
    assert np.array_equal(back.view(np.int32), samples.view(np.int32))
    file = AudioFile(tmp_path / "a.wav")
    assert file.sample_format == subtype
    assert (file.num_samples, file.channels) == (1234, channels)
    assert np.array_equal(next(file.blocks(2000)), samples)


def test_every_step_of_16_bits_is_kept(tmp_path: Path) -> None:
    every = (np.arange(-32768, 32768) / 32768).astype(np.float32)[:, None]
    writer = WavWriter(tmp_path / "a.wav", WavFormat(8000, 1, "PCM_16"))
    writer.append(every)
    writer.close()
    assert np.array_equal(read(tmp_path / "a.wav")[0], every)


def test_what_is_beyond_16_bits_goes_to_full_scale() -> None:
    odd = np.array([1.0, 7.5, -2.5, 0.4 / 32768, 0.6 / 32768], dtype=np.float32)
    steps = struct.unpack("<5h", WavFormat(8000, 1, "PCM_16").encode(odd))
    assert steps == (32767, 32767, -32768, 0, 1)


@given(st.lists(st.integers(0, 300), max_size=8), st.sampled_from([("PCM_16", 1), ("FLOAT", 2)]))
def test_the_file_can_be_opened_after_each_append(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], kind: tuple[Subtype, int]
) -> None:
    subtype, channels = kind
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    samples = sound(sum(lengths), channels)
    writer = WavWriter(path, WavFormat(16_000, channels, subtype))
    at = 0
    for length in lengths:
        assert np.array_equal(read(path)[0], samples[:at])
        writer.append(samples[at : at + length])
        at += length
    assert np.array_equal(read(path)[0], samples)
    before = path.read_bytes()
    writer.close()
    assert path.read_bytes() == before
    assert WavFormat(16_000, channels, subtype).samples_in(len(before)) == len(samples)


def test_a_head_of_floats_has_the_fact_that_they_must_have() -> None:
    head = WavFormat(8000, 2, "FLOAT").head(77)
    assert head[38:50] == b"fact" + struct.pack("<II", 4, 77)
    assert head[50:] == b"data" + struct.pack("<I", 77 * 8)


def test_other_readers_agree_with_the_head(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav", WavFormat(22_050, 2, "PCM_16"))
    writer.append(sound(77, 2))
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getparams()[:4] == (2, 2, 22_050, 77)
    writer.close()
    riff_bytes = struct.unpack("<4xI", (tmp_path / "a.wav").read_bytes()[:8])[0]
    assert riff_bytes + 8 == (tmp_path / "a.wav").stat().st_size


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_a_new_file_tells_of_no_sound(tmp_path: Path, subtype: Subtype) -> None:
    writer = WavWriter(tmp_path / "a.wav", WavFormat(8000, 2, subtype))
    content = (tmp_path / "a.wav").read_bytes()
    assert content[-8:] == b"data" + struct.pack("<I", 0)
    assert struct.unpack("<I", content[4:8])[0] + 8 == len(content)
    writer.close()


def test_a_system_that_takes_little_at_once_is_given_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite
    writer = WavWriter(tmp_path / "a.wav", WavFormat(8000, 1, "PCM_16"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda file, content, at: pwrite(file, content[:7], at))
        writer.append(sound(100))
        writer.append(sound(100, seed=1))
    writer.close()
    assert np.array_equal(read(tmp_path / "a.wav")[0], np.concatenate([sound(100), sound(100, seed=1)]))


def test_what_an_append_left_behind_the_head_is_no_sound(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav", WavFormat(8000, 1, "PCM_16"))
    writer.append(sound(50))
    with (tmp_path / "a.wav").open("ab") as file:
        file.write(b"\1\2\3")
    assert np.array_equal(read(tmp_path / "a.wav")[0], sound(50))
    writer.close()
    assert (tmp_path / "a.wav").stat().st_size == 44 + 100


def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        WavWriter(tmp_path / "a.wav", WavFormat(8000, 1, "PCM_16"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
    assert (tmp_path / "a.wav").read_bytes() == b"mine"


def test_a_file_that_was_taken_away_is_noticed(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav", WavFormat(8000, 1, "PCM_16"))
    (tmp_path / "a.wav").unlink()
    with pytest.raises(FileNotFoundError, match=r"the file was removed: '.*a\.wav'"):
        writer.append(sound(5))
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.append(sound(5))
