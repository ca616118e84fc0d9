"""Contenders that take turns: how often, in which company, and what comes of the times."""

import gc

import numpy as np
import pytest

from benchmarks.timing import (
    BURST,
    BURST_WARM_UP,
    WARM_UP_ROUNDS,
    Contender,
    Times,
    alone_in_bursts,
    take_turns,
)
from emotion.errors import UsageError


def counting(name: str, seen: list[tuple[str, int]], *, counts_from: int = 0) -> Contender:
    """A contender that notes when it was asked."""

    def step(number: int) -> bool:
        seen.append((name, number))
        return number >= counts_from

    return Contender(name, step)


def test_every_round_asks_everybody_once_about_the_same_step() -> None:
    seen: list[tuple[str, int]] = []
    done: list[int] = []
    times = take_turns([counting(name, seen) for name in "abc"], 5, done.append)
    assert times.seconds.shape == (5, 3)
    assert (times.seconds >= 0).all()
    assert sum(done) == 5
    rounds = [seen[start : start + 3] for start in range(0, len(seen), 3)]
    assert len(rounds) == 5 + WARM_UP_ROUNDS
    assert [sorted(each) for each in rounds] == [[(name, k) for name in "abc"] for k in range(len(rounds))]
    assert len({tuple(name for name, _ in each) for each in rounds}) > 1, "always the same order"


def test_a_round_in_which_work_was_left_out_is_taken_again() -> None:
    seen: list[tuple[str, int]] = []
    times = take_turns([counting("a", seen), counting("b", seen, counts_from=WARM_UP_ROUNDS + 2)], 3)
    assert len(times.seconds) == 3
    assert max(number for _, number in seen) == WARM_UP_ROUNDS + 2 + 3 - 1


def test_a_contender_that_never_works_is_given_up() -> None:
    with pytest.raises(UsageError, match="0 of 3 rounds"):
        take_turns([counting("a", [], counts_from=1000)], 3)


def test_bursts_run_by_themselves() -> None:
    seen: list[tuple[str, int]] = []
    done: list[int] = []
    times = alone_in_bursts([counting("a", seen), counting("b", seen)], BURST + 1, done.append)
    assert times.seconds.shape == (2, 2)
    assert sum(done) == BURST + 1
    names = [name for name, _ in seen]
    in_a_burst = BURST + BURST_WARM_UP
    assert names == ["a"] * in_a_burst + ["b"] * in_a_burst + ["a"] * in_a_burst + ["b"] * in_a_burst


def test_the_collector_rests_meanwhile_and_works_again_afterwards() -> None:
    states: list[bool] = []

    def look(_: int) -> bool:
        states.append(gc.isenabled())
        return True

    take_turns([Contender("look", look)], 2)
    assert set(states) == {False}
    assert gc.isenabled()


def test_ratios_are_taken_within_rounds() -> None:
    # The machine was ten times as slow in the second round: a ratio of medians would not show it, pairs do.
    times = Times(("dear", "cheap"), np.array([[0.004, 0.002], [0.040, 0.010], [0.006, 0.002]]))
    ratio = times.ratio("dear", "cheap")
    assert (ratio.lowest, ratio.median, ratio.highest) == pytest.approx((2.0, 3.0, 4.0))
    assert (ratio.lower_quartile, ratio.upper_quartile) == pytest.approx((2.5, 3.5))
    assert times.median_ms("dear") == pytest.approx(6.0)
