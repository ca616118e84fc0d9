"""Offline equals live, window by window, and a window depends on its own samples alone."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import FloatArray, Samples
from emotion.errors import UsageError
from emotion.features.base import FeatureSet, window_vectors
from emotion.features.catalogue import feature_set
from emotion.window_grid import WindowGrid
from tests.emotion.features.closeness import assert_close
from tests.strategies import KINDS, signals, sound

STREAMED = ("acoustic", "classic", "classic-speech")
streamed_sets = st.sampled_from([feature_set(name) for name in STREAMED])


@st.composite
def grids(draw: st.DrawFn, chosen: FeatureSet) -> WindowGrid:
    shortest = chosen.frame_length + chosen.frame_hop
    win = draw(st.integers(shortest, 4 * shortest))
    step = draw(st.integers(max(1, win // 12), win) | st.sampled_from([chosen.frame_hop, win]))
    return WindowGrid(win, step, chosen.sample_rate)


@st.composite
def cases(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS) -> tuple[FeatureSet, WindowGrid, Samples]:
    chosen = draw(streamed_sets)
    grid = draw(grids(chosen))
    samples = draw(signals(min_samples=grid.win, max_samples=grid.win + 8 * grid.step, kinds=kinds))
    return chosen, grid, samples


def live_vectors(chosen: FeatureSet, grid: WindowGrid, samples: Samples) -> Iterator[FloatArray]:
    """Feed a stream as the worker does: whatever arrives is held until the next piece is full."""
    stream = chosen.open(grid)
    pushed = 0
    while pushed + (due := grid.step if pushed else grid.first_piece) <= len(samples):
        stream.push(samples[pushed : pushed + due].copy())
        pushed += due
        if pushed >= grid.win:
            yield stream.vector()


def frame_starts(chosen: FeatureSet, grid: WindowGrid, window: int) -> list[int]:
    """Find the window's frames the slow way."""
    start, end = grid.span(window)
    every = range(0, end, chosen.frame_hop)
    return [first for first in every if start <= first and first + chosen.frame_length <= end]


@given(cases())
def test_live_has_the_bits_of_offline(case: tuple[FeatureSet, WindowGrid, Samples]) -> None:
    chosen, grid, samples = case
    offline = window_vectors(chosen, grid, samples)
    live = list(live_vectors(chosen, grid, samples))
    assert len(live) == grid.num_windows(len(samples)) == len(offline)
    np.testing.assert_array_equal(np.stack(live), offline)


@given(cases(kinds=("noise", "pauses", "clicks")), st.data())
def test_a_window_is_the_clip_of_its_own_frames(
    case: tuple[FeatureSet, WindowGrid, Samples], data: st.DataObject
) -> None:
    """Within rounding: batches of another shape may take another path through BLAS."""
    chosen, grid, samples = case
    vectors = window_vectors(chosen, grid, samples)
    window = data.draw(st.integers(0, len(vectors) - 1))
    starts = frame_starts(chosen, grid, window)
    alone = chosen.clip_vector(samples[starts[0] : starts[-1] + chosen.frame_length])
    assert_close(chosen, vectors[window], alone)


@given(cases(), st.data())
def test_no_bit_depends_on_sound_outside_the_window(
    case: tuple[FeatureSet, WindowGrid, Samples], data: st.DataObject
) -> None:
    chosen, grid, samples = case
    vectors = window_vectors(chosen, grid, samples)
    window = data.draw(st.integers(0, len(vectors) - 1))
    start, end = grid.span(window)
    elsewhere = sound("noise", len(samples), 1.0, seed=99)
    elsewhere[start:end] = samples[start:end]
    np.testing.assert_array_equal(window_vectors(chosen, grid, elsewhere)[window], vectors[window])


@given(streamed_sets, st.data())
def test_two_streams_do_not_hear_each_other(chosen: FeatureSet, data: st.DataObject) -> None:
    grid = data.draw(grids(chosen))
    ours = sound("pauses", grid.win + 3 * grid.step, 0.5, seed=1)
    theirs = sound("noise", grid.win + 3 * grid.step, 1.0, seed=2)
    interleaved = zip(live_vectors(chosen, grid, ours), live_vectors(chosen, grid, theirs), strict=True)
    np.testing.assert_array_equal(
        np.stack([vector for vector, _ in interleaved]), window_vectors(chosen, grid, ours)
    )


@settings(max_examples=20)
@given(streamed_sets, st.data())
def test_after_an_hour_a_window_is_still_itself(chosen: FeatureSet, data: st.DataObject) -> None:
    grid = data.draw(grids(chosen))
    num_windows = 200
    samples = sound("pauses", grid.win + (num_windows - 1) * grid.step, 0.5, seed=3)
    *_, last = live_vectors(chosen, grid, samples)
    starts = frame_starts(chosen, grid, num_windows - 1)
    alone = chosen.clip_vector(samples[starts[0] : starts[-1] + chosen.frame_length])
    assert_close(chosen, last, alone)


@given(streamed_sets, st.data())
def test_every_win_that_is_let_in_gives_a_vector_and_no_other(
    chosen: FeatureSet, data: st.DataObject
) -> None:
    win = data.draw(st.integers(1, chosen.frame_length + 2 * chosen.frame_hop))
    step = data.draw(st.integers(1, win) | st.just(min(win, chosen.frame_hop)))
    grid = WindowGrid(win, step, chosen.sample_rate)
    has_frame = [bool(frame_starts(chosen, grid, window)) for window in range(chosen.frame_hop + 1)]
    if all(has_frame):
        chosen.open(grid)
    else:
        with pytest.raises(UsageError, match="a whole frame"):
            chosen.open(grid)


@pytest.mark.parametrize("name", STREAMED)
def test_the_shortest_win_named_is_let_in(name: str) -> None:
    chosen = feature_set(name)
    grid = WindowGrid(chosen.frame_length - 1, 1, chosen.sample_rate)
    with pytest.raises(UsageError, match=r"give at least ([0-9.]+) s") as caught:
        chosen.open(grid)
    shortest = float(str(caught.value).rsplit("least ", 1)[1].removesuffix(" s"))
    chosen.open(WindowGrid.from_seconds(shortest, 0.01, chosen.sample_rate))


@pytest.mark.parametrize("name", STREAMED)
def test_a_clip_shorter_than_win_has_no_windows(name: str) -> None:
    chosen = feature_set(name)
    grid = WindowGrid.from_seconds(2, 0.5, chosen.sample_rate)
    vectors = window_vectors(chosen, grid, sound("noise", grid.win - 1, 1.0, seed=1))
    assert vectors.shape == (0, len(chosen.feature_names))


@pytest.mark.parametrize("name", STREAMED)
def test_a_clip_of_exactly_win_is_one_window(name: str) -> None:
    chosen = feature_set(name)
    grid = WindowGrid.from_seconds(2, 0.5, chosen.sample_rate)
    samples = sound("pauses", grid.win, 1.0, seed=1)
    np.testing.assert_array_equal(window_vectors(chosen, grid, samples), [chosen.clip_vector(samples)])


def test_a_grid_at_another_rate_is_refused_with_both() -> None:
    with pytest.raises(UsageError, match=r"16000 Hz.*22050 Hz"):
        feature_set("classic").open(WindowGrid.from_seconds(2, 0.5, 16000))


@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_piece_of_another_length_is_refused(wrong: int) -> None:
    grid = WindowGrid(30_000, 7_000, 22050)
    stream = feature_set("classic").open(grid)
    stream.push(np.zeros(grid.first_piece, dtype=np.float32))
    with pytest.raises(ValueError, match="7000 was due"):
        stream.push(np.zeros(grid.step + wrong, dtype=np.float32))


def test_no_vector_before_win_is_full() -> None:
    grid = WindowGrid(30_000, 7_000, 22050)
    stream = feature_set("classic").open(grid)
    stream.push(np.zeros(grid.first_piece, dtype=np.float32))
    with pytest.raises(ValueError, match="lacks 28000 samples"):
        stream.vector()
