"""What long runs need: several processes, a progress bar, and a log that the model keeps."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from emotion.errors import UsageError, printable, require

Result = TypeVar("Result")

Advance = Callable[[int], None]
"""Advances the progress bar by so many units."""


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


@contextmanager
def progress_bar(console: Console, title: str, total: int | None = None) -> Iterator[Advance]:
    """Show a bar while something lasts, on a terminal only."""
    counted = (MofNCompleteColumn(),) if total is not None else ()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), *counted, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, total=total)
        yield lambda units: bars.advance(task, units)


class TrainingLog:
    """Lines and steps, shown on a console and collected."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(quiet=True)
        self._start = time.monotonic()
        self._lines = [
            f"# {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; seconds since the start, then what was done"
        ]

    def say(self, line: str) -> None:
        """Show a line and keep it."""
        line = printable(line)
        self._lines.append(f"{time.monotonic() - self._start:8.1f}  {line}")
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str, total: int | None = None, *, worth_seconds: float = 0.0) -> Iterator[Advance]:
        """Show a bar while a step lasts, and a line when it is done, if it took as long as is worth one."""
        began = time.monotonic()
        with progress_bar(self._console, title, total) as advance:
            yield advance
        took = time.monotonic() - began
        if took >= worth_seconds:
            self.say(f"{title}: done in {took:.1f} s")

    @property
    def text(self) -> str:
        """All lines so far."""
        return "\n".join(self._lines) + "\n"
