"""A checked voice hears proper vectors as the voice itself does, and no others."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emotion.checked_voice import CheckedVoice, check_vector
from emotion.decision import Decision
from emotion.voice_linear import VoiceLinear
from tests.voice_model import random_arrays

NUM_FEATURES = 5


@pytest.fixture
def decision() -> Decision:
    return VoiceLinear.from_arrays(random_arrays(NUM_FEATURES))


def _vector(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=NUM_FEATURES).astype(np.float32)


def test_it_does_what_the_voice_does(decision: Decision) -> None:
    plain, checked = decision.open_voice(), CheckedVoice(decision.open_voice(), NUM_FEATURES)
    for seed in range(4):
        np.testing.assert_array_equal(checked.peek(_vector(seed)), plain.peek(_vector(seed)))
        np.testing.assert_array_equal(checked.hear(_vector(seed)), plain.hear(_vector(seed)))
        assert checked.known == plain.known > 0
        if seed == 1:
            checked.enrol()
            plain.enrol()
    for name, array in plain.state().items():
        np.testing.assert_array_equal(checked.state()[name], array)


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (np.zeros(4, np.float32), r"a vector of shape \(4,\) for 5 features"),
        (np.zeros((1, 5), np.float32), r"a vector of shape \(1, 5\) for 5 features"),
        (np.array([0, 0, np.nan, 0, 0]), "^a feature vector with a value that is not finite"),
        (np.array([0, 0, 0, 0, -np.inf]), "a feature vector with a value that is not finite"),
    ],
)
def test_an_odd_vector_is_refused_and_teaches_nothing(
    decision: Decision, vector: NDArray[Any], words: str
) -> None:
    voice = CheckedVoice(decision.open_voice(), NUM_FEATURES)
    for ask in (voice.hear, voice.peek, lambda odd: check_vector(odd, NUM_FEATURES)):
        with pytest.raises(ValueError, match=words):
            ask(vector)
    assert voice.known == 0.0
