"""A slow machine skips as few windows as it must, evenly, none because of a stall; other rows stay."""

import math
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.analysis.leg import Leg, LegOptions
from streamer.analysis.load_shedding import LoadShedder
from streamer.events import APART_SECONDS, AudioBlock, Gap, LegEvent, LegOutput, Row, Skip, SkipEpisodes
from streamer.session import LIVE_QUEUE_SECONDS
from streamer.snapshot import TalkTime
from tests.model_maker import tone_of
from tests.strategies import cuts, sound

Speech = Callable[[int, float], bool]


@dataclass(slots=True)
class Followed:
    """What became of the windows.

    Attributes
    ----------
    analysed, skipped : list of (int, float)
        Leg and end of each window of speech, in the order of the decisions.
    lags : list of (float, float)
        End of each window that was analysed, and its lag when its row was there.
    dropped_seconds : float
        Sound that had waited too long.
    too_slow : list of float or None
        Demand where it was too slow, about once a second.
    """

    analysed: list[tuple[int, float]] = field(default_factory=list)
    skipped: list[tuple[int, float]] = field(default_factory=list)
    lags: list[tuple[float, float]] = field(default_factory=list)
    dropped_seconds: float = 0.0
    too_slow: list[float | None] = field(default_factory=list)

    def holes(self, leg: int, step_seconds: float, after: float) -> list[int]:
        """Count, between two windows of a leg that were analysed, those that were not."""
        ends = [end for each, end in self.analysed if each == leg and end > after]
        return [round((b - a) / step_seconds) - 1 for a, b in pairwise(ends)]


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def follow(
    seconds: float,
    *,
    cost_seconds: float,
    num_legs: int = 1,
    step_seconds: float = 0.5,
    block_seconds: float = 0.05,
    base_share: float = 0.02,
    speech: Speech = lambda *_: True,
    stalls: Mapping[int, float] | None = None,
    sources: Sequence[int] | None = None,
) -> Followed:
    """Let a worker follow a session.

    Parameters
    ----------
    seconds : float
        Of sound.
    cost_seconds : float
        What a window that is analysed takes.
    num_legs : int
        Whose windows are due in the same block.
    step_seconds, block_seconds : float
        From window to window, and of a block.
    base_share : float
        What a block costs besides, in its own length.
    speech : callable
        Tells of a leg and a time whether its window is one of speech.
    stalls : mapping of int to float
        By number of the block, seconds for which all stands still while it is worked through.
    sources : sequence of int, optional
        The source of each leg; unless given, all are of one.

    Returns
    -------
    Followed
        What became of the windows.
    """
    clock, followed = Clock(), Followed()
    shedder = LoadShedder(step_seconds, clock)
    source_of = list(sources or [0] * num_legs)
    windows = [0] * num_legs
    for block in range(round(seconds / block_seconds)):
        end = (block + 1) * block_seconds
        for source in sorted(set(source_of)):
            clock.now = began = max(clock.now, end)
            if clock.now - end > LIVE_QUEUE_SECONDS:
                followed.dropped_seconds += block_seconds
                for leg in range(num_legs):
                    windows[leg] = max(windows[leg], round(end // step_seconds) * (source_of[leg] == source))
                continue
            clock.now += base_share * block_seconds + (stalls or {}).get(block, 0.0) * (source == 0)
            for leg in (leg for leg in range(num_legs) if source_of[leg] == source):
                while (windows[leg] + 1) * step_seconds <= end + 1e-9:
                    windows[leg] += 1
                    at = windows[leg] * step_seconds
                    if not speech(leg, at):
                        continue
                    if shedder.skips(str(leg), end):
                        followed.skipped.append((leg, at))
                        continue
                    with shedder.timed():
                        clock.now += cost_seconds
                    followed.analysed.append((leg, at))
                    followed.lags.append((at, clock.now - end))
            shedder.worked(source, block_seconds, clock.now - began, clock.now - end)
            if end % 1.0 < block_seconds:
                followed.too_slow.append(shedder.too_slow)
    return followed


steps = st.sampled_from([0.1, 0.25, 0.5, 1.0])
blocks = st.sampled_from([0.05, 0.064, 0.25])
legs = st.sampled_from([(0,), (0, 0), (0, 1), (0, 0, 1)])
"""The source of each leg."""


def bound_of(step_seconds: float) -> float:
    return LoadShedder(step_seconds).bound_seconds


def analysed_share(followed: Followed) -> float:
    return len(followed.analysed) / (len(followed.analysed) + len(followed.skipped))


def test_the_bound_is_a_second_or_two_steps_and_leaves_room_in_the_queue() -> None:
    assert [bound_of(step) for step in (0.05, 0.5, 0.75, 2.0, 5.0)] == [1.0, 1.0, 1.5, 4.0, 4.0]
    assert bound_of(60.0) < LIVE_QUEUE_SECONDS / 2


@settings(max_examples=12)
@given(steps, blocks, legs, st.floats(1.05, 4.0))
def test_a_slow_machine_analyses_what_it_can_late_by_the_bound_and_drops_nothing(
    step: float, block: float, sources: tuple[int, ...], demand: float
) -> None:
    cost = demand * step / len(sources)
    followed = follow(
        90.0,
        cost_seconds=cost,
        num_legs=len(sources),
        sources=sources,
        step_seconds=step,
        block_seconds=block,
        base_share=0.0,
    )
    assert followed.dropped_seconds == 0.0
    assert analysed_share(followed) == pytest.approx(1 / demand, abs=0.05)
    settled = [lag for at, lag in followed.lags if at > 30.0]
    assert max(settled) <= bound_of(step) + cost * len(sources) + 2 * block + 0.01
    factors = followed.too_slow[len(followed.too_slow) // 2 :]
    assert all(factor is None or factor == pytest.approx(demand, rel=0.12) for factor in factors)
    assert demand < 1.15 or None not in factors


@settings(max_examples=12)
@given(st.sampled_from([0.25, 0.5, 1.0]), blocks, legs, st.floats(1.1, 3.0))
def test_skipping_is_even_in_time_and_among_legs(
    step: float, block: float, sources: tuple[int, ...], demand: float
) -> None:
    num_legs = len(sources)
    followed = follow(
        90.0,
        cost_seconds=demand * step / num_legs,
        num_legs=num_legs,
        sources=sources,
        step_seconds=step,
        block_seconds=block,
    )
    analysed = [sum(leg == each for each, _ in followed.analysed) for leg in range(num_legs)]
    assert max(analysed) <= 1.5 * min(analysed) + 2
    for leg in range(num_legs):
        longest = max(followed.holes(leg, step, after=30.0))
        if num_legs == 1:
            assert longest <= math.ceil(demand) + 1
        else:
            assert longest * step <= max(1.0, 2 * num_legs * math.ceil(demand) * step)


@settings(max_examples=12)
@given(steps, blocks, legs, st.floats(0.01, 0.6), st.tuples(st.integers(0, 80), st.floats(0.5, 7.0)))
def test_a_stall_of_a_machine_that_is_fast_enough_costs_no_window(
    step: float, block: float, sources: tuple[int, ...], demand: float, stall: tuple[int, float]
) -> None:
    followed = follow(
        30.0,
        cost_seconds=demand * step / len(sources),
        num_legs=len(sources),
        sources=sources,
        step_seconds=step,
        block_seconds=block,
        stalls=dict([stall]),
    )
    assert not followed.skipped
    assert followed.dropped_seconds == 0.0
    assert set(followed.too_slow) == {None}


@pytest.mark.parametrize("turn_seconds", [3.0, 5.0])
def test_no_speech_is_skipped_where_pauses_make_up_for_it(turn_seconds: float) -> None:
    followed = follow(
        120.0,
        cost_seconds=0.5 * 1.4,
        speech=lambda _, at: int(at // turn_seconds) % 2 == 0,
    )
    assert not [at for _, at in followed.skipped if at > 10.0]
    assert max(lag for at, lag in followed.lags if at > 10.0) > bound_of(0.5)


def test_after_a_silence_a_slow_machine_does_not_run_into_a_drop() -> None:
    followed = follow(120.0, cost_seconds=0.5 * 5, speech=lambda _, at: at % 30.0 > 20.0)
    assert followed.skipped
    assert followed.dropped_seconds == 0.0
    assert max(lag for _, lag in followed.lags) < LIVE_QUEUE_SECONDS


def test_a_machine_that_has_become_fast_enough_skips_and_reports_nothing() -> None:
    clock = Clock()
    shedder = LoadShedder(0.5, clock)
    skipped_at, factors = [], []
    for block in range(240):
        end = 0.5 * (block + 1)
        clock.now = began = max(clock.now, end)
        if shedder.skips("mono", end):
            skipped_at.append(end)
        else:
            with shedder.timed():
                clock.now += 1.0 if end < 30.0 else 0.1
        shedder.worked(0, 0.5, clock.now - began, clock.now - end)
        factors.append(shedder.too_slow)
    assert min(skipped_at) < 10.0
    assert 29.0 < max(skipped_at) < 34.0
    assert factors[58] == pytest.approx(2.0, rel=0.1)
    assert set(factors[100:]) == {None}


def test_work_that_is_no_window_counts_and_shows_though_no_window_is_there_to_skip() -> None:
    shedder, now = LoadShedder(0.5), 0.0
    for block in range(60):
        end = 0.25 * (block + 1)
        now = began = max(now, end)
        now += 0.3
        shedder.worked(0, 0.25, now - began, now - end)
    assert shedder.demand == pytest.approx(1.2)
    assert shedder.too_slow == pytest.approx(1.2)


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.floats(0.0, 30.0)), max_size=100))
def test_whatever_is_measured_the_demand_is_a_number(works: list[tuple[float, float, float]]) -> None:
    clock = Clock()
    shedder = LoadShedder(0.5, clock)
    for sound_seconds, busy, lag in works:
        shedder.skips("mono", clock.now - lag)
        with shedder.timed():
            clock.now += busy
        shedder.worked(0, sound_seconds, busy, lag)
        assert 0.0 <= shedder.demand < math.inf


def test_little_is_remembered() -> None:
    shedder = LoadShedder(0.5)
    for _ in range(100):
        shedder.worked(0, 1.0, 0.1, 0.1)
    tracemalloc.start()
    try:
        for _ in range(2_000):
            shedder.skips("mono", 0.0)
            shedder.worked(0, 1.0, 0.1, 0.1)
        assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()


GRID = WindowGrid.from_seconds(0.5, 0.2, 16_000)
RATE = 22_050


class Decided(LoadShedder):
    """Skips as given, window of speech by window of speech, and none after that."""

    def __init__(self, decisions: Iterable[bool]) -> None:
        super().__init__(0.2)
        self.num_asked = 0
        self._decisions = iter(decisions)

    def skips(self, leg: str, arrived: float) -> bool:
        self.num_asked += 1
        return next(self._decisions, False)


def scene(seconds: float, seed: int) -> Samples:
    """Give a voice-like tone with pauses over a little noise."""
    rng = np.random.default_rng(seed)
    voice = tone_of("angry", seed, RATE, seconds)
    voice *= sound("pauses", len(voice), 1.0, seed) != 0
    return (voice + 0.001 * rng.standard_normal(len(voice)).astype(np.float32))[:, np.newaxis]


def events_of(leg: Leg, samples: Samples, pieces: Iterable[slice]) -> list[LegEvent]:
    events: list[LegOutput] = []
    for piece in pieces:
        part = read_only(samples[piece].copy())
        events += leg.rows(leg.windows.push(AudioBlock(part, piece.start, arrived=0.0)))
    events += leg.rows(leg.windows.finish())
    return [
        event if isinstance(event, Gap) else replace(event, lag_seconds=0.0)
        for event in events
        if isinstance(event, LegEvent)
    ]


def without_smoothing(row: Row) -> Row:
    return replace(row, smoothed=None, emotion=None)


@settings(max_examples=20)
@given(st.data())
def test_windows_that_are_not_skipped_are_those_of_a_leg_that_skips_none(
    tiny_model: EmotionModel, data: st.DataObject
) -> None:
    samples = scene(data.draw(st.floats(0.5, 4.0)), data.draw(st.integers(0, 99)))
    decisions = data.draw(st.lists(st.booleans(), max_size=30))
    shedder = Decided(decisions)
    whole = events_of(Leg("mono", tiny_model, GRID, RATE), samples, [slice(0, len(samples))])
    skipping = Leg("mono", tiny_model, GRID, RATE, LegOptions(shedder=shedder))
    events = events_of(skipping, samples, data.draw(cuts(len(samples))))
    assert len(events) == len(whole)
    spoken = 0
    for event, row in zip(events, whole, strict=True):
        assert isinstance(row, Row)
        if row.state == "speech":
            spoken += 1
            assert isinstance(event, Skip) is (spoken <= len(decisions) and decisions[spoken - 1])
        if isinstance(event, Skip):
            assert event.state == row.state == "speech"
            assert (event.window, event.start, event.end) == (row.window, row.start, row.end)
            assert (event.start_sample, event.end_sample) == (row.start_sample, row.end_sample)
        else:
            assert isinstance(event, Row)
            assert without_smoothing(event) == without_smoothing(row)
    assert shedder.num_asked == spoken, "windows without speech cost nothing, and are not asked for"
    again = events_of(
        Leg("mono", tiny_model, GRID, RATE, LegOptions(shedder=Decided(decisions))),
        samples,
        [slice(0, len(samples))],
    )
    assert events == again, "smoothing as well depends on what was skipped alone"


def test_a_leak_is_silence_though_its_window_was_to_be_skipped(tiny_model: EmotionModel) -> None:
    samples = tone_of("sad", 1, RATE, 2.0)[:, np.newaxis]
    leg = Leg("me", tiny_model, GRID, RATE, LegOptions(is_leak=lambda *_: True, shedder=Decided([True] * 99)))
    events = events_of(leg, samples, [slice(0, len(samples))])
    assert events
    assert {event.state for event in events if isinstance(event, Row)} == {"silence"}
    assert not [event for event in events if isinstance(event, Skip)]


def test_what_a_window_takes_is_measured_from_vector_to_classification(tiny_model: EmotionModel) -> None:
    class Measured(LoadShedder):
        num_timed = 0

        @contextmanager
        def timed(self) -> Iterator[None]:
            self.num_timed += 1
            with super().timed():
                yield

    shedder = Measured(0.2)
    leg = Leg("mono", tiny_model, GRID, RATE, LegOptions(shedder=shedder))
    voice = tone_of("sad", 1, RATE, 0.75)[:, np.newaxis]
    events = events_of(leg, voice, [slice(0, len(voice))])
    assert len(events) == 2
    assert shedder.num_timed == 4, "a vector and a classification for each of the two"


def test_who_talks_is_counted_whatever_is_skipped(tiny_model: EmotionModel) -> None:
    samples = tone_of("sad", 1, RATE, 3.0)[:, np.newaxis]
    shares = []
    for decisions in ([], [True, False, True, True] * 10):
        talk = TalkTime(["mono"], 0.2)
        leg = Leg("mono", tiny_model, GRID, RATE, LegOptions(shedder=Decided(decisions)))
        for event in events_of(leg, samples, [slice(0, len(samples))]):
            assert not isinstance(event, Gap)
            talk.take(event)
        shares.append((talk.seconds("mono"), talk.last))
    assert shares[0] == shares[1]
    assert shares[0][0] > 2.0


def test_skipping_is_reported_where_it_begins() -> None:
    episodes = SkipEpisodes()
    ends = [5.0, 5.5, 6.0, 6.0 + APART_SECONDS, 16.5 + APART_SECONDS, 17.0 + APART_SECONDS]
    reported = [
        end
        for end in ends
        if episodes.begins_with(Skip(end - 2.0, end, 0, 1, leg="me", window=0, lag_seconds=1.2, demand=1.4))
    ]
    assert reported == [5.0, 16.5 + APART_SECONDS]
