"""Windows: exact places, gaps and their causes, vectors, skips, and no more memory than they need."""

import math
import time
import tracemalloc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emotion.arrays import FloatArray, Samples, read_only
from emotion.features.base import FeatureStream
from emotion.features.catalogue import feature_set
from emotion.signal import StreamResampler
from emotion.window_grid import WindowGrid
from streamer.analysis.load_shedding import LoadShedder
from streamer.analysis.windows import GatedWindow, SegmentTime, WindowAnalyser, WindowOptions
from streamer.events import AudioBlock, Gap
from tests.model_maker import tone_of
from tests.strategies import sound

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


RATE = 16_000
GRID = WindowGrid.from_seconds(0.5, 0.2, RATE)
FEATURES = feature_set("classic-speech")


class Recorder:
    """A tap that keeps what it is given, segment by segment."""

    def __init__(self) -> None:
        self._segments: list[tuple[float, list[Samples]]] = []

    def begin(self, start: float) -> None:
        self._segments.append((start, []))

    def push(self, samples: Samples) -> None:
        self._segments[-1][1].append(samples)

    def segments(self) -> list[tuple[float, Samples]]:
        return [(start, np.concatenate(parts)) for start, parts in self._segments]


def block(
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


def analyser_with(options: WindowOptions | None = None) -> WindowAnalyser:
    return WindowAnalyser("customer", FEATURES, GRID, RATE, options or WindowOptions(gate="level"))


def windows(events: list[GatedWindow | Gap]) -> list[GatedWindow]:
    return [event for event in events if isinstance(event, GatedWindow)]


def tone_then_silence() -> Samples:
    """A second of a tone, then a second and a half of almost nothing."""
    return np.concatenate([tone_of("angry", 1, RATE, 1.0), 1e-5 * sound("noise", 24_000, 1.0, 1)])


def test_only_speech_has_a_vector_unless_all_are_asked_for() -> None:
    speech, every = (
        windows(analyser_with(WindowOptions("level", every)).push(block(tone_then_silence(), 0)))
        for every in (False, True)
    )
    states = [each.state for each in speech]
    assert set(states) == {"speech", "silence"}
    assert [each.state for each in every] == states
    assert [each.vector is not None for each in speech] == [state == "speech" for state in states]
    for one, other in zip(speech, every, strict=True):
        assert other.vector is not None
        if one.vector is not None:
            np.testing.assert_array_equal(one.vector, other.vector)


class CountingSet:
    """Its streams depend on what they are asked for: the first value of a vector counts the vectors."""

    name = FEATURES.name
    version = FEATURES.version
    sample_rate = FEATURES.sample_rate
    frame_length = FEATURES.frame_length
    frame_hop = FEATURES.frame_hop
    feature_names = FEATURES.feature_names
    feature_units = FEATURES.feature_units
    offline_only = False

    def open(self, grid: WindowGrid) -> FeatureStream:
        return CountingStream()

    def clip_vector(self, samples: Samples) -> FloatArray:
        return FEATURES.clip_vector(samples)


class CountingStream:
    def __init__(self) -> None:
        self.num_asked = 0

    def push(self, piece: Samples) -> None:
        """Take no notice."""

    def vector(self) -> FloatArray:
        self.num_asked += 1
        return np.full(len(FEATURES.feature_names), self.num_asked, dtype=np.float32)


def test_vectors_of_windows_without_speech_leave_those_of_speech_as_they_are() -> None:
    sound = np.concatenate([tone_then_silence(), tone_then_silence()])
    counting = WindowAnalyser(
        "customer", CountingSet(), GRID, RATE, WindowOptions("level", every_vector=True)
    )
    of_speech = [each for each in windows(counting.push(block(sound, 0))) if each.state == "speech"]
    counts = [each.vector[0] for each in of_speech if each.vector is not None]
    assert counts == list(range(1, len(of_speech) + 1))


def test_speech_that_has_waited_too_long_on_a_slow_machine_is_skipped_and_nothing_else() -> None:
    shedder = LoadShedder(0.2, clock=lambda: 100.0)
    for _ in range(30):
        shedder.worked(0, sound_seconds=0.5, busy_seconds=1.0, lag_seconds=0.0)
    usual, slow = analyser_with(), analyser_with(WindowOptions("level", shedder=shedder))
    both: list[list[GatedWindow]] = [[], []]
    for first in range(0, len(tone_then_silence()), 1_600):
        # The last tone arrived just now, what was before it long ago.
        arrived = 99.9 if first >= 0.8 * RATE else 90.0
        part = block(tone_then_silence()[first : first + 1_600], first, arrived=arrived)
        for analyser, found in zip((usual, slow), both, strict=True):
            found.extend(windows(analyser.push(part)))
    skipped = [each for each in both[1] if each.skipped]
    assert skipped
    assert not any(each.skipped for each in both[0])
    for one, other in zip(*both, strict=True):
        assert (one.state, one.start, one.end_sample) == (other.state, other.start, other.end_sample)
        assert other.skipped == (one.state == "speech" and one.arrived == 90.0)
        assert (other.vector is None) == (one.vector is None or other.skipped)


def test_a_load_shedder_times_each_vector() -> None:
    class Counted(LoadShedder):
        num_timed = 0

        @contextmanager
        def timed(self) -> Iterator[None]:
            self.num_timed += 1
            with super().timed():
                yield

    shedder = Counted(0.2)
    analyser = analyser_with(WindowOptions("level", shedder=shedder))
    found = windows(analyser.push(block(tone_then_silence(), 0, arrived=time.monotonic())))
    assert shedder.num_timed == sum(each.vector is not None for each in found) > 0


def test_a_tap_receives_all_sound_at_the_models_rate_and_where_each_segment_begins() -> None:
    tap = Recorder()
    analyser = WindowAnalyser("customer", FEATURES, GRID, 44_100, WindowOptions("level", tap=tap))
    stereo = np.stack([sound("noise", 30_000, 0.3, seed) for seed in (1, 2)], axis=1)
    for cut in (slice(0, 10), slice(10, 17_000), slice(17_000, 20_000)):
        analyser.push(block(stereo[cut], 441_000 + cut.start))
    analyser.push(block(stereo[20_000:], 500_000))
    analyser.finish()
    assert [start for start, _ in tap.segments()] == [10.0, 500_000 / 44_100]
    for (_, received), part in zip(tap.segments(), (stereo[:20_000], stereo[20_000:]), strict=True):
        resampler = StreamResampler(44_100, RATE)
        whole = [resampler.push(part.mean(axis=1, dtype=np.float32)), resampler.finish()]
        np.testing.assert_allclose(received, np.concatenate(whole), atol=1e-6)


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
    analyser = analyser_with()
    analyser.push(block(tone_then_silence()[:2000], 1000))
    (gap,) = analyser.push(
        block(
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
    analyser = analyser_with()
    late = block(tone_then_silence(), 48_000, away=True)
    (gap,) = analyser.gap_before(late)
    rest = analyser.push(late)
    assert isinstance(gap, Gap)
    assert (gap.start, gap.end, gap.cause) == (0.0, 3.0, "away")
    assert not any(isinstance(event, Gap) for event in rest)
    assert windows(rest)[0].start == 3.0
    assert not any(
        isinstance(event, Gap) for event in analyser_with().push(block(tone_then_silence(), 48_000))
    )


def test_a_pause_without_length_is_a_gap_all_the_same() -> None:
    analyser = analyser_with()
    analyser.push(block(tone_then_silence()[:2000], 0))
    assert analyser.pause() == []
    (gap,) = analyser.push(block(tone_then_silence()[:2000], 2000))
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.start_sample, gap.end_sample) == ("pause", 2000, 2000)


def test_what_is_known_of_the_room_stays_over_a_gap_and_no_slice_is_glued_across() -> None:
    analyser = analyser_with()
    analyser.push(block(0.001 * sound("noise", 8_000 + 1_500, 1.0, 1), 0))
    floor, level = analyser.noise_floor.dbfs, analyser.noise_floor.latest_dbfs
    assert floor == pytest.approx(-65, abs=1)
    loud = 0.5 * sound("noise", 1_600, 1.0, 2)
    analyser.push(block(loud[:1_500], 20_000))
    assert analyser.noise_floor.latest_dbfs == level, "the first slice after the gap is not whole yet"
    analyser.push(block(loud[1_500:], 21_500))
    assert analyser.noise_floor.latest_dbfs == pytest.approx(
        20 * np.log10(np.sqrt(np.mean(loud**2))), abs=1e-3
    )
    assert analyser.noise_floor.dbfs == pytest.approx(floor, abs=1)


def test_samples_at_full_scale_count_where_they_lie() -> None:
    flat = np.sign(sound("tone", 16_000, 1.0, 3)).astype(np.float32)
    clean = 0.3 * sound("noise", 16_000, 1.0, 3)
    analyser = analyser_with(WindowOptions("voice"))
    states = {
        each.start: each.state for each in windows(analyser.push(block(np.concatenate([clean, flat]), 500)))
    }
    begins = 500 / RATE
    assert all(state != "clipped" for start, state in states.items() if start + 0.5 <= begins + 1.0)
    assert all(state == "clipped" for start, state in states.items() if start >= begins + 1.0)
    after = windows(analyser.push(block(clean, 40_000)))
    assert after
    assert all(each.state != "clipped" for each in after)


def test_a_tone_is_speech_to_the_level_gate_alone() -> None:
    tone = block(0.3 * sound("tone", 24_000, 1.0, 3), 0)
    by_voice, by_level = analyser_with(WindowOptions("voice")), analyser_with(WindowOptions("level"))
    assert "speech" not in {each.state for each in windows(by_voice.push(tone))}
    assert "speech" in {each.state for each in windows(by_level.push(tone))}


def test_samples_that_are_no_numbers_are_counted_over_all_blocks() -> None:
    analyser = analyser_with()
    for first in (0, 100):
        analyser.push(block(np.full(100, np.nan, np.float32), first))
    assert analyser.non_finite_samples == 200


def test_a_small_rest_of_a_window_does_not_keep_a_large_block_alive() -> None:
    analyser = analyser_with()
    samples = np.zeros((RATE * 20 + 5, 1), np.float32)
    alive = weakref.ref(samples)
    analyser.push(AudioBlock(samples, 0, 0.0))
    del samples
    assert alive() is None


def test_a_line_too_bad_for_one_whole_window_costs_no_memory() -> None:
    analyser = analyser_with()
    silence = np.zeros(1_600, np.float32)

    def lose(count: int, first: int) -> int:
        for index in range(count):
            assert not windows(analyser.push(block(silence, first + 2_000 * index)))
        return first + 2_000 * count

    first = lose(20, 0)
    tracemalloc.start()
    try:
        lose(300, first)
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()
