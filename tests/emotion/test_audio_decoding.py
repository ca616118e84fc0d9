"""Streams of a file, and nothing printed by the decoder."""

import ctypes
import io
import os
import platform
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.audio_decoding import comment_of, find_streams, open_again, quiet_stdio
from emotion.audio_layout import ByteSpan
from emotion.errors import AudioFileError
from tests.audio_material import RATE, cut, noise, write

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")


def _print(words: bytes) -> None:
    ctypes.CDLL(None).perror(words)


def test_only_what_is_printed_meanwhile_is_discarded(capfd: pytest.CaptureFixture[str]) -> None:
    _print(b"before")
    with quiet_stdio():
        _print(b"meanwhile")
        os.write(2, b"of Python\n")
    _print(b"after")
    lines = capfd.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["before", "of Python", "after"]


def test_threads_that_overlap_leave_it_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    begun, ended = threading.Event(), threading.Event()

    def longer() -> None:
        with quiet_stdio():
            begun.set()
            ended.wait(10)
            _print(b"still quiet")

    thread = threading.Thread(target=longer)
    with quiet_stdio():
        thread.start()
        begun.wait(10)
    ended.set()
    thread.join()
    _print(b"after")
    assert capfd.readouterr().err.startswith("after")


def _ogg(num_samples: int = 800, comment: str = "", rate: int = RATE, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, channels, "VORBIS", format="OGG") as sound:
        if comment:
            sound.comment = comment
        sound.write(noise(num_samples, channels))
    return file.getvalue()


def test_one_stream(tmp_path: Path) -> None:
    path = write(tmp_path / "sound.wav", noise(1_000, 2))
    (stream,), notes = find_streams(path)
    assert notes == ()
    assert stream.span == ByteSpan(0, path.stat().st_size)
    assert stream.layout == (RATE, 2, "PCM_16")
    assert (stream.num_announced, stream.num_samples) == (1_000, 1_000)
    with open_again(path, stream) as sound:
        assert len(sound.read(5_000)) == 1_000


def test_a_header_that_promises_too_much(tmp_path: Path) -> None:
    path = write(tmp_path / "sound.flac", noise(30_000), form="FLAC")
    (stream,), _ = find_streams(cut(path, path.stat().st_size // 2))
    assert stream.num_announced == 30_000
    assert 8_000 < stream.num_samples < 20_000


def test_parts_of_a_chain_that_do_not_fit(tmp_path: Path) -> None:
    first, other_rate, other_channels = _ogg(), _ogg(rate=8_000), _ogg(channels=2)
    path = tmp_path / "chain.ogg"
    path.write_bytes(first + other_channels)
    assert find_streams(path)[1] == (
        "1 of 2 chained parts are not heard: part 2 has 16000 Hz and 2 channels",
    )
    path.write_bytes(first + other_rate + first + first[:200])
    streams, notes = find_streams(path)
    assert [stream.num_samples for stream in streams] == [800, 800]
    assert streams[1].span.start == len(first) + len(other_rate)
    assert notes == ("2 of 4 chained parts are not heard: part 2 has 8000 Hz and 1 channels, ...",)
    path.write_bytes(first + first[:200] + first)
    assert find_streams(path)[1] == ("1 of 3 chained parts are not heard: part 2 cannot be read",)


def test_megabytes_of_text_are_read_of_the_first_part_alone(tmp_path: Path) -> None:
    long = _ogg(comment="x" * 1_100_000)
    path = tmp_path / "chain.ogg"
    path.write_bytes(long + _ogg() + long)
    streams, notes = find_streams(path)
    assert len(streams) == 2
    assert notes == ("1 of 3 chained parts are not heard: part 3 cannot be read",)


def test_of_the_first_part_12_megabytes_of_text_are_read_at_most(tmp_path: Path) -> None:
    path = tmp_path / "sound.ogg"
    path.write_bytes(_ogg(comment="x" * 13_000_000))
    with pytest.raises(AudioFileError) as refused:
        find_streams(path)
    assert str(refused.value) == f"{path} has more than 12 MB of tags or pictures; export it without them"


def test_more_than_500_parts(tmp_path: Path) -> None:
    path = tmp_path / "sound.ogg"
    path.write_bytes(_ogg(10) * 501)
    with pytest.raises(AudioFileError) as refused:
        find_streams(path)
    assert str(refused.value).startswith(f"{path} is a chain of more than 500 streams")


def test_channels_at_the_bound_and_beyond(tmp_path: Path) -> None:
    path = write(tmp_path / "sound.wav", noise(10, 32))
    assert find_streams(path)[0][0].layout.channels == 32
    write(path, noise(10, 33))
    with pytest.raises(AudioFileError) as refused:
        find_streams(path)
    assert str(refused.value) == f"{path} has 33 channels; export those that matter, at most 32"


def test_the_comment(tmp_path: Path) -> None:
    path = tmp_path / "sound.ogg"
    path.write_bytes(_ogg(comment="made for a test") + _ogg(comment="of the second"))
    assert comment_of(path) == "made for a test"
    assert comment_of(write(tmp_path / "sound.wav", noise(10))) == ""
    with pytest.raises(AudioFileError, match="is not there"):
        comment_of(tmp_path / "missing.wav")


@pytest.mark.parametrize("rate", [4_000, 384_000])
def test_rates_at_the_bounds(tmp_path: Path, rate: int) -> None:
    (stream,), _ = find_streams(write(tmp_path / "sound.wav", noise(10), rate=rate))
    assert stream.layout.sample_rate == rate


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "words"),
    [
        (8_000, 2, "PCM_16", "8000 Hz, 2 channels, PCM_16"),
        (RATE, 1, "PCM_16", "16000 Hz, 1 channels, PCM_16"),
        (RATE, 2, "FLOAT", "16000 Hz, 2 channels, FLOAT"),
    ],
)
def test_a_file_that_has_become_another(
    tmp_path: Path, rate: int, channels: int, subtype: str, words: str
) -> None:
    path = write(tmp_path / "sound.wav", noise(100, 2))
    (stream,), _ = find_streams(path)
    soundfile.write(path, np.zeros((100, channels)), rate, subtype)
    with pytest.raises(AudioFileError) as refused:
        open_again(path, stream)
    assert str(refused.value) == (
        f"{path} changed while it was read: it had 16000 Hz, 2 channels, PCM_16, and now has {words}; "
        "leave it as it is until it has been heard"
    )
