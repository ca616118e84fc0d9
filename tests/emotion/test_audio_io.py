"""Recordings in blocks: the same sound whatever the block size; spoiled files are refused."""

import io
import os
import shlex
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.audio_io import AudioFile, read_mono
from emotion.audio_layout import longest_text, sound_bytes
from emotion.errors import AudioFileError
from emotion.signal import mix_down
from tests.audio_material import RATE, all_of, cut, noise, write
from tests.spoiling import little_memory


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


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("WAV", "MS_ADPCM"),
        ("FLAC", "PCM_24"),
        ("AIFF", "PCM_16"),
        ("CAF", "ALAC_16"),
        ("OGG", "OPUS"),
        ("OGG", "VORBIS"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
def test_from_any_place_on_the_samples_are_those_of_the_whole(
    tmp_path: Path, form: str, subtype: str
) -> None:
    file = AudioFile(write(tmp_path / "sound.any", noise(150_000, 2), subtype, form))
    whole = all_of(file)
    for first in (1, 4_097, 70_001, file.num_samples - 1):
        read = np.concatenate(list(file.blocks(50_000, first)))
        np.testing.assert_array_equal(read, whole[first:])
    assert list(file.blocks(10, file.num_samples)) == []


def test_what_is_passed_over_can_be_cancelled(tmp_path: Path) -> None:
    file = AudioFile(write(tmp_path / "sound.mp3", noise(150_000), "MPEG_LAYER_III", "MP3"))
    answers = iter([False, True])
    assert list(file.blocks(1000, 140_000, lambda: next(answers))) == []
    assert list(answers) == []


def test_a_jump_counts_on_and_a_new_pass_begins_anew(tmp_path: Path) -> None:
    sound = noise()
    sound[[3, 15_999]] = np.nan
    file = AudioFile(write(tmp_path / "marred.wav", sound, "FLOAT"))
    next(file.blocks(10))
    list(file.blocks(10_000, 10_000))
    assert file.non_finite_samples == 2
    next(file.blocks(10))
    assert file.non_finite_samples == 1


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
    assert capfd.readouterr().err == "", "what the MP3 decoder prints is in the note"


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
    ("form", "subtype", "endian", "sample_bytes"),
    [
        ("WAV", "FLOAT", "FILE", 4),
        ("WAV", "PCM_24", "BIG", 3),
        ("WAVEX", "PCM_16", "FILE", 2),
        ("RF64", "PCM_24", "FILE", 3),
        ("W64", "PCM_16", "FILE", 2),
        ("AIFF", "PCM_16", "FILE", 2),
        ("AIFF", "PCM_16", "LITTLE", 2),
        ("AIFF", "FLOAT", "FILE", 4),
        ("AU", "ULAW", "FILE", 1),
        ("AU", "PCM_16", "LITTLE", 2),
    ],
)
def test_whatever_tells_its_length_is_known_to_be_cut(
    tmp_path: Path, form: str, subtype: str, endian: str, sample_bytes: int
) -> None:
    path = tmp_path / "sound.any"
    soundfile.write(path, noise(8_000, 2), RATE, subtype, endian, form)
    assert not [note for note in AudioFile(path).notes if "cut" in note]
    file = AudioFile(cut(path, path.stat().st_size - 3_000 * 2 * sample_bytes))
    (note,) = [note for note in file.notes if "cut" in note]
    assert note == f"file is cut: {file.num_samples:,} of 8,000 samples are there".replace(",", " ")
    assert 4_900 < file.num_samples <= 5_000
    np.testing.assert_array_equal(all_of(file).shape, (file.num_samples, 2))


@pytest.mark.parametrize("form", ["wav", "aiff", "au"])
def test_what_sox_wrote_into_a_pipe_is_not_called_cut(tmp_path: Path, form: str) -> None:
    order = ["sox", "-D", "-R", "-n", "-r", "16000", "-b", "16", "-t", form, "-", "synth", "1", "sine", "300"]
    done = subprocess.run(["bash", "-c", shlex.join(order) + " | cat"], capture_output=True, check=True)
    (tmp_path / "piped").write_bytes(done.stdout)
    file = AudioFile(tmp_path / "piped")
    assert (file.num_samples, file.notes) == (RATE, ())


def test_a_flac_file_from_a_pipe_knows_no_length(tmp_path: Path) -> None:
    path = write(tmp_path / "piped.flac", noise(30_000), form="FLAC")
    raw = bytearray(path.read_bytes())
    raw[21] &= 0xF0
    raw[22:26] = bytes(4)
    path.write_bytes(raw)
    file = AudioFile(path)
    assert (file.num_samples, file.notes) == (30_000, ())
    np.testing.assert_array_equal(np.concatenate(list(file.blocks(1000, 25_001))), all_of(file)[25_001:])


DS64 = b"ds64\x10\0\0\0" + bytes(8) + (2**32 + 5).to_bytes(8, "little")


def _w64(name: bytes, size: int) -> bytes:
    return name.ljust(16, b"-") + size.to_bytes(8, "little")


FMT = b"fmt \x10\0\0\0" + struct.pack("<HHIIHH", 1, 2, RATE, 4 * RATE, 4, 16)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", None),
        (b"RIFF\0\0\0\0WAVE" + b"fmt ", None),
        (b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * 2_000 + b"data\x10\0\0\0", None),
        (b"RIFF\0\0\0\0WAVE" + b"LIST\xff\xff\xff\xff" + bytes(100), None),
        (b"RIFF\0\0\0\0WAVE" + FMT + b"data\x64\0\0\0" + bytes(10), (100, 10)),
        (b"RIFF\0\0\0\0WAVE" + b"LIST\x03\0\0\0abc\0" + b"data\x64\0\0\0" + bytes(10), (100, 10)),
        (b"RF64\xff\xff\xff\xffWAVE" + b"data\xff\xff\xff\xff" + bytes(10), None),
        (b"RF64\xff\xff\xff\xffWAVEds64\x10\0\0\0" + bytes(8) + b"\0\0\0\0\x01\0\0\0", None),
        (b"FORM\0\0\0\0AIFFSSND\0\0\0\x6c" + bytes(18), (100, 10)),
        (b"FORM\0\0\0\0AIFFSSND\0\0\0\x04" + bytes(18), None),
        (b"riff" + bytes(36) + b"data" + bytes(12) + (24).to_bytes(8, "little"), None),
        (b"riff" + bytes(36) + b"data" + bytes(12) + (1).to_bytes(8, "little"), None),
        (b".snd\xff\xff\xff\xff\0\0\0\x64" + bytes(12), (100, 0)),
        (b".snd\0\0\0\x18\xff\xff\xff\xff" + bytes(12), None),
        (b".snd\0\0\0\x18\0\0\0\x64" + bytes(22), (100, 10)),
        (b".snd\x01\0\0\x18\0\0\0\x64" + bytes(22), (100, 0)),
        (b"dns.\x18\0\0\0\x64\0\0\0" + bytes(22), (100, 10)),
        (b"snd.\x18\0\0\0\x64\0\0\0" + bytes(22), None),
        (b"RIFF\0\0\0\0AVI " + b"data\x64\0\0\0" + bytes(10), None),
        (b"RIFF\0\0\0\0WAVE" + b"data\0\0\0\0" + bytes(10), None),
        (b"RIFF\0\0\0\0WAVE" + b"data\x01\0\0\0" + bytes(10), (1, 1)),
        (b"RIFF\0\0\0\0WAVE" + b"data\x64\0\0\0", (100, 0)),
        (b"RIFX\0\0\0\0WAVE" + b"LIST\0\0\0\x01ab" + b"data\0\0\0\x64" + bytes(10), (100, 10)),
        (b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * 999 + b"data\x64\0\0\0" + bytes(10), (100, 10)),
        (b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * 1_000 + b"data\x64\0\0\0" + bytes(10), None),
        (b"RF64\xff\xff\xff\xffWAVE" + DS64 + b"data\xff\xff\xff\xff" + bytes(9), (2**32 + 5, 9)),
        (b"RF64\xff\xff\xff\xffWAVE" + DS64 + b"data\x64\0\0\0" + bytes(9), (100, 9)),
        (b"FORM\0\0\0\0AIFCCOMM\0\0\0\x02abSSND\0\0\0\x6c" + bytes(18), (100, 10)),
        (b"FORM\0\0\0\0AIFFSSND\x7e\xff\xfe\xff" + bytes(18), (0x7EFFFEF7, 10)),
        (b"FORM\0\0\0\0AIFFSSND\x7e\xff\xff\0" + bytes(18), None),
        (b"FORM\0\0\0\0AIFFSSND\x7f\0\0\xff" + bytes(18), None),
        (b"FORM\0\0\0\0AIFFSSND\x7f\0\x01\0" + bytes(18), (0x7F0000F8, 10)),
        (b"RIFF\0\0\0\0WAVE" + b"data\0\xff\xff\x7e" + bytes(10), (0x7EFFFF00, 10)),
        (b"riff" + bytes(36) + _w64(b"fact", 25) + bytes(8) + _w64(b"data", 124) + bytes(10), (100, 10)),
        (b"riff" + bytes(36) + _w64(b"fact", 32) + bytes(8) + _w64(b"data", 124) + bytes(10), (100, 10)),
        (b"riff" + bytes(36) + _w64(b"data", 2**63 - 1) + bytes(10), None),
        (b"riff" + bytes(36) + _w64(b"data", 25), (1, 0)),
    ],
    ids=str,
)
def test_headers(head: bytes, expected: tuple[int, int] | None, tmp_path: Path) -> None:
    for start in (0, 7):
        (tmp_path / "odd").write_bytes(bytes(start) + head)
        with (tmp_path / "odd").open("rb") as file:
            assert sound_bytes(file, start) == expected
            assert start or sound_bytes(file) == expected


def _caf(*chunks: tuple[bytes, int]) -> bytes:
    return b"caff\0\1\0\0" + b"".join(
        name + size.to_bytes(8, "big") + bytes(min(size, 99)) for name, size in chunks
    )


@pytest.mark.parametrize(
    ("content", "num_bytes"),
    [
        (_caf((b"desc", 32), (b"info", 7), (b"info", 9), (b"info", 3), (b"data", 20)), 9),
        (_caf((b"info", 2**40), (b"info", 2**50)), 2**40),
        (_caf((b"desc", 32), (b"data", 20)), 0),
        (_caf(), 0),
        (_caf((b"info", 7)).replace(b"caff", b"RIFF"), 0),
        (b"", 0),
    ],
    ids=["the longest", "beyond the end", "no text", "empty", "another format", "nothing"],
)
def test_how_much_text_a_caf_file_holds(content: bytes, num_bytes: int, tmp_path: Path) -> None:
    for start in (0, 7):
        (tmp_path / "odd").write_bytes(bytes(start) + content)
        with (tmp_path / "odd").open("rb") as file:
            assert longest_text(file, start) == num_bytes
            assert start or longest_text(file) == num_bytes


@pytest.mark.parametrize(
    "head",
    [
        b"RIFF\0\0\0\0WAVE" + b"data\0\0\0\x01",
        b"RF64\xff\xff\xff\xffWAVE" + DS64 + b"data\0\0\0\x01",
        b".snd\0\0\0\x18\x01\0\0\0" + bytes(12),
        _caf((b"info", 9)),
    ],
    ids=["wav", "rf64", "au", "caf"],
)
def test_of_a_large_file_the_headers_alone_are_read(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "large").write_bytes(head)
    os.truncate(tmp_path / "large", 100 << 20)
    with (tmp_path / "large").open("rb") as file, little_memory(1_000_000):
        announced = None if head[:4] == b"caff" else (1 << 24, 1 << 24)
        assert sound_bytes(file) == announced
        assert longest_text(file) == (0 if announced else 9)


@pytest.mark.parametrize(
    ("num_bytes", "words"),
    [
        (1 << 20, "is no recording that can be read"),  # libsndfile is asked
        ((1 << 20) + 1, "has more than 1 MB of tags or pictures; export it without them"),
    ],
)
def test_a_caf_file_of_more_than_a_megabyte_of_text_is_not_opened(
    tmp_path: Path, num_bytes: int, words: str
) -> None:
    path = tmp_path / "sound.caf"
    for tag in (b"", b"ID3\3" + bytes(6)):
        path.write_bytes(tag + _caf((b"info", num_bytes)) + bytes(num_bytes))
        with pytest.raises(AudioFileError) as refused:
            AudioFile(path)
        assert str(refused.value).startswith(f"{path} {words}")


# Several streams in one file.


def _ogg(num_samples: int, seed: int, rate: int = RATE, subtype: str = "VORBIS") -> tuple[bytes, Samples]:
    """Give an Ogg file, and its samples alone."""
    sound = 0.1 * np.random.default_rng(seed).standard_normal((num_samples, 1))
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format="OGG", subtype=subtype)
    return file.getvalue(), soundfile.read(io.BytesIO(file.getvalue()), dtype="float32", always_2d=True)[0]


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_chained_streams_are_read_in_order(tmp_path: Path, subtype: str) -> None:
    (first, samples), (second, other_samples) = (
        _ogg(20_000, 1, subtype=subtype),
        _ogg(9_001, 2, subtype=subtype),
    )
    (tmp_path / "chain.ogg").write_bytes(first + second + first)
    file = AudioFile(tmp_path / "chain.ogg")
    assert file.num_samples == 49_001
    assert len(file.notes) == 1, "nothing is missing"
    blocks = list(file.blocks(4_000))
    assert [len(block) for block in blocks] == [4_000] * 12 + [1_001]
    whole = np.concatenate([samples, other_samples, samples])
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    for place in (19_999, 20_000, 25_000, 29_001):
        np.testing.assert_array_equal(np.concatenate(list(file.blocks(4_000, place))), whole[place:])


def test_chained_streams_that_do_not_fit_are_left_out_and_said(tmp_path: Path) -> None:
    first, slow, last = _ogg(20_000, 1)[0], _ogg(9_000, 2, rate=8_000)[0], _ogg(5_000, 3)[0]
    (tmp_path / "chain.ogg").write_bytes(first + slow + last[:300] + last)
    file = AudioFile(tmp_path / "chain.ogg")
    assert len(all_of(file)) == file.num_samples == 25_000
    assert file.notes[1:] == ("2 of 4 chained parts are not heard: part 2 has 8000 Hz and 1 channels, ...",)


def test_a_chain_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chain.ogg").write_bytes(_ogg(10, 1)[0] * 501)
    with pytest.raises(AudioFileError, match="chain of more than 500 streams; convert"):
        AudioFile(tmp_path / "chain.ogg")


# MP3.


def test_an_mp3_is_the_same_in_blocks_of_any_size_and_its_decoder_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seconds = np.arange(10 * RATE) / RATE
    bursts = 0.3 * np.sin(2 * np.pi * 200 * seconds) * (np.sin(3 * seconds) > 0)
    sound = bursts.astype(np.float32)[:, np.newaxis] + noise(len(seconds))
    file = AudioFile(write(tmp_path / "call.mp3", sound, "MPEG_LAYER_III", "MP3"))
    whole = all_of(file, file.num_samples)
    for block_samples in (777, 4_000):
        np.testing.assert_array_equal(all_of(file, block_samples), whole)
    assert capfd.readouterr().err == ""


def _mp3(path: Path, seconds: int, seed: int) -> tuple[bytes, Samples]:
    """Give an MP3 of varying bit rate, which begins with a frame that tells its length, and its sound."""
    sound = np.random.default_rng(seed).standard_normal((seconds, RATE)) * 0.1
    sound[seconds // 3 : seconds // 2] = 0
    write(path, sound.reshape(-1, 1).astype(np.float32), "MPEG_LAYER_III", "MP3")
    return path.read_bytes(), all_of(AudioFile(path))


@pytest.mark.parametrize(
    ("before", "after"), [(b"", b""), (b"ID3\3\0\0\0\0\2\0" + bytes(256), b"TAG" + bytes(125))]
)
def test_chained_mp3s_are_all_read(tmp_path: Path, before: bytes, after: bytes) -> None:
    (first, samples), (second, other_samples) = _mp3(tmp_path / "1.mp3", 3, 1), _mp3(tmp_path / "2.mp3", 4, 2)
    (tmp_path / "both.mp3").write_bytes(before + first + after + before + second + after)
    file = AudioFile(tmp_path / "both.mp3")
    assert (file.num_samples, file.notes) == (7 * RATE, ("converted from MP3",))
    np.testing.assert_array_equal(all_of(file, 777), np.concatenate([samples, other_samples]))


@pytest.mark.parametrize("announced", [None, 5])
def test_an_mp3_with_no_length_or_a_wrong_one_is_read_to_its_end(
    tmp_path: Path, announced: int | None
) -> None:
    raw, samples = _mp3(tmp_path / "announced.mp3", 12, 3)
    at = max(raw.find(b"Info"), raw.find(b"Xing"))
    second = raw.index(raw[:2], at)
    unannounced = (
        raw[second:] if announced is None else raw[: at + 8] + announced.to_bytes(4, "big") + raw[at + 12 :]
    )
    (tmp_path / "unannounced.mp3").write_bytes(unannounced)
    file = AudioFile(tmp_path / "unannounced.mp3")
    assert 0 <= file.num_samples - len(samples) < 3 * 576, "and what an encoder adds at either end"
    assert file.notes == ("converted from MP3",)
    assert len(all_of(file)) == file.num_samples


# A file that changes.


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "sound.wav", noise())
    file = AudioFile(path)
    cut(path, 1044)
    with pytest.raises(AudioFileError, match="early: it changed"):
        all_of(file)


@pytest.mark.parametrize(("channels", "rate"), [(1, RATE), (2, 8_000)])
def test_a_file_that_is_replaced_by_another_kind(tmp_path: Path, channels: int, rate: int) -> None:
    path = write(tmp_path / "sound.wav", noise(channels=2))
    file = AudioFile(path)
    write(path, noise(channels=channels), rate=rate)
    with pytest.raises(AudioFileError, match=r"changed while it was read: it had 16000 Hz, 2 channels"):
        all_of(file)


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root reads everything; somebody else does not."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_no_right_to_read(tmp_path: Path) -> None:
    path = write(tmp_path / "secret.wav", noise())
    path.chmod(0)
    with _as_nobody(), pytest.raises(AudioFileError, match=r"secret\.wav cannot be opened .*rights"):
        AudioFile(path)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"call\.wav is not there"):
        AudioFile(tmp_path / "call.wav")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="is a folder"):
        AudioFile(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(AudioFileError, match="no regular file"):
        AudioFile(tmp_path / "pipe.wav")


def test_a_name_that_cannot_be() -> None:
    with pytest.raises(AudioFileError, match="no file name"):
        AudioFile("a\0b.wav")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no recording that can be read"),
        (b"Dear caller, this is no sound.\n" * 50, "no recording that can be read"),
        (b"RIFF\x24\x00\x00\x00WAVE", "no recording that can be read"),
    ],
)
def test_text_or_a_cut_header(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "call.wav").write_bytes(content)
    with pytest.raises(AudioFileError, match=rf"call\.wav is {words} .*give a WAV"):
        AudioFile(tmp_path / "call.wav")


def test_a_real_header_cut_short(tmp_path: Path) -> None:
    path = cut(write(tmp_path / "call.wav", noise()), 30)
    with pytest.raises(AudioFileError, match="no recording that can be read"):
        AudioFile(path)


def test_raw_samples_say_nothing_of_themselves(tmp_path: Path) -> None:
    (tmp_path / "call.raw").write_bytes(bytes(1000))
    with pytest.raises(AudioFileError, match=r"call\.raw has no header"):
        AudioFile(tmp_path / "call.raw")


def test_no_samples(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="holds no samples"):
        AudioFile(write(tmp_path / "empty.wav", noise(0)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_only_non_finite_samples(tmp_path: Path, value: float) -> None:
    with pytest.raises(AudioFileError, match="48000 samples and not one finite"):
        AudioFile(write(tmp_path / "nan.wav", np.full((48_000, 1), value, np.float32), "FLOAT"))


@pytest.mark.parametrize("rate", [3_999, 384_001])
def test_odd_rates(tmp_path: Path, rate: int) -> None:
    with pytest.raises(AudioFileError, match=f"{rate} Hz"):
        AudioFile(write(tmp_path / "odd.wav", noise(100), rate=rate))


@settings(max_examples=150)
@given(data=st.data())
def test_any_spoiled_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "fuzzed.wav", noise(500, 2), "PCM_16")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, 43))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    with suppress(AudioFileError):
        file = AudioFile(path)
        assert len(all_of(file)) == file.num_samples
