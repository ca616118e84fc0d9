"""`acoustic` as a whole: what it does not hear, and what it hears in sounds that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.features.catalogue import feature_set
from emotion.features.windows_of_clip import window_vectors
from emotion.window_grid import WindowGrid
from tests.emotion.features.closeness import assert_close
from tests.emotion.features.sounds import SOUNDS, recorded
from tests.strategies import signals

ACOUSTIC = feature_set("acoustic")
GRID = WindowGrid(16_000, 5_000, 16_000)
RATE = 16_000


def values_of(samples: Samples) -> dict[str, float]:
    return dict(zip(ACOUSTIC.feature_names, ACOUSTIC.clip_vector(samples).tolist(), strict=True))


@given(signals(16_000, 30_000, kinds=("noise", "chirp", "pauses"), levels=(0.1, 0.02)), st.floats(-40, 20))
def test_a_gain_changes_nothing(samples: Samples, gain_db: float) -> None:
    louder = samples * np.float32(10 ** (gain_db / 20))
    assert_close(ACOUSTIC, window_vectors(ACOUSTIC, GRID, louder), window_vectors(ACOUSTIC, GRID, samples))


@pytest.mark.parametrize("gain_db", [-40, -20, -6, 20])
@pytest.mark.parametrize("name", SOUNDS)
def test_a_gain_changes_nothing_of_a_recording(name: str, gain_db: float) -> None:
    samples = recorded(name)
    louder = samples * np.float32(10 ** (gain_db / 20))
    assert_close(ACOUSTIC, ACOUSTIC.clip_vector(louder), ACOUSTIC.clip_vector(samples))


@pytest.mark.parametrize("offset", [-0.3, 0.01, 0.5])
def test_a_microphones_dc_changes_nothing(offset: float) -> None:
    samples = recorded("speech-like")[:40_000]
    shifted = ACOUSTIC.clip_vector(samples + np.float32(offset))
    assert_close(ACOUSTIC, shifted, ACOUSTIC.clip_vector(samples))


def test_names_lie_in_their_groups() -> None:
    assert ACOUSTIC.feature_names == tuple(sorted(ACOUSTIC.feature_names))
