"""What tests of listening need: a small model that is real, and no thread left behind."""

import threading
from collections.abc import Iterator

import pytest

from emotion.model import EmotionModel, load_model
from tests.model_maker import make_model


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
