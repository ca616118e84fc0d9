"""Calls in several processes."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from emotion.errors import UsageError
from emotion.extras import require

Result = TypeVar("Result")


def default_jobs() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_jobs(jobs: int) -> None:
    """Refuse fewer processes than one."""
    if jobs < 1:
        raise UsageError(f"--jobs is {jobs}; give a number of processes, at least 1")


def call_in_processes(
    function: Callable[..., Result], arguments: Iterable[tuple[object, ...]], *, jobs: int, at_once: int = 1
) -> Iterator[Result]:
    """Call a function for each tuple of arguments, and give the results in order.

    A process gets `at_once` calls together: more of them cost less to hand over.
    """
    check_jobs(jobs)
    joblib = require("joblib", "train")
    # One thread of linear algebra in each process: they share the cores as it is.
    limits = {"backend": "loky", "inner_max_num_threads": 1} if jobs > 1 else {"backend": "sequential"}
    with joblib.parallel_config(**limits):
        workers = joblib.Parallel(n_jobs=jobs, return_as="generator", batch_size=at_once)
        yield from workers(joblib.delayed(function)(*each) for each in arguments)
