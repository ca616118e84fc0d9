"""The sets there are, their names, and what opening one loads."""

import subprocess
import sys

import pytest

from emotion.errors import UsageError
from emotion.features.catalogue import feature_set, feature_set_names

SIZES = {"acoustic": 383, "classic": 657, "classic-33": 33, "classic-speech": 401, "speech": 4032}


def test_the_names_are_known_and_sorted() -> None:
    assert feature_set_names() == tuple(sorted(SIZES))


@pytest.mark.parametrize("name", SIZES)
def test_a_set_is_what_its_name_says(name: str) -> None:
    chosen = feature_set(name)
    assert chosen.name == name
    assert chosen.version == (2 if name == "speech" else 1)
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
        UsageError, match=r"'classik'; choose one of acoustic, classic, classic-33, classic-speech, speech"
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
