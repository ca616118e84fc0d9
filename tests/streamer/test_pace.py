"""Which windows a machine skips: as few as it must, evenly, and none because of a stall."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.engine import LIVE_QUEUE_SECONDS
from streamer.pace import Pace
from tests.streamer.slow_machine import Followed, follow

steps = st.sampled_from([0.1, 0.25, 0.5, 1.0])
blocks = st.sampled_from([0.05, 0.064, 0.25])
legs = st.sampled_from([(0,), (0, 0), (0, 1), (0, 0, 1)])
"""The source of each leg."""


def bound_of(step_seconds: float) -> float:
    return Pace(step_seconds).bound_seconds


def share_heard(followed: Followed) -> float:
    return len(followed.heard) / (len(followed.heard) + len(followed.skipped))


def test_the_bound_is_a_second_or_two_steps_and_leaves_room_in_the_queue() -> None:
    assert [bound_of(step) for step in (0.05, 0.5, 0.75, 2.0, 5.0)] == [1.0, 1.0, 1.5, 4.0, 4.0]
    assert bound_of(60.0) < LIVE_QUEUE_SECONDS / 2


@settings(max_examples=12)
@given(steps, blocks, legs, st.floats(1.05, 4.0))
def test_a_slow_machine_hears_what_it_can_late_by_the_bound_and_drops_nothing(
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
    assert share_heard(followed) == pytest.approx(1 / demand, abs=0.05)
    settled = [lag for at, lag in followed.lags if at > 30.0]
    assert max(settled) <= bound_of(step) + cost * len(sources) + 2 * block + 0.01
    said = followed.too_slow[len(followed.too_slow) // 2 :]
    assert all(factor is None or factor == pytest.approx(demand, rel=0.12) for factor in said)
    assert demand < 1.15 or None not in said


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
    heard = [sum(leg == each for each, _ in followed.heard) for leg in range(num_legs)]
    assert max(heard) <= 1.5 * min(heard) + 2
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
def test_speech_that_the_pauses_make_up_for_is_heard_whole(turn_seconds: float) -> None:
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


def test_a_machine_that_has_become_fast_enough_hears_all_again_and_says_nothing() -> None:
    pace, now = Pace(0.5), 0.0
    skipped_at, said = [], []
    for block in range(240):
        end = 0.5 * (block + 1)
        now = began = max(now, end)
        cost = 1.0 if end < 30.0 else 0.1
        if pace.skips("mono", now - end):
            skipped_at.append(end)
        else:
            now += cost
            pace.heard(cost)
        pace.worked(0, 0.5, now - began, now - end)
        said.append(pace.too_slow)
    assert min(skipped_at) < 10.0
    assert 29.0 < max(skipped_at) < 34.0
    assert said[58] == pytest.approx(2.0, rel=0.1)
    assert set(said[100:]) == {None}


def test_work_that_is_no_window_counts_and_shows_though_no_window_is_there_to_skip() -> None:
    pace, now = Pace(0.5), 0.0
    for block in range(60):
        end = 0.25 * (block + 1)
        now = began = max(now, end)
        now += 0.3
        pace.worked(0, 0.25, now - began, now - end)
    assert pace.demand == pytest.approx(1.2)
    assert pace.too_slow == pytest.approx(1.2)


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.floats(0.0, 30.0)), max_size=100))
def test_whatever_is_measured_the_demand_is_a_number_and_little_is_remembered(
    works: list[tuple[float, float, float]],
) -> None:
    pace = Pace(0.5)
    for sound, busy, lag in works:
        pace.skips("mono", lag)
        pace.heard(busy)
        pace.worked(0, sound, busy, lag)
        assert 0.0 <= pace.demand < math.inf
        assert len(pace._slots) <= 21
