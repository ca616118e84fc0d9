"""Every feature set: names, finite values on odd sound, bounded memory."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.errors import UsageError
from emotion.features.base import FeatureSet, window_vectors
from emotion.features.catalogue import feature_set, feature_set_names
from emotion.features.streaming import LOUDEST, DescriptorRing, FrameGrid
from emotion.window_grid import WindowGrid
from tests.strategies import cuts, signals

SIZES = {"acoustic": 383, "classic": 657, "classic-33": 33, "classic-speech": 401, "speech": 4032}
VERSIONS = {"acoustic": 1, "classic": 1, "classic-33": 1, "classic-speech": 1, "speech": 3}


def test_the_names_are_known_and_sorted() -> None:
    assert feature_set_names() == tuple(sorted(SIZES))


@pytest.mark.parametrize("name", SIZES)
def test_a_set_is_what_its_name_says(name: str) -> None:
    chosen = feature_set(name)
    assert chosen.name == name
    assert chosen.version == VERSIONS[name]
    assert (
        len(chosen.feature_names)
        == len(chosen.feature_units)
        == len(set(chosen.feature_names))
        == SIZES[name]
    )
    assert all(feature.count(".") == 2 for feature in chosen.feature_names)
    assert all(chosen.feature_units)
    assert feature_set(name) is chosen


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"'classik'; did you mean classic\? there are acoustic, classic, classic-33, "
    ):
        feature_set("classik")


@pytest.mark.parametrize("name", ["acoustic", "classic", "classic-speech", "speech"])
def test_listening_loads_no_toolkit(name: str) -> None:
    program = f"""
import sys
import numpy as np
from emotion.features.catalogue import feature_set
from emotion.window_grid import WindowGrid
chosen = feature_set({name!r})
grid = WindowGrid.from_seconds(1, 0.5, chosen.sample_rate)
stream = chosen.open(grid)
for _ in range(2):
    stream.push(np.zeros(grid.step, dtype=np.float32))
stream.vector()
heavy = {{"librosa", "scipy", "sklearn", "matplotlib", "numba", "sounddevice", "soundfile", "joblib"}}
print(sorted(heavy & sys.modules.keys()))
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"


def test_onnxruntime_is_loaded_by_a_stream_on_speech_and_by_nothing_else() -> None:
    program = """
import sys
import numpy as np
from emotion.features.catalogue import feature_set, feature_set_names
from emotion.window_grid import WindowGrid
grid = WindowGrid.from_seconds(1, 0.5, 16000)
for name in feature_set_names():
    feature_set(name)
feature_set("acoustic").open(grid)
print("onnxruntime" in sys.modules)
feature_set("speech").open(grid)
print("onnxruntime" in sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.split() == ["False", "True"]


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


@given(st.data(), st.integers(1, 40), st.integers(0, 400))
def test_every_frame_comes_once_and_whole(data: st.DataObject, frame_length: int, num_samples: int) -> None:
    hop = data.draw(st.integers(1, frame_length))
    pieces = data.draw(cuts(num_samples))
    samples = np.arange(num_samples, dtype=np.float32)
    longest = max(1, *(piece.stop - piece.start for piece in pieces))
    grid = FrameGrid(frame_length, hop, longest)
    seen = []
    for piece in pieces:
        frames, num_new = grid.push(samples[piece])
        assert frames.shape == (grid.batch_size, frame_length)
        seen += [frame.copy() for frame in frames[:num_new]]
    wanted = [
        samples[start : start + frame_length] for start in range(0, num_samples - frame_length + 1, hop)
    ]
    assert len(seen) == len(wanted)
    for frame, whole in zip(seen, wanted, strict=True):
        np.testing.assert_array_equal(frame, whole)


def test_samples_beyond_any_sound_are_held() -> None:
    frames, num_new = FrameGrid(4, 4, 4).push(np.array([1e30, -1e30, 1, -1], dtype=np.float32))
    assert num_new == 1
    np.testing.assert_array_equal(frames, [[LOUDEST, -LOUDEST, 1, -1]])


@given(st.integers(1, 20), st.lists(st.integers(0, 20), max_size=60))
def test_the_ring_has_its_last_rows_in_order(capacity: int, lengths: list[int]) -> None:
    ring = DescriptorRing(capacity, 2)
    for length in (min(length, capacity) for length in lengths):
        numbers = np.arange(ring.num_seen, ring.num_seen + length, dtype=np.float32)
        ring.append(np.stack([numbers, -numbers], axis=1))
        first = max(0, ring.num_seen - capacity)
        np.testing.assert_array_equal(ring.since(first)[:, 0], np.arange(first, ring.num_seen))
        assert len(ring.since(ring.num_seen)) == 0
