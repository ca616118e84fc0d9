"""Real files of every kind: whole, odd, and cut."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.audio_file import AudioFile, read_mono
from emotion.errors import AudioFileError
from emotion.mixing import mix_down
from emotion.wav_header import data_chunk
from tests.audio_material import RATE, all_of, cut, noise, write


@pytest.mark.parametrize(
    ("form", "subtype", "expected"),
    [
        ("WAV", "PCM_16", ("PCM_16", 5e-5, "")),
        ("WAV", "PCM_U8", ("PCM_16", 1.5e-2, "8-bit")),
        ("WAV", "PCM_24", ("FLOAT", 1e-5, "24-bit")),
        ("WAV", "PCM_32", ("FLOAT", 1e-5, "32-bit")),
        ("WAV", "FLOAT", ("FLOAT", 0.0, "floating-point")),
        ("WAV", "DOUBLE", ("FLOAT", 0.0, "64-bit")),
        ("WAV", "ULAW", ("PCM_16", 2e-2, "µ-law")),
        ("WAV", "ALAW", ("PCM_16", 2e-2, "A-law")),
        ("FLAC", "PCM_16", ("PCM_16", 5e-5, "")),
        ("FLAC", "PCM_24", ("FLOAT", 1e-5, "24-bit")),
        ("AIFF", "PCM_16", ("PCM_16", 5e-5, "")),
        ("AIFF", "PCM_S8", ("PCM_16", 1.5e-2, "8-bit")),
        ("OGG", "VORBIS", ("FLOAT", None, "Vorbis")),
        ("OGG", "OPUS", ("FLOAT", None, "Opus")),
        ("MP3", "MPEG_LAYER_III", ("FLOAT", None, "MP3")),
        ("WAV", "GSM610", ("PCM_16", None, "GSM")),
    ],
)
def test_formats(tmp_path: Path, form: str, subtype: str, expected: tuple[str, float | None, str]) -> None:
    sample_format, tolerance, note = expected
    rate = 8000 if subtype == "GSM610" else RATE
    sound = noise(3 * 320 * 10)
    file = AudioFile(write(tmp_path / "sound.any", sound, subtype, form, rate))
    assert (file.sample_rate, file.channels, file.num_samples) == (rate, 1, len(sound))
    assert file.sample_format == sample_format
    read = all_of(file)
    assert read.shape == sound.shape
    assert read.dtype == np.float32
    if tolerance is not None:
        np.testing.assert_allclose(read, sound, atol=tolerance)
    else:
        assert np.std(read) == pytest.approx(0.1, rel=0.5)
    assert note in file.notes[0] if note else file.notes == (), file.notes
    kept = tmp_path / "kept.wav"
    soundfile.write(kept, read, rate, subtype=sample_format)
    np.testing.assert_array_equal(soundfile.read(kept, dtype="float32", always_2d=True)[0], read)


def test_ninety_six_khz_and_six_channels(tmp_path: Path) -> None:
    sound = noise(960, channels=6)
    clip = read_mono(write(tmp_path / "six.wav", sound, "FLOAT", rate=96_000))
    assert clip.sample_rate == 96_000
    assert "six channels mixed down to one" in clip.notes
    np.testing.assert_array_equal(clip.samples, mix_down(sound))


@settings(max_examples=30)
@given(block_samples=st.integers(1, 3000), channels=st.integers(1, 3))
def test_blocks_of_any_size_hold_the_same_sound(
    tmp_path_factory: pytest.TempPathFactory, block_samples: int, channels: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"blocks-{channels}"
    folder.mkdir(exist_ok=True)
    sound = noise(2500, channels)
    file = AudioFile(write(folder / "sound.wav", sound, "FLOAT"))
    blocks = list(file.blocks(block_samples))
    assert [len(block) for block in blocks[:-1]] == [block_samples] * (len(blocks) - 1)
    np.testing.assert_array_equal(np.concatenate(blocks), sound)
    mixed = np.concatenate([mix_down(block) for block in blocks])
    np.testing.assert_array_equal(mixed, read_mono(folder / "sound.wav").samples)


def test_blocks_begin_anew_each_time(tmp_path: Path) -> None:
    file = AudioFile(write(tmp_path / "sound.wav", noise(), "FLOAT"))
    next(file.blocks(10))
    np.testing.assert_array_equal(all_of(file), noise())


def test_non_finite_and_huge_samples_are_counted_by_pass(tmp_path: Path) -> None:
    sound = noise()
    sound[[3, 5_000, 15_999]] = [[np.nan], [np.inf], [-np.inf]]
    sound[[7, 8]] = [[1e38], [-2e6]]
    file = AudioFile(write(tmp_path / "marred.wav", sound, "FLOAT"))
    assert file.non_finite_samples == 0
    for _ in range(2):
        read = all_of(file)
        assert (file.non_finite_samples, file.huge_samples) == (3, 2)
    assert "non-finite samples taken as 0: 3" in file.notes
    assert "samples beyond ±1e6 cut to that: 2" in file.notes
    assert not read[[3, 5_000, 15_999]].any()
    np.testing.assert_array_equal(read[[7, 8], 0], np.array([1e6, -1e6], np.float32))
    assert read_mono(tmp_path / "marred.wav").notes == file.notes


def test_a_late_finite_sample_is_found(tmp_path: Path) -> None:
    sound = np.full((200_000, 1), np.nan, np.float32)
    sound[-1] = 0.5
    assert read_mono(write(tmp_path / "late.wav", sound, "FLOAT")).samples[-1] == 0.5


# Cut files.


@pytest.mark.parametrize(("subtype", "sample_bytes"), [("PCM_16", 2), ("PCM_24", 3)])
def test_a_truncated_wav_gives_its_whole_samples(tmp_path: Path, subtype: str, sample_bytes: int) -> None:
    sound = noise(48_000, channels=2)
    whole = write(tmp_path / "cut.wav", sound, subtype)
    whole_sound = all_of(AudioFile(whole))
    header_bytes = whole.stat().st_size - 48_000 * 2 * sample_bytes
    file = AudioFile(cut(whole, header_bytes + 12_000 * 2 * sample_bytes + 1))
    assert file.num_samples == 12_000
    assert "file is cut: 12 000 of 48 000 samples are there" in file.notes
    np.testing.assert_array_equal(all_of(file, 777), whole_sound[:12_000])


def test_a_truncated_gsm_wav_says_it_in_bytes(tmp_path: Path) -> None:
    whole = write(tmp_path / "cut.wav", noise(9600), "GSM610", rate=8000)
    size = whole.stat().st_size
    file = AudioFile(cut(whole, size - 650))
    assert file.num_samples == len(all_of(file)) < 9600
    assert [note for note in file.notes if note.startswith("file is cut") and "bytes" in note]


@pytest.mark.parametrize(("form", "subtype"), [("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III")])
@pytest.mark.parametrize("block_samples", [333, 50_000])
def test_truncated_coded_files_never_promise_too_much(
    tmp_path: Path, form: str, subtype: str, block_samples: int, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = write(tmp_path / "cut.any", noise(64_000, channels=2), subtype, form)
    whole_sound = all_of(AudioFile(whole))
    file = AudioFile(cut(whole, whole.stat().st_size // 2))
    assert 16_000 < file.num_samples < 48_000
    read = all_of(file, block_samples)
    assert len(read) == file.num_samples
    np.testing.assert_allclose(read[:8000], whole_sound[:8000], atol=1e-6)
    assert [note for note in file.notes if "of 64 000 samples are there" in note]
    capfd.readouterr()  # the MP3 decoder writes its own remarks to standard error


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000])
def test_a_wav_from_a_pipe_that_knew_no_length(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "piped.wav", noise(1000))
    raw = bytearray(path.read_bytes())
    start = raw.index(b"data") + 4
    raw[start : start + 4] = struct.pack("<I", size)
    path.write_bytes(raw)
    file = AudioFile(path)
    assert file.num_samples == 1000
    np.testing.assert_allclose(all_of(file), noise(1000), atol=5e-5)
    assert file.notes == ()


@pytest.mark.parametrize(
    "chunks",
    [
        b"",
        b"fmt ",
        b"data\x10\x00\x00\x00",
        b"fmt \x04\x00\x00\x00abcd" + b"data\x10\x00\x00\x00",
        b"LIST\x00\x00\x00\x00" * 2_000 + b"data\x10\x00\x00\x00",
        b"LIST\xff\xff\xff\xff" + bytes(100),
    ],
)
def test_a_header_that_tells_nothing(tmp_path: Path, chunks: bytes) -> None:
    (tmp_path / "odd.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE" + chunks)
    assert data_chunk(tmp_path / "odd.wav") is None


def test_chunks_of_odd_length_are_padded(tmp_path: Path) -> None:
    fmt = b"fmt \x10\x00\x00\x00" + struct.pack("<HHIIHH", 1, 2, RATE, 4 * RATE, 4, 16)
    odd = b"LIST\x03\x00\x00\x00abc\x00"
    (tmp_path / "odd.wav").write_bytes(
        b"RIFF\x00\x00\x00\x00WAVE" + odd + fmt + b"data\x64\x00\x00\x00" + bytes(10)
    )
    assert data_chunk(tmp_path / "odd.wav") == (100, 10, 4)


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "sound.wav", noise())
    file = AudioFile(path)
    cut(path, 1044)
    with pytest.raises(AudioFileError, match="early: it changed"):
        all_of(file)


# What is no recording.
