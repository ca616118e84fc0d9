"""Load shedding: does the machine keep up, and if not, which windows are skipped?"""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

STALL_TIMES: Final = 3.0
"""What takes so many times as long as anything else lately is a stall, and no sign of a slow machine."""


@dataclass(slots=True)
class LoadSlot:
    """Counts over some sound.

    Attributes
    ----------
    sound_seconds : dict of int to float
        How much of it was worked through, by number of the source, s.
    busy_seconds : float
        The time that this took, s.
    window_seconds : float
        The part of it that went into vectors and classifications, s.
    max_lag_seconds : float
        The longest from the arrival of a block to its end, s.
    asked, skipped : Counter
        Windows of speech by leg, and those among them that were skipped.
    """

    sound_seconds: dict[int, float] = field(default_factory=dict)
    busy_seconds: float = 0.0
    window_seconds: float = 0.0
    max_lag_seconds: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)


def demand_of(slots: Sequence[LoadSlot], cost_seconds: float) -> float:
    """Divide the time asked for by the sound."""
    busy = sorted(slot.busy_seconds for slot in slots)
    longest = busy[-2] if busy[-1] > STALL_TIMES * busy[-2] else busy[-1]
    asked_for = sum(busy[:-1]) + longest + cost_seconds * sum(slot.skipped.total() for slot in slots)
    sources = {source for slot in slots for source in slot.sound_seconds}
    by_source = (sum(slot.sound_seconds.get(source, 0.0) for slot in slots) for source in sources)
    sound_seconds = max(by_source, default=0.0)
    return asked_for / sound_seconds if sound_seconds else 0.0


def mean_cost(slots: Collection[LoadSlot], known_seconds: float) -> float:
    """Give what a window that was not skipped has taken in the mean."""
    num_analysed = sum(slot.asked.total() - slot.skipped.total() for slot in slots)
    return sum(slot.window_seconds for slot in slots) / num_analysed if num_analysed else known_seconds


def skipped_share(slots: Collection[LoadSlot], leg: str) -> float:
    """Give the share of a leg's windows of speech that was skipped."""
    asked = sum(slot.asked[leg] for slot in slots)
    return sum(slot.skipped[leg] for slot in slots) / asked if asked else 0.0


MEMORY_SECONDS: Final = 10.0
"""Demand is measured over so much sound, and over eight steps at least."""

BOUND_SECONDS: Final = 1.0
BOUND_STEPS: Final = 2
MAX_BOUND_SECONDS: Final = 4.0
"""A lag within the greater of the first two is no cause to skip; the last leaves room in the queue."""

FAR_SECONDS: Final = 3.0
"""A lag so far beyond the bound asks for the latest demand alone: the queue holds ten seconds."""

_SLOT_SECONDS: Final = 0.5
_LATEST_SLOTS: Final = 4
_LEAST_LATEST_SLOTS: Final = 2
_LEAST_SLOTS: Final = 8


class LoadShedder:
    """Measures what a second of sound demands of the one worker, and decides whether to skip a window.

    *Demand* is the time in which the worker was busy, and what the skipped windows would have taken, over the
    seconds of sound: above 1 the machine is too slow. A single stall is no sign of that, and is left out.

    A window is skipped where demand is above 1 and its lag beyond the bound. Windows ask in the order in
    which they were completed, so those skipped are the oldest that wait, and no more of them than brings the
    lag back to the bound. Of several legs, one that has been skipped less than another gives way a little
    before the bound.

    Attributes
    ----------
    bound_seconds : float
        The lag that is put up with, s.
    skipped_for : float
        The demand for which the latest window was skipped; 0 before any was.
    """

    def __init__(self, step_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.bound_seconds = min(MAX_BOUND_SECONDS, max(BOUND_SECONDS, BOUND_STEPS * step_seconds))
        self._earlier_seconds = max(self.bound_seconds / 2, self.bound_seconds - step_seconds)
        self._slot_seconds = max(_SLOT_SECONDS, step_seconds)
        num_slots = max(_LEAST_SLOTS, math.ceil(MEMORY_SECONDS / self._slot_seconds))
        self._slots: deque[LoadSlot] = deque([LoadSlot()], maxlen=num_slots + 1)
        self._cost_seconds = 0.0
        self.skipped_for = 0.0

    def worked(self, source: int, sound_seconds: float, busy_seconds: float, lag_seconds: float) -> None:
        """Note that a block was worked through."""
        slot = self._slots[-1]
        slot.sound_seconds[source] = slot.sound_seconds.get(source, 0.0) + sound_seconds
        slot.busy_seconds += busy_seconds
        slot.max_lag_seconds = max(slot.max_lag_seconds, lag_seconds)
        if slot.sound_seconds[source] >= self._slot_seconds:
            self._cost_seconds = mean_cost(self._slots, self._cost_seconds)
            self._slots.append(LoadSlot())

    def skips(self, leg: str, arrived: float) -> bool:
        """Decide about a leg's next window of speech, whose last sample came at a time of the clock, s."""
        lag_seconds = self._clock() - arrived
        demand = self._decisive_demand(lag_seconds) if self._is_late(leg, lag_seconds) else 0.0
        is_skipped = demand > 1.0
        if is_skipped:
            self.skipped_for = demand
        slot = self._slots[-1]
        slot.asked[leg] += 1
        slot.skipped[leg] += is_skipped
        return is_skipped

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count what is done inside as work on a window that was not skipped."""
        began = self._clock()
        yield
        self._slots[-1].window_seconds += self._clock() - began

    @property
    def demand(self) -> float:
        """Time asked for over time there is; 0 until two seconds of sound were worked through."""
        return self._demand(len(self._slots), _LATEST_SLOTS)

    @property
    def too_slow(self) -> float | None:
        """Demand where it is above 1 and has lately cost windows or lag beyond the bound; None otherwise."""
        shows = any(slot.skipped.total() or slot.max_lag_seconds > self.bound_seconds for slot in self._slots)
        demand = self.demand if shows else 0.0
        return demand if demand > 1.0 else None

    def _demand(self, num_slots: int, least_slots: int) -> float:
        """Look back over so many slots; not at the one that has begun, whose windows may be yet to come."""
        num_whole = len(self._slots) - 1
        latest = list(islice(self._slots, max(0, num_whole - num_slots), num_whole))
        if len(latest) < least_slots:
            return 0.0
        return demand_of(latest, mean_cost(self._slots, self._cost_seconds))

    def _is_late(self, leg: str, lag_seconds: float) -> bool:
        if not self._earlier_seconds < lag_seconds <= self.bound_seconds:
            return lag_seconds > self.bound_seconds
        own = skipped_share(self._slots, leg)
        legs = {each for slot in self._slots for each in slot.asked}
        return any(skipped_share(self._slots, other) > own for other in legs)

    def _decisive_demand(self, lag_seconds: float) -> float:
        """Look at the latest slots alone as well where the lag is far beyond the bound."""
        is_far = lag_seconds > self.bound_seconds + FAR_SECONDS
        return max(self.demand, self._demand(_LATEST_SLOTS, _LEAST_LATEST_SLOTS) if is_far else 0.0)
