"""How far the bench is, drawn between the steps that are timed and never during one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from evaluation.bench.turns import Advance

REDRAW_SECONDS: Final = 0.5


@contextmanager
def progress_between_steps(console: Console, title: str, total: int) -> Iterator[Advance]:
    """Show a bar without the thread that rich would draw it from.

    Parameters
    ----------
    console : Console
        Where; nothing is shown unless it is a terminal.
    title : str
        What is measured.
    total : int
        Steps.

    Yields
    ------
    callable
        Takes the number of steps done since the last call.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars = Progress(
        *columns, console=console, transient=True, auto_refresh=False, disable=not console.is_terminal
    )
    with bars:
        task = bars.add_task(title, total=total)
        drawn = time.monotonic()

        def advance(units: int) -> None:
            nonlocal drawn
            bars.advance(task, units)
            if time.monotonic() - drawn > REDRAW_SECONDS:
                bars.refresh()
                drawn = time.monotonic()

        yield advance
