"""Real files of every kind, whole, odd, cut and none at all."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.audio_file import AudioFile, read_mono
from emotion.errors import AudioFileError
from emotion.mixing import mix_down
from emotion.wav_header import data_chunk

RATE = 16_000


def _sound(num_samples: int = RATE, channels: int = 1) -> Samples:
    rng = np.random.default_rng(7)
    return (0.1 * rng.standard_normal((num_samples, channels))).astype(np.float32)


def _write(
    path: Path, samples: Samples, subtype: str = "PCM_16", form: str = "WAV", rate: int = RATE
) -> Path:
    soundfile.write(path, samples, rate, subtype=subtype, format=form)
    return path


def _all(file: AudioFile, block_samples: int = 1000) -> Samples:
    return np.concatenate(list(file.blocks(block_samples)))


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
    sound = _sound(3 * 320 * 10)
    file = AudioFile(_write(tmp_path / "sound.any", sound, subtype, form, rate))
    assert (file.sample_rate, file.channels, file.num_samples) == (rate, 1, len(sound))
    assert file.sample_format == sample_format
    read = _all(file)
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
    sound = _sound(960, channels=6)
    clip = read_mono(_write(tmp_path / "six.wav", sound, "FLOAT", rate=96_000))
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
    sound = _sound(2500, channels)
    file = AudioFile(_write(folder / "sound.wav", sound, "FLOAT"))
    blocks = list(file.blocks(block_samples))
    assert [len(block) for block in blocks[:-1]] == [block_samples] * (len(blocks) - 1)
    np.testing.assert_array_equal(np.concatenate(blocks), sound)
    mixed = np.concatenate([mix_down(block) for block in blocks])
    np.testing.assert_array_equal(mixed, read_mono(folder / "sound.wav").samples)


def test_blocks_begin_anew_each_time(tmp_path: Path) -> None:
    file = AudioFile(_write(tmp_path / "sound.wav", _sound(), "FLOAT"))
    next(file.blocks(10))
    np.testing.assert_array_equal(_all(file), _sound())


def test_non_finite_and_huge_samples_are_counted_by_pass(tmp_path: Path) -> None:
    sound = _sound()
    sound[[3, 5_000, 15_999]] = [[np.nan], [np.inf], [-np.inf]]
    sound[[7, 8]] = [[1e38], [-2e6]]
    file = AudioFile(_write(tmp_path / "marred.wav", sound, "FLOAT"))
    assert file.non_finite_samples == 0
    for _ in range(2):
        read = _all(file)
        assert (file.non_finite_samples, file.huge_samples) == (3, 2)
    assert "non-finite samples taken as 0: 3" in file.notes
    assert "samples beyond ±1e6 cut to that: 2" in file.notes
    assert not read[[3, 5_000, 15_999]].any()
    np.testing.assert_array_equal(read[[7, 8], 0], np.array([1e6, -1e6], np.float32))
    assert read_mono(tmp_path / "marred.wav").notes == file.notes


def test_a_late_finite_sample_is_found(tmp_path: Path) -> None:
    sound = np.full((200_000, 1), np.nan, np.float32)
    sound[-1] = 0.5
    assert read_mono(_write(tmp_path / "late.wav", sound, "FLOAT")).samples[-1] == 0.5


# Cut files.


def _cut(path: Path, num_bytes: int) -> Path:
    path.write_bytes(path.read_bytes()[:num_bytes])
    return path


@pytest.mark.parametrize(("subtype", "sample_bytes"), [("PCM_16", 2), ("PCM_24", 3)])
def test_a_truncated_wav_gives_its_whole_samples(tmp_path: Path, subtype: str, sample_bytes: int) -> None:
    sound = _sound(48_000, channels=2)
    whole = _write(tmp_path / "cut.wav", sound, subtype)
    whole_sound = _all(AudioFile(whole))
    header_bytes = whole.stat().st_size - 48_000 * 2 * sample_bytes
    file = AudioFile(_cut(whole, header_bytes + 12_000 * 2 * sample_bytes + 1))
    assert file.num_samples == 12_000
    assert "file is cut: 12 000 of 48 000 samples are there" in file.notes
    np.testing.assert_array_equal(_all(file, 777), whole_sound[:12_000])


def test_a_truncated_gsm_wav_says_it_in_bytes(tmp_path: Path) -> None:
    whole = _write(tmp_path / "cut.wav", _sound(9600), "GSM610", rate=8000)
    size = whole.stat().st_size
    file = AudioFile(_cut(whole, size - 650))
    assert file.num_samples == len(_all(file)) < 9600
    assert [note for note in file.notes if note.startswith("file is cut") and "bytes" in note]


@pytest.mark.parametrize(("form", "subtype"), [("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III")])
@pytest.mark.parametrize("block_samples", [333, 50_000])
def test_truncated_coded_files_never_promise_too_much(
    tmp_path: Path, form: str, subtype: str, block_samples: int, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = _write(tmp_path / "cut.any", _sound(64_000, channels=2), subtype, form)
    whole_sound = _all(AudioFile(whole))
    file = AudioFile(_cut(whole, whole.stat().st_size // 2))
    assert 16_000 < file.num_samples < 48_000
    read = _all(file, block_samples)
    assert len(read) == file.num_samples
    np.testing.assert_allclose(read[:8000], whole_sound[:8000], atol=1e-6)
    assert [note for note in file.notes if "of 64 000 samples are there" in note]
    capfd.readouterr()  # the MP3 decoder writes its own remarks to standard error


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000])
def test_a_wav_from_a_pipe_that_knew_no_length(tmp_path: Path, size: int) -> None:
    path = _write(tmp_path / "piped.wav", _sound(1000))
    raw = bytearray(path.read_bytes())
    start = raw.index(b"data") + 4
    raw[start : start + 4] = struct.pack("<I", size)
    path.write_bytes(raw)
    file = AudioFile(path)
    assert file.num_samples == 1000
    np.testing.assert_allclose(_all(file), _sound(1000), atol=5e-5)
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
    path = _write(tmp_path / "sound.wav", _sound())
    file = AudioFile(path)
    _cut(path, 1044)
    with pytest.raises(AudioFileError, match="early: it changed"):
        _all(file)


# What is no recording.


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
    path = _write(tmp_path / "secret.wav", _sound())
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
    path = _cut(_write(tmp_path / "call.wav", _sound()), 30)
    with pytest.raises(AudioFileError, match="no recording that can be read"):
        AudioFile(path)


def test_raw_samples_say_nothing_of_themselves(tmp_path: Path) -> None:
    (tmp_path / "call.raw").write_bytes(bytes(1000))
    with pytest.raises(AudioFileError, match=r"call\.raw has no header"):
        AudioFile(tmp_path / "call.raw")


def test_no_samples(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="holds no samples"):
        AudioFile(_write(tmp_path / "empty.wav", _sound(0)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_only_non_finite_samples(tmp_path: Path, value: float) -> None:
    with pytest.raises(AudioFileError, match="48000 samples and not one finite"):
        AudioFile(_write(tmp_path / "nan.wav", np.full((48_000, 1), value, np.float32), "FLOAT"))


@pytest.mark.parametrize("rate", [3_999, 384_001])
def test_odd_rates(tmp_path: Path, rate: int) -> None:
    with pytest.raises(AudioFileError, match=f"{rate} Hz"):
        AudioFile(_write(tmp_path / "odd.wav", _sound(100), rate=rate))


@settings(max_examples=150)
@given(data=st.data())
def test_any_spoiled_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = _write(tmp_path_factory.getbasetemp() / "fuzzed.wav", _sound(500, 2), "PCM_16")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, 43))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    with suppress(AudioFileError):
        file = AudioFile(path)
        assert len(_all(file)) == file.num_samples
