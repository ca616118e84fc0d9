"""Every finite sound has a finite vector."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.features.catalogue import feature_set
from emotion.features.feature_set import FeatureSet
from emotion.features.windows_of_clip import window_vectors
from emotion.window_grid import WindowGrid
from tests.strategies import signals

streamed_sets = st.sampled_from(
    [feature_set(name) for name in ("acoustic", "classic", "classic-speech", "speech")]
)
LEVELS = (1e30, 1e5, 32768.0, 1.0, 1e-4, 1e-8, 1e-20, 1e-42)
HUGE = float(np.finfo(np.float32).max)


@given(streamed_sets, signals(min_samples=1, max_samples=12_000, levels=LEVELS))
def test_any_clip_of_any_level_is_finite(chosen: FeatureSet, samples: Samples) -> None:
    vector = chosen.clip_vector(samples)
    assert vector.shape == (len(chosen.feature_names),)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()


@given(streamed_sets, signals(min_samples=12_000, max_samples=30_000, levels=LEVELS))
def test_any_window_of_any_level_is_finite(chosen: FeatureSet, samples: Samples) -> None:
    vectors = window_vectors(chosen, WindowGrid(12_000, 3_000, chosen.sample_rate), samples)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -1.0, HUGE, -HUGE, 1e-45])
@pytest.mark.parametrize("name", ["acoustic", "classic", "classic-speech", "speech"])
def test_a_constant_is_finite(name: str, value: float) -> None:
    assert np.isfinite(feature_set(name).clip_vector(np.full(9000, value, dtype=np.float32))).all()


@pytest.mark.parametrize("name", ["acoustic", "classic", "classic-speech", "speech"])
@pytest.mark.parametrize("place", [0, 255, 4000, 8999])
def test_one_sample_is_finite(name: str, place: int) -> None:
    samples = np.zeros(9000, dtype=np.float32)
    samples[place] = HUGE
    assert np.isfinite(feature_set(name).clip_vector(samples)).all()


@given(streamed_sets, signals(min_samples=4000, max_samples=12_000))
def test_values_keep_their_ranges(chosen: FeatureSet, samples: Samples) -> None:
    values = dict(zip(chosen.feature_names, chosen.clip_vector(samples).tolist(), strict=True))
    nyquist = chosen.sample_rate / 2
    units = dict(zip(chosen.feature_names, chosen.feature_units, strict=True))
    for name, value in values.items():
        if name.endswith((".std",)):
            assert value >= 0, name
        in_one = name.startswith(("chroma", "waveform.zero", "spectrum.flatness")) and units[name] != "dB"
        if in_one and not name.endswith(".std"):
            assert -1e-6 <= value <= 1 + 1e-4, name
        if name.startswith(("spectrum.centroid", "spectrum.bandwidth")):
            assert 0 <= value <= nyquist * (1 + 1e-6), name
        if name.endswith(".mean") and name.removesuffix("mean") + "min" in values:
            low, high = (values[name.removesuffix("mean") + end] for end in ("min", "max"))
            slack = 1e-5 * max(abs(low), abs(high)) + 1e-9
            assert low - slack <= value <= high + slack, name
