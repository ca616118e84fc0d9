"""Who talks, for how long, and who talked last."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from streamer.row import Row, Skip, is_spoken

_MEMORY_STEPS: Final = 64
"""How many steps a leg may be behind another and still be held against it."""


class Talk:
    """Counts, a step of each row at a time, the time in which each leg talks, and in which several do.

    Parameters
    ----------
    legs : sequence of str
        Names of the legs that are analysed.
    step_seconds : float
        Of the grid, s.
    talks : callable
        Tells whether the leg of a row talks in the row's last step.

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
        """Count the last step of a row.

        Parameters
        ----------
        row : Row or Skip
            The next one of its leg: who talks is known of windows that were skipped, too.
        """
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
        """Give the part of all talk that is a leg's.

        Parameters
        ----------
        leg : str
            Any of the session.

        Returns
        -------
        float or None
            0..1; None where the leg is not analysed, or nobody has talked.
        """
        total = sum(self._num_steps.values())
        return self._num_steps[leg] / total if total and leg in self._num_steps else None

    def seconds(self, leg: str) -> float:
        """Give how long a leg has talked.

        Parameters
        ----------
        leg : str
            One of those analysed.

        Returns
        -------
        float
            s, in whole steps.
        """
        return self._num_steps[leg] * self._step_seconds

    @property
    def overlap_seconds(self) -> float:
        """How long more than one leg has talked at once, s."""
        return self.overlap_steps * self._step_seconds

    def talks_now(self, leg: str, seconds: float) -> bool:
        """Tell whether a leg talked in the step that ends about now.

        Parameters
        ----------
        leg : str
            Any of the session.
        seconds : float
            Stream time, s.

        Returns
        -------
        bool
            True where the latest of its steps with talk is at most a step and a half old.
        """
        recent = self._recent.get(leg)
        return recent is not None and len(recent) > 0 and (recent[-1] + 1.5) * self._step_seconds >= seconds
