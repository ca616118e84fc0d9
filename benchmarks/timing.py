"""Time contenders by turns on one thread, so that a disturbance meets them alike."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from emotion.errors import UsageError

Advance: TypeAlias = Callable[[int], None]
"""Told how many steps are done; called outside of what is timed."""

WARM_UP_ROUNDS: Final = 3
MOST_TRIES: Final = 4
"""Rounds tried for each one wanted, before a contender that never counts is given up."""

BURST: Final = 20
BURST_WARM_UP: Final = 5


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that does a step of work.

    Attributes
    ----------
    name : str
        Unique among those it takes turns with.
    step : callable
        Does the work on the sound of step k, counted from 0. False where the step does not count, because it
        left out work; the whole round is then taken again.
    """

    name: str
    step: Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long one contender took as another.

    Attributes
    ----------
    median : float
        Over the ratios of the rounds, each of two neighbours in time.
    lower_quartile, upper_quartile, lowest, highest : float
        Of those.
    """

    median: float
    lower_quartile: float
    upper_quartile: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """What was timed.

    Attributes
    ----------
    names : tuple of str
        The contenders.
    seconds : ndarray, shape (num_rounds, num_contenders), float64
        Of each step, in the order of `names`.
    """

    names: tuple[str, ...]
    seconds: NDArray[np.float64]

    def median_ms(self, name: str) -> float:
        """Give the median of a contender's steps.

        Parameters
        ----------
        name : str
            The contender.

        Returns
        -------
        float
            ms.
        """
        return float(np.median(self._of(name))) * 1000

    def ratio(self, dearer: str, cheaper: str) -> Ratio:
        """Compare two contenders, round by round.

        Parameters
        ----------
        dearer, cheaper : str
            Above and below the line.

        Returns
        -------
        Ratio
            Over 1 where the names are right.
        """
        ratios = self._of(dearer) / self._of(cheaper)
        lowest, lower, median, upper, highest = np.quantile(ratios, (0, 0.25, 0.5, 0.75, 1)).tolist()
        return Ratio(median, lower, upper, lowest, highest)

    def _of(self, name: str) -> NDArray[np.float64]:
        return self.seconds[:, self.names.index(name)]


def take_turns(contenders: Sequence[Contender], num_rounds: int, advance: Advance = lambda _: None) -> Times:
    """Let all do one step a round, each time in another order.

    Parameters
    ----------
    contenders : sequence of Contender
        Warmed up first, for `WARM_UP_ROUNDS`.
    num_rounds : int
        Rounds that count.
    advance : callable
        Told of each.

    Returns
    -------
    Times
        One row a round.

    Raises
    ------
    UsageError
        If a contender left out work in nearly every round.
    """
    # Whoever comes after a dear one finds the caches cold: that falls on all alike.
    order_of = np.random.default_rng(0)
    rows: list[list[float]] = []
    with undisturbed():
        for number in range(WARM_UP_ROUNDS + MOST_TRIES * num_rounds):
            row = [0.0] * len(contenders)
            counts = True
            for place in order_of.permutation(len(contenders)):
                row[place], did = _timed(contenders[place], number)
                counts &= did
            if counts and number >= WARM_UP_ROUNDS:
                rows.append(row)
                advance(1)
            if len(rows) == num_rounds:
                return Times(tuple(each.name for each in contenders), np.array(rows))
    raise UsageError(
        f"only {len(rows)} of {num_rounds} rounds counted; the sound has too little speech in it"
    )


def alone_in_bursts(
    contenders: Sequence[Contender], num_rounds: int, advance: Advance = lambda _: None
) -> Times:
    """Let each do many steps in a row, so that it finds the caches as it left them.

    Parameters
    ----------
    contenders : sequence of Contender
        They take turns after `BURST` steps; the first `BURST_WARM_UP` of a turn are not counted.
    num_rounds : int
        Steps that count, at least; rounded up to whole bursts.
    advance : callable
        Told of each.

    Returns
    -------
    Times
        One row a burst: the median of its steps.
    """
    rows = []
    size = min(BURST, num_rounds)
    with undisturbed():
        for burst in range(-(-num_rounds // size)):
            row = []
            for contender in contenders:
                steps = range(burst * size, burst * size + BURST_WARM_UP + size)
                seconds = [_timed(contender, number)[0] for number in steps]
                row.append(float(np.median(seconds[BURST_WARM_UP:])))
            rows.append(row)
            advance(min(size, num_rounds - burst * size))
    return Times(tuple(each.name for each in contenders), np.array(rows))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector out of what is timed.

    Yields
    ------
    None
        With nothing left to collect.
    """
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _timed(contender: Contender, number: int) -> tuple[float, bool]:
    begin = time.process_time()
    did = contender.step(number)
    return time.process_time() - begin, did


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
