"""Messages of a training run: on the screen while it works, and in ``training.log``."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from emotion.untrusted_text import printable

Advance = Callable[[int], None]
"""Advances the progress bar by so many units."""


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
