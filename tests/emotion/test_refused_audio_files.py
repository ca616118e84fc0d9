"""Files that are no sound, or none that may be read: one clear error each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.audio_file import AudioFile
from emotion.errors import AudioFileError
from tests.audio_material import all_of, cut, noise, write


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
