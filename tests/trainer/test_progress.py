"""Calls in several processes, and what a long run says."""

import io
import os
import re

import pytest
from rich.console import Console

from emotion.errors import UsageError
from trainer.progress import TrainingLog, call_in_processes, default_jobs


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_arguments(jobs: int) -> None:
    pairs = [(base, 2) for base in range(7)]
    assert list(call_in_processes(pow, pairs, jobs=jobs, at_once=3)) == [0, 1, 4, 9, 16, 25, 36]


def test_one_job_stays_in_this_process_and_two_leave_it() -> None:
    assert set(call_in_processes(os.getpid, [()] * 3, jobs=1)) == {os.getpid()}
    assert os.getpid() not in set(call_in_processes(os.getpid, [()] * 3, jobs=2))


def test_fewer_than_one_is_refused() -> None:
    with pytest.raises(UsageError, match="--jobs is 0; give a number of processes, at least 1"):
        list(call_in_processes(pow, [(1, 1)], jobs=0))
    assert default_jobs() >= 1


def test_lines_and_steps_are_shown_and_kept_with_their_time() -> None:
    shown = io.StringIO()
    log = TrainingLog(Console(file=shown, width=40))
    log.say("a line that is longer than forty columns is not broken, [square] brackets stay")
    with log.step("count", total=3) as advance:
        for _ in range(3):
            advance(1)
    first, second = shown.getvalue().splitlines()
    assert first == "a line that is longer than forty columns is not broken, [square] brackets stay"
    assert re.fullmatch(r"count: done in \d+\.\d s", second)
    head, *kept = log.text.splitlines()
    assert head.startswith("# ")
    assert [line[10:] for line in kept] == [first, second]
    assert all(re.match(r" +\d+\.\d  ", line) for line in kept)


def test_a_bar_is_drawn_on_a_terminal_only() -> None:
    for terminal in (True, False):
        shown = io.StringIO()
        log = TrainingLog(Console(file=shown, force_terminal=terminal, width=80))
        with log.step("count", total=2) as advance:
            advance(2)
        assert ("\x1b[" in shown.getvalue()) is terminal


def test_a_step_that_took_less_than_is_worth_a_line_gets_none() -> None:
    log = TrainingLog()
    with log.step("quick", worth_seconds=60.0):
        pass
    with log.step("always"):
        pass
    assert "quick" not in log.text
    assert "always: done in" in log.text
