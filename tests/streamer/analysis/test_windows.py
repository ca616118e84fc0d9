"""Windows in source samples and seconds, without rounding on the way."""

import math
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from emotion.window_grid import WindowGrid
from streamer.analysis.windows import SegmentTime

RATES = st.sampled_from((8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000))


GRIDS = st.builds(
    lambda lengths, rate: WindowGrid(max(lengths), min(lengths), rate),
    st.tuples(st.integers(1, 50_000), st.integers(1, 50_000)),
    RATES,
)


@given(st.integers(0, 10**12), RATES, GRIDS, st.integers(0, 10**6))
def test_places_are_the_exact_ones(origin: int, source_rate: int, grid: WindowGrid, window: int) -> None:
    where = SegmentTime(origin, source_rate, grid)
    for model_sample, sample, seconds in zip(
        grid.span(window), where.samples(window), where.seconds(window), strict=True
    ):
        exact = Fraction(origin, source_rate) + Fraction(model_sample, grid.sample_rate)
        assert sample == math.ceil(exact * source_rate)
        assert seconds == float(exact)


@given(RATES, RATES, st.integers(0, 10**6))
def test_a_window_that_fits_ends_inside_the_sound(
    source_rate: int, model_rate: int, num_samples: int
) -> None:
    grid = WindowGrid(model_rate, model_rate // 3, model_rate)
    num_windows = grid.num_windows(num_samples * model_rate // source_rate)
    if num_windows:
        assert SegmentTime(0, source_rate, grid).samples(num_windows - 1)[1] <= num_samples


@given(RATES, RATES, st.integers(1, 50), st.integers(1, 20), st.integers(0, 2 * 10**6))
def test_where_tenths_of_a_second_are_whole_both_rates_count_the_same_windows(
    source_rate: int, model_rate: int, win_tenths: int, step_tenths: int, num_samples: int
) -> None:
    assume(source_rate % 10 == model_rate % 10 == 0)
    step_tenths = min(step_tenths, win_tenths)
    grid, at_source = (
        WindowGrid.from_seconds(win_tenths / 10, step_tenths / 10, rate) for rate in (model_rate, source_rate)
    )
    assert grid.num_windows(num_samples * model_rate // source_rate) == at_source.num_windows(num_samples)
