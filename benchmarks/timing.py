"""Time contenders in turns on one thread, so that a disturbance hits all alike."""

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
    """Something that does a step of work."""

    name: str  # unique among those it takes turns with
    # Does the work of step k, counted from 0. False where it left out work: the round is then repeated.
    step: Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long one contender took as another."""

    median: float  # over the ratios of the rounds, each of two neighbours in time
    lower_quartile: float
    upper_quartile: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """What was timed."""

    names: tuple[str, ...]
    seconds: NDArray[np.float64]  # of each step, in the order of `names`

    def median_ms(self, name: str) -> float:
        """Give the median of a contender's steps."""
        return float(np.median(self._of(name))) * 1000

    def ratio(self, dearer: str, cheaper: str) -> Ratio:
        """Compare two contenders, round by round."""
        ratios = self._of(dearer) / self._of(cheaper)
        lowest, lower, median, upper, highest = np.quantile(ratios, (0, 0.25, 0.5, 0.75, 1)).tolist()
        return Ratio(median, lower, upper, lowest, highest)

    def _of(self, name: str) -> NDArray[np.float64]:
        return self.seconds[:, self.names.index(name)]


def take_turns(contenders: Sequence[Contender], num_rounds: int, advance: Advance = lambda _: None) -> Times:
    """Let all do one step a round, in random order."""
    # A contender after an expensive one finds cold caches: random order spreads that.
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
    """Let each do many steps in a row, with warm caches; one row of medians a burst."""
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
    """Keep the garbage collector off meanwhile."""
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
    """Show a bar without the thread that rich would draw it from."""
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
