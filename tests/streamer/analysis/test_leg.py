"""Rows do not depend on how the sound is cut; none crosses a gap; time is exact."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.analysis.leg import Leg
from streamer.events import AudioBlock, Gap, LegEvent, Row
from tests.model_maker import tone_of
from tests.offline_rows import rows_of, without_lag
from tests.strategies import cuts, sound

GRID = WindowGrid.from_seconds(0.5, 0.2, 16_000)
"""Win is no multiple of step, so that the first piece is shorter than the others."""

RATES = (8_000, 11_025, 16_000, 44_100, 48_000, 96_000)


def block(samples: Samples, first_sample: int, *, overrun: bool = False) -> AudioBlock:
    return AudioBlock(read_only(samples.copy()), first_sample, time.monotonic(), overrun=overrun)


def scene(rate: int, seconds: float, seed: int, channels: int = 1) -> Samples:
    """Give a voice-like tone with pauses over a little noise: speech and silence both occur."""
    rng = np.random.default_rng(seed)
    voice = tone_of("angry", seed, rate, seconds)
    voice *= sound("pauses", len(voice), 1.0, seed) != 0
    mono = voice + 0.001 * rng.standard_normal(len(voice)).astype(np.float32)
    gains = np.linspace(1.0, 0.5, channels, dtype=np.float32)
    return (mono[:, np.newaxis] * gains).astype(np.float32)


def rows_in(events: list[LegEvent]) -> list[Row]:
    return [event for event in events if isinstance(event, Row)]


def rows_of_block(leg: Leg, one: AudioBlock) -> list[Row]:
    return rows_in(leg.rows(leg.windows.push(one)))


@settings(max_examples=min(60, settings().max_examples))
@given(st.data())
def test_rows_are_those_of_the_whole_signal_however_it_is_cut(
    tiny_model: EmotionModel, data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from(RATES))
    channels = data.draw(st.sampled_from((1, 2, 6)))
    origin = data.draw(st.integers(0, 10**9))
    samples = scene(rate, data.draw(st.floats(0.3, 2.0)), data.draw(st.integers(0, 99)), channels)
    leg = Leg("mono", tiny_model, GRID, rate)
    events: list[LegEvent] = []
    for cut in data.draw(cuts(len(samples))):
        events += leg.rows(leg.windows.push(block(samples[cut], origin + cut.start)))
    events += leg.rows(leg.windows.finish())
    assert without_lag(events) == rows_of([(origin, samples)], tiny_model, GRID, rate)


@settings(max_examples=min(40, settings().max_examples))
@given(st.data())
def test_each_stretch_between_gaps_is_heard_for_itself(tiny_model: EmotionModel, data: st.DataObject) -> None:
    rate = data.draw(st.sampled_from((8_000, 16_000, 44_100)))
    leg = Leg("mono", tiny_model, GRID, rate)
    stretches: list[tuple[int, Samples]] = []
    events: list[LegEvent] = []
    gaps: list[tuple[int, int]] = []
    position = data.draw(st.integers(0, 1000))
    for index in range(data.draw(st.integers(2, 4))):
        samples = scene(rate, data.draw(st.floats(0.1, 1.2)), 10 + index)
        if stretches:
            lost = data.draw(st.integers(1, 3 * rate))
            gaps.append((position, position + lost))
            position += lost
        stretches.append((position, samples))
        for cut in data.draw(cuts(len(samples), max_cuts=4)):
            if cut.start < cut.stop:
                events += leg.rows(leg.windows.push(block(samples[cut], position + cut.start)))
        position += len(samples)
    events += leg.rows(leg.windows.finish())
    assert without_lag(rows_in(events)) == rows_of(stretches, tiny_model, GRID, rate)
    given_gaps = [event for event in events if isinstance(event, Gap)]
    assert [(gap.start_sample, gap.end_sample) for gap in given_gaps] == gaps
    assert [(gap.start, gap.end) for gap in given_gaps] == [(a / rate, b / rate) for a, b in gaps]
    for event in rows_in(events):
        for gap in given_gaps:
            assert event.end_sample <= gap.start_sample or event.start_sample >= gap.end_sample


def test_rows_before_a_gap_come_before_it_and_rows_after_it_after(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 44_100)
    samples = scene(44_100, 0.9, 1)
    assert len(rows_of_block(leg, block(samples, 0))) == 2, "the third ends with the last sample"
    after = block(samples, 88_200)
    before = leg.rows(leg.windows.gap_before(after))
    assert isinstance(before[-1], Gap)
    assert len(before) == 2, "the window that the resampler held back is still given"
    assert rows_in(before)[0].end_sample == len(samples)
    assert leg.rows(leg.windows.gap_before(after)) == [], "a gap is told once"
    windows = [row.window for row in rows_in(leg.rows(leg.windows.push(after)))]
    assert windows[0] == rows_in(before)[-1].window + 1, "numbers run on over a gap"


@pytest.mark.parametrize(
    ("paused", "overrun", "cause", "estimated"),
    [
        (False, False, "drop", False),
        (False, True, "overrun", True),
        (True, False, "pause", False),
        (True, True, "pause", True),
    ],
)
def test_a_gap_says_who_lost_the_sound(
    tiny_model: EmotionModel, *, paused: bool, overrun: bool, cause: str, estimated: bool
) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    samples = scene(16_000, 0.3, 1)
    leg.rows(leg.windows.push(block(samples, 0)))
    if paused:
        leg.rows(leg.windows.pause())
    gap = leg.rows(leg.windows.push(block(samples, 8_000, overrun=overrun)))[0]
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.estimated) == (cause, estimated)
    later = leg.rows(leg.windows.push(block(samples, 20_000)))[0]
    assert isinstance(later, Gap)
    assert later.cause == "drop", "a pause explains one gap only"


def test_an_overrun_before_the_first_block_is_no_gap(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    assert leg.rows(leg.windows.push(block(scene(16_000, 0.1, 1), 500, overrun=True))) == []


def test_a_source_that_counts_backwards_is_refused(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    leg.rows(leg.windows.push(block(scene(16_000, 0.1, 1), 0)))
    with pytest.raises(ValueError, match="1599 was told as the next sample after 1600"):
        leg.rows(leg.windows.push(block(scene(16_000, 0.1, 1), 1599)))


def test_non_finite_samples_are_taken_as_zero_and_counted(tiny_model: EmotionModel) -> None:
    samples = scene(16_000, 1.0, 1, channels=2)
    broken, mended = samples.copy(), samples.copy()
    broken[3_000:3_004, 1] = (np.nan, np.inf, -np.inf, np.nan)
    mended[3_000:3_004, 1] = 0.0
    legs = [Leg("mono", tiny_model, GRID, 16_000) for _ in range(2)]
    rows = [
        without_lag(rows_of_block(leg, block(x, 0))) for leg, x in zip(legs, (broken, mended), strict=True)
    ]
    assert rows[0] == rows[1]
    assert [leg.windows.non_finite_samples for leg in legs] == [4, 0]


@pytest.mark.parametrize("value", [3.4e38, -3.4e38])
def test_huge_samples_still_give_finite_rows(tiny_model: EmotionModel, value: float) -> None:
    samples = scene(44_100, 1.0, 1, channels=2)
    samples[10_000] = value
    rows = rows_of_block(Leg("mono", tiny_model, GRID, 44_100), block(samples, 0))
    assert rows
    for row in rows:
        assert np.isfinite(row.level_dbfs)
        assert row.probabilities is not None
        assert sum(row.probabilities.values()) == pytest.approx(1.0)


def test_in_silence_there_is_no_emotion(tiny_model: EmotionModel) -> None:
    rows = rows_of_block(Leg("mono", tiny_model, GRID, 16_000), block(np.zeros((16_000, 1), np.float32), 0))
    assert len(rows) == GRID.num_windows(16_000)
    for row in rows:
        assert (row.state, row.emotion, row.probabilities, row.smoothed) == ("silence", None, None, None)
        assert row.level_dbfs == -120.0


def test_the_lag_counts_from_the_block_with_the_last_sample(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    samples = scene(16_000, 0.7, 1)
    now = time.monotonic()
    rows: list[Row] = []
    for index, begin in enumerate(range(0, len(samples), 800)):
        part = read_only(samples[begin : begin + 800].copy())
        rows += rows_of_block(leg, AudioBlock(part, begin, now - 1000 + index))
    # Window 0 ends with sample 7 999, in block 9; window 1 with sample 11 199, in block 13.
    waited = time.monotonic() - now
    for row, ago in zip(rows, (991.0, 987.0), strict=True):
        assert ago <= row.lag_seconds <= ago + waited


def test_times_stay_exact_after_a_week(tiny_model: EmotionModel) -> None:
    week = 7 * 24 * 3600
    leg = Leg("mono", tiny_model, GRID, 44_100)
    rows = rows_of_block(leg, block(scene(44_100, 1.2, 1), week * 44_100))
    assert [row.start for row in rows] == [week + 0.2 * k for k in range(len(rows))]
    assert [row.start_sample for row in rows] == [week * 44_100 + 8_820 * k for k in range(len(rows))]
    assert all(b.window == a.window + 1 for a, b in pairwise(rows))


def test_the_meter_shows_the_latest_tenth_of_a_second(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    assert leg.windows.level_dbfs == -120.0
    tone = np.sin(np.arange(1_600) * 2 * np.pi * 0.05).astype(np.float32)[:, np.newaxis]
    leg.rows(leg.windows.push(block(0.1 * tone, 0)))
    assert leg.windows.level_dbfs == pytest.approx(-23.01, abs=0.01)
    leg.rows(leg.windows.push(block(tone[:800], 1_600)))
    assert leg.windows.level_dbfs == pytest.approx(-23.01, abs=0.01), "half a span says nothing yet"
    leg.rows(leg.windows.push(block(tone[800:], 2_400)))
    assert leg.windows.level_dbfs == pytest.approx(-3.01, abs=0.01)
