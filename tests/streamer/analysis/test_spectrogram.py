"""Mel columns for the eye: where a tone lies, how time runs on over gaps, and that memory is bounded."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import FloatArray, Samples
from streamer.analysis.spectrogram import NUM_BANDS, MelColumns, SpectrogramColumns, SpectrogramHistory
from tests.strategies import cuts, signals

RATE = 16_000


def tone(hz: float, seconds: float, amplitude: float = 1.0) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hz * time)).astype(np.float32)


@pytest.mark.parametrize("band", [3, 10, 20, 30, 40, 46])
@pytest.mark.parametrize("amplitude", [1.0, 0.01])
def test_a_tone_lies_in_its_band_at_its_level(band: int, amplitude: float) -> None:
    mel = MelColumns(RATE)
    columns = 10 * np.log10(mel.power(tone(mel.band_hz[band], 1.0, amplitude)))
    assert set(columns.argmax(axis=1)) == {band}
    assert columns[:, band] == pytest.approx(20 * np.log10(amplitude), abs=2.0)


def test_columns_are_where_the_frames_fit() -> None:
    mel = MelColumns(RATE)
    for num_samples in (mel.frame_length, mel.frame_length + mel.hop - 1, mel.frame_length + mel.hop, 16_000):
        assert mel.power(np.zeros(num_samples, np.float32)).shape == (mel.num_columns(num_samples), NUM_BANDS)
    assert mel.num_columns(mel.frame_length - 1) == 0
    assert mel.num_columns(mel.frame_length) == 1


@settings(max_examples=30)
@given(st.data(), signals(max_samples=20_000))
def test_columns_do_not_depend_on_how_the_sound_is_cut(data: st.DataObject, samples: Samples) -> None:
    columns = SpectrogramColumns(RATE)
    columns.begin(1.0)
    for cut in data.draw(cuts(len(samples))):
        columns.push(samples[cut])
    view = columns.view()
    mel = MelColumns(RATE)
    num_columns = len(view.columns)
    assert mel.num_columns(len(samples)) - num_columns in range(5), "a handful may still wait"
    assert view.end == pytest.approx(1.0 + num_columns * view.column_seconds)
    if num_columns:
        expected = 10 * np.log10(np.maximum(mel.power(samples)[:num_columns], 1e-12))
        assert np.allclose(view.columns, expected, atol=1e-3)
    assert not view.columns.flags.writeable


def test_a_gap_is_drawn_as_silence() -> None:
    columns = SpectrogramColumns(RATE)
    columns.begin(0.0)
    columns.push(tone(1000, 1.024))
    columns.begin(3.0)
    columns.push(tone(1000, 1.024))
    view = columns.view()
    loud = view.columns.max(axis=1) > -10
    start = view.end - len(view.columns) * view.column_seconds
    edges = np.flatnonzero(np.diff(loud.astype(int))) + 1
    assert loud[0]
    assert start + edges * view.column_seconds == pytest.approx([1.0, 3.0], abs=0.05)
    assert view.end == pytest.approx(4.0, abs=0.05)
    assert view.columns[~loud].max() == pytest.approx(-120.0)


def test_only_the_last_minute_is_kept() -> None:
    columns = SpectrogramColumns(RATE)
    columns.begin(0.0)
    for _ in range(65):
        columns.push(tone(1000, 1.0))
    view = columns.view()
    assert len(view.columns) * view.column_seconds == pytest.approx(60.0)
    assert view.end == pytest.approx(65.0, abs=0.3)
    columns.begin(1e6)
    assert len(columns.view().columns) == len(view.columns)
    assert columns.view().end == pytest.approx(1e6, abs=0.05)


def test_a_view_stays_as_it_was_while_minutes_go_on() -> None:
    columns = SpectrogramColumns(RATE)
    columns.begin(0.0)
    seen = []
    for level in np.geomspace(1.0, 1e-3, 14):
        columns.push(tone(1000, 10.0, level))
        view = columns.view()
        seen.append((view.columns, view.columns.copy()))
    assert all(np.array_equal(view, before) for view, before in seen)
    # The same sound without the minutes before it.
    afresh = SpectrogramColumns(RATE)
    afresh.begin(0.0)
    for level in np.geomspace(1.0, 1e-3, 14)[-4:]:
        afresh.push(tone(1000, 10.0, level))
    assert np.array_equal(columns.view().columns[-500:], afresh.view().columns[-500:])


def stretches_of(power: FloatArray, lengths: list[int]) -> list[FloatArray]:
    edges = np.cumsum([0, *lengths])
    return [power[a:b] for a, b in pairwise(edges)]


@settings(max_examples=50)
@given(st.lists(st.integers(0, 70), max_size=40), st.sampled_from((2, 8, 30)))
def test_a_history_averages_power_in_bounded_memory(lengths: list[int], max_columns: int) -> None:
    history = SpectrogramHistory(max_columns)
    history.begin((100.0, 200.0), 0.04, 5.0)
    power = np.random.default_rng(1).uniform(0, 1, (sum(lengths), 2)).astype(np.float32)
    for part in stretches_of(power, lengths):
        history.add(part)
    decibels = history.decibels
    merged = round(history.column_seconds / 0.04)
    assert len(decibels) < max_columns or max_columns == 2
    assert len(decibels) == len(power) // merged
    if merged > 1:
        assert len(power) >= max_columns * merged // 2, "no more is averaged than must be"
    expected = power[: len(decibels) * merged].reshape(len(decibels), merged, 2).mean(axis=1)
    assert np.allclose(decibels, 10 * np.log10(np.maximum(expected, 1e-12)), atol=1e-3)
    assert (history.start, history.band_hz) == (5.0, (100.0, 200.0))


def test_a_long_session_has_at_most_four_thousand_columns() -> None:
    history = SpectrogramHistory()
    columns = SpectrogramColumns(RATE, history)
    columns.begin(0.0)
    columns.begin(24 * 3600.0)
    assert 2_000 <= len(history.decibels) <= 4_000
    assert len(history.decibels) * history.column_seconds == pytest.approx(24 * 3600, rel=1e-3)


def test_a_history_of_nothing_is_empty() -> None:
    assert SpectrogramHistory().decibels.size == 0
    with pytest.raises(ValueError, match="give an even number"):
        SpectrogramHistory(5)
