"""Levels against what a full-scale sine and a bare offset must give."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.level import FLOOR_DBFS, SILENCE_DBFS, level_dbfs, level_of_moments, moments_of


def _sine(amplitude: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (amplitude * np.sin(2 * np.pi * 100 * np.arange(16_000) / 16_000)).astype(np.float32)


@pytest.mark.parametrize("amplitude_db", [0.0, -20.0, -60.0, -100.0])
def test_a_sine_lies_three_db_below_its_peak(amplitude_db: float) -> None:
    level = level_dbfs(_sine(10 ** (amplitude_db / 20)))
    assert level == pytest.approx(amplitude_db - 10 * np.log10(2), abs=1e-4)


def test_dc_is_no_sound() -> None:
    assert level_dbfs(np.full(1000, 0.5, np.float32)) == FLOOR_DBFS
    assert level_dbfs(_sine(0.1) + np.float32(0.5)) == pytest.approx(level_dbfs(_sine(0.1)), abs=1e-3)


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.float32), np.zeros(7, np.float32), np.ones(1, np.float32)]
)
def test_nothing_lies_on_the_floor(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    assert level_dbfs(samples) == FLOOR_DBFS < SILENCE_DBFS


def test_the_loudest_sample_there_may_be_has_a_finite_level() -> None:
    loud = np.where(np.arange(64) % 2 == 0, np.float32(1e6), np.float32(-1e6)).astype(np.float32)
    assert level_dbfs(loud) == pytest.approx(120.0)


@given(
    st.sets(st.integers(1, 3999)),
    st.integers(0, 99),
    st.sampled_from((1e-5, 0.1, 1e6)),
    st.sampled_from((0.0, 0.5, 1.0)),
)
def test_parts_have_the_level_of_the_whole(places: set[int], seed: int, amplitude: float, dc: float) -> None:
    steps = np.random.default_rng(seed).standard_normal(4000).cumsum()
    samples = (amplitude * steps / np.abs(steps).max() + dc).astype(np.float32)
    parts = [moments_of(samples[a:b]) for a, b in pairwise(sorted({0, 4000, *places}))]
    assert level_of_moments(parts) == pytest.approx(level_dbfs(samples), abs=1e-9)
