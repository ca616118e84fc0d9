"""Calls in several processes."""

import os

import pytest

from emotion.errors import UsageError
from trainer.parallel import call_in_processes, default_jobs


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
