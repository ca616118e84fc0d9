"""What tests of listening need: a small real model, models that learn voices, no thread left behind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.model import EmotionModel, load_model
from streamer.voices import VoiceFolder
from tests.model_maker import make_model, tone_of
from tests.session_parts import RATE, SECONDS
from tests.voice_model import make_voice_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    """Tells trembling tones apart; windows of 1 s each 0.25 s."""
    folder = make_model(
        tmp_path_factory.mktemp("models") / "tiny", "classic-speech", win_seconds=1.0, step_seconds=0.25
    )
    return load_model(folder)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves one of our threads running."""
    yield
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("callmood-")]
    assert not left, f"threads left: {left}"


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds: a voice, a pause longer than a window, another voice."""
    path = tmp_path_factory.mktemp("recordings") / "call.wav"
    pause = np.zeros(2 * RATE, np.float32)
    parts = [tone_of("angry", 1, RATE, 2.0), pause, tone_of("sad", 2, RATE, SECONDS - 4.0)]
    soundfile.write(path, np.concatenate(parts), RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="session")
def learning(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    """Windows of 1 s each 0.25 s; what is loud enough is speech to it."""
    folder = tmp_path_factory.mktemp("learning") / "learning"
    return load_model(make_voice_model(folder, gate="level", win_seconds=1.0, step_seconds=0.25))


@pytest.fixture(scope="session")
def another(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    """The same but for one number."""
    folder = tmp_path_factory.mktemp("another") / "another"
    return load_model(make_voice_model(folder, unsure_below=0.3))


@pytest.fixture(scope="session")
def lined(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    """Like `learning`, and it knows lines."""
    folder = tmp_path_factory.mktemp("lined") / "lined"
    made = make_voice_model(folder, gate="level", win_seconds=1.0, step_seconds=0.25, lines=True)
    return load_model(made)


@pytest.fixture
def folder(tmp_path: Path) -> VoiceFolder:
    """One that nobody has made yet."""
    return VoiceFolder(tmp_path / "data" / "voices")


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    """Three seconds in which nobody speaks."""
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(3 * RATE, np.float32), RATE, subtype="PCM_16")
    return path
