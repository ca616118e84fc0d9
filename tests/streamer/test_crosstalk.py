"""A leg that hears another: silent, and told of."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.model import EmotionModel
from streamer.crosstalk import Crosstalk
from tests.session_parts import Rows, Watched, session_of
from tests.spoken import DEMO, SAMPLE_RATE


@pytest.fixture(scope="module")
def leak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's first seconds on the left; on the right what leaks of them, a tenth as loud, 50 ms late."""
    demo, _ = soundfile.read(DEMO, dtype="float32", frames=11 * SAMPLE_RATE)
    late = np.concatenate([np.zeros(SAMPLE_RATE // 20, np.float32), demo])[: len(demo)]
    path = tmp_path_factory.mktemp("leak") / "leak.wav"
    soundfile.write(path, np.stack([demo, 0.1 * late], axis=1), SAMPLE_RATE)
    return path


def test_headphones_are_advised_once(leak: Path, tiny_model: EmotionModel) -> None:
    screen, rows = Watched(), Rows()
    session_of(leak, tiny_model, rows, screen=screen).run()
    messages = screen.snapshots[-1].messages
    assert messages == ("right hears the other leg; headphones would help",)
    by_leg = {leg: [row.state for row in rows.rows if row.leg == leg] for leg in ("left", "right")}
    assert "speech" in by_leg["left"]
    assert "speech" not in by_leg["right"]
    assert screen.snapshots[-1].overlap_seconds == 0.0


def test_what_was_not_heard_leaks_nowhere() -> None:
    crosstalk = Crosstalk({"left": SAMPLE_RATE, "right": SAMPLE_RATE})
    noise = np.random.default_rng(0).normal(0, 0.1, (3 * SAMPLE_RATE, 1)).astype(np.float32)
    crosstalk.push("left", noise, 0)
    assert not crosstalk.is_leak("left", 0.5, 2.5)
    assert not crosstalk.is_leak("right", 0.5, 2.5)
    assert list(crosstalk.leaking) == []
