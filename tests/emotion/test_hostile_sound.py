"""Recordings of every format, spoiled: decoded as far as possible, or refused."""

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emotion.audio_io import AudioFile, read_mono
from emotion.errors import AudioFileError
from emotion.window_grid import MAX_CHANNELS
from tests.audio_material import noise
from tests.spoiling import fuzzed, little_memory, spoiled

FORMATS = (
    ("WAV", "PCM_16"),
    ("WAV", "FLOAT"),
    ("WAV", "GSM610"),
    ("WAV", "IMA_ADPCM"),
    ("RF64", "PCM_24"),
    ("W64", "PCM_16"),
    ("AIFF", "PCM_16"),
    ("AIFF", "FLOAT"),
    ("CAF", "PCM_16"),
    ("AU", "ULAW"),
    ("CAF", "ALAC_16"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
    ("VOC", "PCM_16"),
)


def _encoded(form: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, noise(3_000, channels=1), 16_000, format=form, subtype=subtype)
    return file.getvalue()


@pytest.fixture(scope="module")
def originals() -> list[bytes]:
    ogg = _encoded("OGG", "VORBIS")
    tag = b"ID3\3\0\0\0\0\0\x20" + bytes(32)
    tagged = [tag + tag + _encoded(*each) for each in FORMATS[-2:]]
    return [_encoded(*each) for each in FORMATS] + [ogg + ogg + _encoded("OGG", "OPUS"), *tagged]


def _hear(path: Path) -> None:
    with suppress(AudioFileError):
        file = AudioFile(path)
        assert file.channels <= MAX_CHANNELS
        decoded = sum(len(block) for block in file.blocks(4_096))
        assert decoded == file.num_samples
        assert len(read_mono(path).samples) == decoded


@fuzzed(120)
@given(data=st.data())
def test_a_spoiled_recording_is_decoded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, originals: list[bytes], data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoiled.sound"
    path.write_bytes(data.draw(spoiled(originals, header=100)))
    with little_memory(64_000_000):
        _hear(path)


def test_an_mp3_whose_end_moves_while_it_is_sought(tmp_path: Path) -> None:
    raw = bytearray(292)
    raw[:3], raw[6:8], raw[26:28], raw[127:129] = b"\xff\xf3\x88", b"\xff\xff", b"\xff\xff", b"\xff\xf2"
    path = tmp_path / "moves.mp3"
    path.write_bytes(raw)
    with soundfile.SoundFile(path) as sound:
        assert sound.seek(sound.frames - 1) > sound.frames
    _hear(path)


def test_more_channels_than_anybody_speaks_on(tmp_path: Path) -> None:
    path = tmp_path / "many.wav"
    soundfile.write(path, np.zeros((10, MAX_CHANNELS + 1)), 16_000)
    with pytest.raises(AudioFileError, match=r"33 channels; export those that matter, at most 32"):
        AudioFile(path)
    soundfile.write(path, np.zeros((10, MAX_CHANNELS)), 16_000)
    assert AudioFile(path).channels == MAX_CHANNELS
