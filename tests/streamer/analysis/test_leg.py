"""Windows and rows do not depend on how the sound is cut; none crosses a gap; time is exact."""

import time
from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.features.catalogue import feature_set
from emotion.model import EmotionModel
from emotion.signal import StreamResampler
from emotion.window_grid import WindowGrid
from streamer.analysis.leg import Leg, LegFrontEnd, Vectors
from streamer.analysis.load_shedding import LegLoadShedder, LoadShedder
from streamer.analysis.windows import GatedWindow
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
        events += leg.push(block(samples[cut], origin + cut.start))
    events += leg.finish()
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
                events += leg.push(block(samples[cut], position + cut.start))
        position += len(samples)
    events += leg.finish()
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
    assert len(rows_in(leg.push(block(samples, 0)))) == 2, "the third ends with the last sample"
    after = block(samples, 88_200)
    before = leg.gap_before(after)
    assert isinstance(before[-1], Gap)
    assert len(before) == 2, "the window that the resampler held back is still given"
    assert rows_in(before)[0].end_sample == len(samples)
    assert leg.gap_before(after) == [], "a gap is told once"
    windows = [row.window for row in rows_in(leg.push(after))]
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
    leg.push(block(samples, 0))
    if paused:
        leg.pause()
    gap = leg.push(block(samples, 8_000, overrun=overrun))[0]
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.estimated) == (cause, estimated)
    later = leg.push(block(samples, 20_000))[0]
    assert isinstance(later, Gap)
    assert later.cause == "drop", "a pause explains one gap only"


def test_an_overrun_before_the_first_block_is_no_gap(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    assert leg.push(block(scene(16_000, 0.1, 1), 500, overrun=True)) == []


def test_a_source_that_counts_backwards_is_refused(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    leg.push(block(scene(16_000, 0.1, 1), 0))
    with pytest.raises(ValueError, match="1599 was told as the next sample after 1600"):
        leg.push(block(scene(16_000, 0.1, 1), 1599))


def test_non_finite_samples_are_taken_as_zero_and_counted(tiny_model: EmotionModel) -> None:
    samples = scene(16_000, 1.0, 1, channels=2)
    broken, mended = samples.copy(), samples.copy()
    broken[3_000:3_004, 1] = (np.nan, np.inf, -np.inf, np.nan)
    mended[3_000:3_004, 1] = 0.0
    legs = [Leg("mono", tiny_model, GRID, 16_000) for _ in range(2)]
    rows = [without_lag(leg.push(block(x, 0))) for leg, x in zip(legs, (broken, mended), strict=True)]
    assert rows[0] == rows[1]
    assert [leg.non_finite_samples for leg in legs] == [4, 0]


@pytest.mark.parametrize("value", [3.4e38, -3.4e38])
def test_huge_samples_still_give_finite_rows(tiny_model: EmotionModel, value: float) -> None:
    samples = scene(44_100, 1.0, 1, channels=2)
    samples[10_000] = value
    rows = rows_in(Leg("mono", tiny_model, GRID, 44_100).push(block(samples, 0)))
    assert rows
    for row in rows:
        assert np.isfinite(row.level_dbfs)
        assert row.probabilities is not None
        assert sum(row.probabilities.values()) == pytest.approx(1.0)


def test_in_silence_there_is_no_emotion(tiny_model: EmotionModel) -> None:
    rows = rows_in(Leg("mono", tiny_model, GRID, 16_000).push(block(np.zeros((16_000, 1), np.float32), 0)))
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
        rows += rows_in(leg.push(AudioBlock(part, begin, now - 1000 + index)))
    # Window 0 ends with sample 7 999, in block 9; window 1 with sample 11 199, in block 13.
    waited = time.monotonic() - now
    for row, ago in zip(rows, (991.0, 987.0), strict=True):
        assert ago <= row.lag_seconds <= ago + waited


def test_times_stay_exact_after_a_week(tiny_model: EmotionModel) -> None:
    week = 7 * 24 * 3600
    leg = Leg("mono", tiny_model, GRID, 44_100)
    rows = rows_in(leg.push(block(scene(44_100, 1.2, 1), week * 44_100)))
    assert [row.start for row in rows] == [week + 0.2 * k for k in range(len(rows))]
    assert [row.start_sample for row in rows] == [week * 44_100 + 8_820 * k for k in range(len(rows))]
    assert all(b.window == a.window + 1 for a, b in pairwise(rows))


def test_the_meter_shows_the_latest_tenth_of_a_second(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    assert leg.level_dbfs == -120.0
    tone = np.sin(np.arange(1_600) * 2 * np.pi * 0.05).astype(np.float32)[:, np.newaxis]
    leg.push(block(0.1 * tone, 0))
    assert leg.level_dbfs == pytest.approx(-23.01, abs=0.01)
    leg.push(block(tone[:800], 1_600))
    assert leg.level_dbfs == pytest.approx(-23.01, abs=0.01), "half a span says nothing yet"
    leg.push(block(tone[800:], 2_400))
    assert leg.level_dbfs == pytest.approx(-3.01, abs=0.01)


def test_a_line_too_bad_for_one_whole_window_costs_no_memory(tiny_model: EmotionModel) -> None:
    leg = Leg("mono", tiny_model, GRID, 16_000)
    for index in range(20):
        assert not rows_in(leg.push(block(np.zeros((1_600, 1), np.float32), 2_000 * index)))
    assert len(leg._hearing._arrivals._ends) == 1, "blocks before a gap are forgotten"


RATE = 16_000
FRONT_END_GRID = WindowGrid.from_seconds(0.5, 0.2, RATE)
FEATURES = feature_set("classic-speech")


class Listener:
    """Keeps what it is told, stretch by stretch."""

    def __init__(self) -> None:
        self.stretches: list[tuple[float, list[Samples]]] = []

    def begin(self, start: float) -> None:
        self.stretches.append((start, []))

    def push(self, samples: Samples) -> None:
        self.stretches[-1][1].append(samples)

    def heard(self) -> list[tuple[float, Samples]]:
        return [(start, np.concatenate(parts)) for start, parts in self.stretches]


def front_end_block(
    samples: Samples,
    first_sample: int,
    *,
    arrived: float = 0.0,
    overrun: bool = False,
    stalled: bool = False,
    away: bool = False,
) -> AudioBlock:
    columns = samples if samples.ndim == 2 else samples[:, np.newaxis]
    return AudioBlock(read_only(columns.copy()), first_sample, arrived, overrun, stalled, away)


def front_end(
    gate: str = "level", vectors: Vectors = "speech", pace: LegLoadShedder | None = None
) -> LegFrontEnd:
    return LegFrontEnd("customer", FEATURES, FRONT_END_GRID, RATE, gate=gate, vectors=vectors, pace=pace)


def windows(events: list[GatedWindow | Gap]) -> list[GatedWindow]:
    return [event for event in events if isinstance(event, GatedWindow)]


def tone_then_silence() -> Samples:
    """A second of a tone, then a second and a half of almost nothing."""
    return np.concatenate([tone_of("angry", 1, RATE, 1.0), 1e-5 * sound("noise", 24_000, 1.0, 1)])


def test_only_speech_has_a_vector_unless_all_are_asked_for() -> None:
    speech, every = (
        windows(front_end(vectors=which).push(front_end_block(tone_then_silence(), 0)))
        for which in ("speech", "all")
    )
    states = [each.state for each in speech]
    assert set(states) == {"speech", "silence"}
    assert [each.state for each in every] == states
    assert [each.vector is not None for each in speech] == [state == "speech" for state in states]
    for one, other in zip(speech, every, strict=True):
        assert other.vector is not None
        if one.vector is not None:
            np.testing.assert_array_equal(one.vector, other.vector)


def test_speech_that_has_waited_too_long_on_a_slow_machine_is_skipped_and_nothing_else() -> None:
    pace = LoadShedder(0.2)
    for _ in range(30):
        pace.worked(0, sound_seconds=0.5, busy_seconds=1.0, lag_seconds=0.0)
    usual, slow = front_end(), front_end(pace=LegLoadShedder(pace, "customer", clock=lambda: 100.0))
    both: list[list[GatedWindow]] = [[], []]
    for first in range(0, len(tone_then_silence()), 1_600):
        # The last tone arrived just now, what was before it long ago.
        arrived = 99.9 if first >= 0.8 * RATE else 90.0
        part = front_end_block(tone_then_silence()[first : first + 1_600], first, arrived=arrived)
        for leg, heard in zip((usual, slow), both, strict=True):
            heard.extend(windows(leg.push(part)))
    skipped = [each for each in both[1] if each.skipped]
    assert skipped
    assert not any(each.skipped for each in both[0])
    for one, other in zip(*both, strict=True):
        assert (one.state, one.start, one.end_sample) == (other.state, other.start, other.end_sample)
        assert other.skipped == (one.state == "speech" and one.arrived == 90.0)
        assert (other.vector is None) == (one.vector is None or other.skipped)


def test_a_pace_learns_what_vectors_take() -> None:
    ticks = count(0.0, 0.25)
    pace = LoadShedder(0.2)
    leg = front_end(pace=LegLoadShedder(pace, "customer", clock=lambda: next(ticks)))
    heard = windows(leg.push(front_end_block(tone_then_silence(), 0)))
    num_vectors = sum(each.vector is not None for each in heard)
    assert pace._slots[-1].heard_seconds == 0.25 * num_vectors > 0


def test_a_listener_hears_all_sound_at_the_models_rate_and_where_each_stretch_begins() -> None:
    listener = Listener()
    leg = LegFrontEnd("customer", FEATURES, FRONT_END_GRID, 44_100, gate="level", listener=listener)
    stereo = np.stack([sound("noise", 30_000, 0.3, seed) for seed in (1, 2)], axis=1)
    for cut in (slice(0, 10), slice(10, 17_000), slice(17_000, 20_000)):
        leg.push(front_end_block(stereo[cut], 441_000 + cut.start))
    leg.push(front_end_block(stereo[20_000:], 500_000))
    leg.finish()
    assert [start for start, _ in listener.heard()] == [10.0, 500_000 / 44_100]
    for (_, told), part in zip(listener.heard(), (stereo[:20_000], stereo[20_000:]), strict=True):
        resampler = StreamResampler(44_100, RATE)
        whole = [resampler.push(part.mean(axis=1, dtype=np.float32)), resampler.finish()]
        np.testing.assert_allclose(told, np.concatenate(whole), atol=1e-6)


@pytest.mark.parametrize(
    ("lost", "jump", "expected"),
    [
        ({}, 100, ("drop", False)),
        ({"overrun": True}, 100, ("overrun", True)),
        ({"overrun": True}, 0, ("overrun", True)),
        ({"stalled": True}, 100, ("stall", True)),
        ({"overrun": True, "stalled": True}, 100, ("stall", True)),
        ({"away": True}, 100, ("away", True)),
        ({"away": True, "stalled": True}, 100, ("away", True)),
    ],
)
def test_a_gap_is_one_legs_and_has_a_cause(
    lost: dict[str, bool], jump: int, expected: tuple[str, bool]
) -> None:
    leg = front_end()
    leg.push(front_end_block(tone_then_silence()[:2000], 1000))
    (gap,) = leg.push(
        front_end_block(
            tone_then_silence()[:2000],
            3000 + jump,
            overrun=lost.get("overrun", False),
            stalled=lost.get("stalled", False),
            away=lost.get("away", False),
        )
    )
    assert isinstance(gap, Gap)
    assert (gap.leg, gap.cause, gap.estimated) == ("customer", *expected)
    assert (gap.start, gap.end) == (3000 / RATE, (3000 + jump) / RATE)


def test_what_is_missing_before_the_first_sound_is_a_gap_once() -> None:
    leg = front_end()
    late = front_end_block(tone_then_silence(), 48_000, away=True)
    (gap,) = leg.gap_before(late)
    rest = leg.push(late)
    assert isinstance(gap, Gap)
    assert (gap.start, gap.end, gap.cause) == (0.0, 3.0, "away")
    assert not any(isinstance(event, Gap) for event in rest)
    assert windows(rest)[0].start == 3.0
    assert not any(
        isinstance(event, Gap) for event in front_end().push(front_end_block(tone_then_silence(), 48_000))
    )


def test_a_pause_without_length_is_a_gap_all_the_same() -> None:
    leg = front_end()
    leg.push(front_end_block(tone_then_silence()[:2000], 0))
    assert leg.pause() == []
    (gap,) = leg.push(front_end_block(tone_then_silence()[:2000], 2000))
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.start_sample, gap.end_sample) == ("pause", 2000, 2000)


def test_what_is_known_of_the_room_stays_over_a_gap_and_no_slice_is_glued_across() -> None:
    leg = front_end()
    leg.push(front_end_block(0.001 * sound("noise", 8_000 + 1_500, 1.0, 1), 0))
    floor, level = leg.floor_dbfs, leg.level_dbfs
    assert floor == pytest.approx(-65, abs=1)
    loud = 0.5 * sound("noise", 1_600, 1.0, 2)
    leg.push(front_end_block(loud[:1_500], 20_000))
    assert leg.level_dbfs == level, "the first slice after the gap is not whole yet"
    leg.push(front_end_block(loud[1_500:], 21_500))
    assert leg.level_dbfs == pytest.approx(20 * np.log10(np.sqrt(np.mean(loud**2))), abs=1e-3)
    assert leg.floor_dbfs == pytest.approx(floor, abs=1)


def test_samples_at_full_scale_count_where_they_lie() -> None:
    flat = np.sign(sound("tone", 16_000, 1.0, 3)).astype(np.float32)
    clean = 0.3 * sound("noise", 16_000, 1.0, 3)
    leg = front_end(gate="voice")
    states = {
        each.start: each.state
        for each in windows(leg.push(front_end_block(np.concatenate([clean, flat]), 500)))
    }
    begins = 500 / RATE
    assert all(state != "clipped" for start, state in states.items() if start + 0.5 <= begins + 1.0)
    assert all(state == "clipped" for start, state in states.items() if start >= begins + 1.0)
    after = windows(leg.push(front_end_block(clean, 40_000)))
    assert after
    assert all(each.state != "clipped" for each in after)


def test_a_tone_is_no_speech_where_the_feature_set_is_usually_told_voices() -> None:
    tone = front_end_block(0.3 * sound("tone", 24_000, 1.0, 3), 0)
    by_voice = LegFrontEnd("customer", feature_set("acoustic"), FRONT_END_GRID, RATE)
    by_level = LegFrontEnd("customer", FEATURES, FRONT_END_GRID, RATE)
    assert "speech" not in {each.state for each in windows(by_voice.push(tone))}
    assert "speech" in {each.state for each in windows(by_level.push(tone))}


def test_samples_that_are_no_numbers_are_counted_over_all_blocks() -> None:
    leg = front_end()
    for first in (0, 100):
        leg.push(front_end_block(np.full(100, np.nan, np.float32), first))
    assert leg.non_finite_samples == 200


def test_a_small_rest_of_a_window_does_not_keep_a_large_block_alive() -> None:
    leg = front_end()
    leg.push(front_end_block(np.zeros(RATE * 20 + 5, np.float32), 0))
    assert leg._stretch is not None
    held = leg._stretch._pieces._waiting
    assert sum(len(each) for each in held) > 0
    assert all(each.base is None or each.base.nbytes < 4 * RATE for each in held)
