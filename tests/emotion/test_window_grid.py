"""Seconds become samples once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.errors import UsageError
from emotion.window_grid import WindowGrid, to_samples

grids = st.tuples(st.integers(1, 4000), st.integers(1, 4000)).map(
    lambda pair: WindowGrid(win=max(pair), step=min(pair), sample_rate=16_000)
)


def test_seconds_are_rounded_not_truncated() -> None:
    assert to_samples(2.01, 16_000) == 32_160  # int() gives 32 159


def test_half_a_sample_goes_up() -> None:
    assert to_samples(0.5, 11_025) == 5_513


@given(grids, st.integers(0, 100_000))
def test_windows_are_those_that_fit(grid: WindowGrid, num_samples: int) -> None:
    counted = sum(1 for start in range(0, num_samples, grid.step) if start + grid.win <= num_samples)
    assert grid.num_windows(num_samples) == counted


@given(grids)
def test_pieces_end_where_windows_end(grid: WindowGrid) -> None:
    assert 1 <= grid.first_piece <= grid.step
    assert (grid.win - grid.first_piece) % grid.step == 0


def test_a_grid_is_laid_in_samples_of_the_models_rate() -> None:
    assert WindowGrid.from_seconds(2.01, 0.5, 16_000) == WindowGrid(32_160, 8_000, 16_000)
    assert WindowGrid.from_seconds(1 / 8_000, 1 / 16_000, 16_000) == WindowGrid(2, 1, 16_000)


@pytest.mark.parametrize(
    ("win", "step", "word"),
    [
        (0, 0.5, "win"),
        (-1, 0.5, "win"),
        (2, 0, "step"),
        (2, math.nan, "step"),
        (math.inf, 1, "win"),
        (1, 2, "step"),
    ],
)
def test_senseless_grids_are_refused_with_their_values(win: float, step: float, word: str) -> None:
    with pytest.raises(UsageError, match=rf"^{word} is .* s\b"):
        WindowGrid.from_seconds(win, step, 16_000)
