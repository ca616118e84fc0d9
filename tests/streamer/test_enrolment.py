"""Some seconds of speech make a voice: silence does not count, and no more is learned than was asked."""

import os
from pathlib import Path

import numpy as np
import pytest

from emotion.audio_io import AudioFile
from emotion.errors import DeviceError
from emotion.model import EmotionModel
from streamer import enrolment
from streamer.enrolment import Enrolment, enrol
from streamer.sources.base import SourceInfo
from streamer.sources.file import FileSource
from streamer.sources.pcm import PcmSource


def enrolled(path: Path, model: EmotionModel, seconds: float, block_seconds: float = 0.25) -> Enrolment:
    return enrol(FileSource(AudioFile(path), fast=True, block_seconds=block_seconds), model, seconds)


def test_speech_is_counted_and_silence_is_not(recording: Path, learning: EmotionModel) -> None:
    # Two seconds of voice, two of silence, two of voice; a window of 1 s is speech while it is loud enough.
    found = enrolled(recording, learning, 60.0)
    assert found.sound_seconds == 6.0
    assert 4.0 <= found.speech_seconds <= 5.5
    assert found.known == learning.open_voice(found.state).known > 0.0


def test_it_ends_when_there_is_enough(recording: Path, learning: EmotionModel) -> None:
    progress: list[float] = []
    source = FileSource(AudioFile(recording), fast=True)
    found = enrol(source, learning, 1.5, progress.append)
    assert found.speech_seconds == 1.5
    assert found.sound_seconds < 3.0
    assert progress == [1.0, 1.25, 1.5]
    assert found.state["enrolled"] == 3.0


@pytest.mark.parametrize("block_seconds", [0.011, 0.1, 2.0])
def test_the_voice_does_not_depend_on_how_the_sound_is_cut(
    recording: Path, learning: EmotionModel, block_seconds: float
) -> None:
    for seconds in (1.6, 60.0):
        one, other = (enrolled(recording, learning, seconds, cut) for cut in (0.25, block_seconds))
        assert one.speech_seconds == other.speech_seconds
        for name, array in one.state.items():
            np.testing.assert_array_equal(array, other.state[name])


def test_silence_makes_nobody_known(silence: Path, learning: EmotionModel) -> None:
    found = enrolled(silence, learning, 2.0)
    assert (found.speech_seconds, found.known, found.sound_seconds) == (0.0, 0.0, 3.0)


class Microphone(PcmSource):
    """What comes through a pipe, as a device delivers it."""

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("headset", 16_000, 1, "PCM_16", None, live=True)


def test_a_device_that_delivers_nothing_is_not_waited_for(
    learning: EmotionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "MAX_WAITS", 2)
    reading, writing = os.pipe()
    try:
        with pytest.raises(DeviceError, match="headset delivers nothing: it hangs, or the sound server does"):
            enrol(
                Microphone(reading, name="headset", sample_rate=16_000, channels=1, encoding="s16le"),
                learning,
                2,
            )
    finally:
        os.close(writing)
        os.close(reading)
