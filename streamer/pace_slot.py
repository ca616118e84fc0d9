"""What was done in a short stretch of sound, and what several of them say together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

STALL_TIMES: Final = 3.0
"""What takes so many times as long as anything else lately is a stall, and no sign of a slow machine."""


@dataclass(slots=True)
class PaceSlot:
    """Counts of a stretch of sound.

    Attributes
    ----------
    sound_seconds : dict of int to float
        How much of it was worked through, by number of the source, s.
    busy_seconds : float
        The time that this took, s.
    heard_seconds : float
        The part of it that went into vectors and judgements, s.
    max_lag_seconds : float
        The longest from the arrival of a block to its end, s.
    asked, skipped : Counter
        Windows of speech by leg, and those among them that were skipped.
    """

    sound_seconds: dict[int, float] = field(default_factory=dict)
    busy_seconds: float = 0.0
    heard_seconds: float = 0.0
    max_lag_seconds: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)


def demand_of(slots: Sequence[PaceSlot], cost_seconds: float) -> float:
    """Hold the time asked for against the sound.

    Parameters
    ----------
    slots : sequence of PaceSlot
        Two at least.
    cost_seconds : float
        What each skipped window would have taken, s.

    Returns
    -------
    float
        A stall, one slot many times as long as every other, counts for no more than the longest of these; 0
        without sound.
    """
    busy = sorted(slot.busy_seconds for slot in slots)
    longest = busy[-2] if busy[-1] > STALL_TIMES * busy[-2] else busy[-1]
    asked_for = sum(busy[:-1]) + longest + cost_seconds * sum(slot.skipped.total() for slot in slots)
    sources = {source for slot in slots for source in slot.sound_seconds}
    by_source = (sum(slot.sound_seconds.get(source, 0.0) for slot in slots) for source in sources)
    sound_seconds = max(by_source, default=0.0)
    return asked_for / sound_seconds if sound_seconds else 0.0


def mean_cost(slots: Iterable[PaceSlot], known_seconds: float) -> float:
    """Give what a window that was heard has taken in the mean.

    Parameters
    ----------
    slots : iterable of PaceSlot
        In which windows were heard.
    known_seconds : float
        Taken where none was, s.

    Returns
    -------
    float
        For its vector and its judgement, s.
    """
    seconds, num_heard = 0.0, 0
    for slot in slots:
        seconds += slot.heard_seconds
        num_heard += slot.asked.total() - slot.skipped.total()
    return seconds / num_heard if num_heard else known_seconds


def skipped_share(slots: Iterable[PaceSlot], leg: str) -> float:
    """Give the share of a leg's windows of speech that was skipped.

    Parameters
    ----------
    slots : iterable of PaceSlot
        In which they were asked for.
    leg : str
        Its name.

    Returns
    -------
    float
        0..1; 0 where there were none.
    """
    asked, skipped = 0, 0
    for slot in slots:
        asked += slot.asked[leg]
        skipped += slot.skipped[leg]
    return skipped / asked if asked else 0.0
