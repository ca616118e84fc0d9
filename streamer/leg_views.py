"""What the screen shows of each leg: latest row, level, probability history, and how long it has talked."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from streamer.analysis.leg import Leg
from streamer.analysis.source_legs import LevelLeg
from streamer.events import Row, Skip, is_spoken
from streamer.snapshot import LegView, ProbabilityHistory

_MEMORY_STEPS: Final = 64
"""How many steps a leg may be behind another and still be held against it."""


class TalkTime:
    """Counts, a step of each row at a time, the time in which each leg talks, and in which several do.

    Attributes
    ----------
    last : str or None
        The leg that talked last; the one that began later where several do.
    overlap_steps : int
        Steps in which more than one leg talked.
    """

    def __init__(
        self, legs: Sequence[str], step_seconds: float, talks: Callable[[Row | Skip], bool] = is_spoken
    ) -> None:
        self.last: str | None = None
        self.overlap_steps = 0
        self._step_seconds = step_seconds
        self._talks = talks
        self._num_steps = dict.fromkeys(legs, 0)
        self._recent: dict[str, deque[int]] = {leg: deque(maxlen=_MEMORY_STEPS) for leg in legs}
        self._began = dict.fromkeys(legs, -1)

    def take(self, row: Row | Skip) -> None:
        """Count the last step of a row."""
        if not self._talks(row):
            return
        step = math.floor(row.end / self._step_seconds + 0.5)
        own = self._recent[row.leg]
        if not own or own[-1] < step - 1:
            self._began[row.leg] = step
        own.append(step)
        self._num_steps[row.leg] += 1
        num_others = sum(leg != row.leg and step in recent for leg, recent in self._recent.items())
        self.overlap_steps += num_others == 1
        if self.last is None or num_others == 0 or self._began[row.leg] >= self._began[self.last]:
            self.last = row.leg

    def share(self, leg: str) -> float | None:
        """Give the part of all talk that is a leg's."""
        total = sum(self._num_steps.values())
        return self._num_steps[leg] / total if total and leg in self._num_steps else None

    def seconds(self, leg: str) -> float:
        """Give how long a leg has talked."""
        return self._num_steps[leg] * self._step_seconds

    @property
    def overlap_seconds(self) -> float:
        """How long more than one leg has talked at once, s."""
        return self.overlap_steps * self._step_seconds

    def talks_now(self, leg: str, seconds: float) -> bool:
        """Tell whether a leg talked in the step that ends about now."""
        recent = self._recent.get(leg)
        return recent is not None and len(recent) > 0 and (recent[-1] + 1.5) * self._step_seconds >= seconds


class LegViews:
    """Keeps of each leg what its view needs."""

    def __init__(self, legs: Sequence[Leg | LevelLeg], labels: Sequence[str], talk: TalkTime) -> None:
        self._legs = tuple(legs)
        self._rows: dict[str, Row] = {}
        self._trends = {leg.name: ProbabilityHistory(labels) for leg in legs}
        self._talk = talk
        self._latest_seconds = 0.0

    def take(self, row: Row) -> None:
        """Remember a row."""
        self._rows[row.leg] = row
        self._latest_seconds = max(self._latest_seconds, row.end)
        self._trends[row.leg].take(row)
        self._talk.take(row)

    def take_skip(self, skip: Skip) -> None:
        """Learn that a window was skipped: the latest row stands, and who talks is counted."""
        self._latest_seconds = max(self._latest_seconds, skip.end)
        self._talk.take(skip)

    @property
    def overlap_seconds(self) -> float:
        """How long more than one leg has talked at once, s."""
        return self._talk.overlap_seconds

    @property
    def views(self) -> tuple[LegView, ...]:
        """One a leg, in their order."""
        return tuple(
            LegView(
                name=leg.name,
                row=self._rows.get(leg.name),
                level_dbfs=leg.level_dbfs,
                floor_dbfs=leg.floor_dbfs,
                trend=self._trends[leg.name].points,
                analysed=isinstance(leg, Leg),
                talks=self._talk.talks_now(leg.name, self._latest_seconds),
                talk_share=self._talk.share(leg.name),
                spoke_last=self._talk.last == leg.name,
            )
            for leg in self._legs
        )
