"""A model folder that learns voices: written, read, refused, and safe from odd vectors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emotion.errors import ModelError
from emotion.labels import LABELS
from emotion.model import load_model
from emotion.model_saving import save_model
from tests.model_maker import make_card, make_model, tone_of
from tests.voice_model import make_voice_model, random_arrays

NUM_FEATURES = 657


def _save(folder: Path, **changes: NDArray[Any]) -> Path:
    save_model(folder, make_card(kind="voice-linear"), random_arrays(NUM_FEATURES) | changes)
    return folder


def test_it_tells_tones_apart_and_learns_the_voice(tmp_path: Path) -> None:
    model = load_model(make_voice_model(tmp_path / "tiny", "classic-speech"))
    voice = model.open_voice()
    for clip in range(40, 44):
        for place, label in enumerate(LABELS):
            vector = model.feature_set.clip_vector(tone_of(label, clip, model.card.sample_rate))
            assert np.argmax(model.predict(vector)) == place
            assert np.argmax(voice.hear(vector)) == place
    assert voice.known > 0.5
    assert load_model(model.folder).open_voice(voice.state()).known == voice.known


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (np.zeros(656, np.float32), r"shape \(656,\) for 657 features"),
        (np.full(NUM_FEATURES, np.inf, np.float32), "not finite"),
        (np.full(NUM_FEATURES, np.nan, np.float32), "not finite"),
    ],
)
def test_an_odd_vector_teaches_nothing(tmp_path: Path, vector: NDArray[np.float32], words: str) -> None:
    model = load_model(_save(tmp_path / "model"))
    voice = model.open_voice()
    for ask in (model.predict, voice.hear, voice.peek):
        with pytest.raises(ValueError, match=words):
            ask(vector)
    assert voice.known == 0.0
    assert voice.state()["windows"] == 0.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"raw_weights": np.zeros((NUM_FEATURES, 3), np.float32)},
            r"raw_weights is <f4 \(657, 3\)",
        ),
        ({"own_bias": np.zeros(4)}, "own_bias is <f8"),
        ({"rule": np.ones((2, 2))}, r"rule is <f8 \(2, 2\)"),
        ({"rule": np.ones(2)}, "rule holds 2 values"),
        ({"temperatures": np.zeros(2)}, "temperatures holds a value that is not over 0"),
        ({"gamma": np.array(1.0)}, "holds 'gamma.npy', which no such model has"),
    ],
)
def test_arrays_that_do_not_fit_are_neither_written_nor_read(
    tmp_path: Path, changes: dict[str, NDArray[Any]], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        _save(tmp_path / "model", **changes)
    assert not (tmp_path / "model").exists()


def test_a_voice_of_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    plain = load_model(make_model(tmp_path / "plain", clips_per_label=2))
    learning = load_model(_save(tmp_path / "learning"))
    with pytest.raises(ValueError, match="which learns none: arrays enrolled, enrolled_margins"):
        plain.open_voice(learning.open_voice().state())
    with pytest.raises(ValueError, match="kind voice-linear: arrays none; expected enrolled"):
        learning.open_voice(plain.open_voice().state())
    assert not plain.is_unsure(np.full(4, 0.25))
    assert learning.is_unsure(np.full(4, 0.25))
