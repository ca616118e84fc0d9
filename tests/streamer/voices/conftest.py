"""A model that learns voices, and another that does too."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.model import EmotionModel, load_model
from streamer.voices.voice_folder import VoiceFolder
from tests.session_parts import RATE
from tests.voice_model import make_voice_model


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
