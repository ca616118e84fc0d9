"""The clock by which files are aged: that of the wall, unless somebody has set it forward."""

import time
from collections.abc import Callable
from typing import Final

from emotion import wall_clock

_JUMP_SECONDS: Final = 60.0
"""What the wall clock may gain at once: a leap, a correction, a look that came late."""


def steady_seconds() -> float:
    """Give seconds that nobody can set; where the system has such, they pass while the machine sleeps."""
    return time.clock_gettime(
        time.CLOCK_BOOTTIME if hasattr(time, "CLOCK_BOOTTIME") else time.CLOCK_MONOTONIC
    )


class FileClock:
    """Ages each file by the clock that it was written by.

    A wall clock that is set forward a year would make what was saved a minute ago a year old. So it is not
    followed until everything that was written before has really become as old as it may; what is written
    after is from the future till then, and stays. A clock that is set back is followed at once: files only
    become younger.

    Parameters
    ----------
    keep_seconds : float
        How old files may become, s.
    wall, steady : callable, optional
        Give seconds since the epoch, and seconds that nobody can set.
    """

    def __init__(
        self,
        keep_seconds: float,
        *,
        wall: Callable[[], float] = wall_clock.now,
        steady: Callable[[], float] = steady_seconds,
    ) -> None:
        self._keep_seconds = keep_seconds
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()
        self._ahead: float | None = None
        self._since = 0.0

    def __call__(self) -> float:
        """Give the time.

        Returns
        -------
        float
            Seconds since the epoch, never later than the wall clock says.
        """
        now = self._steady()
        offset = self._wall() - now
        if offset <= self._offset + _JUMP_SECONDS:
            self._offset, self._ahead = offset, None
        elif self._ahead is None or offset > self._ahead + _JUMP_SECONDS:
            self._ahead, self._since = offset, now
        elif now - self._since > self._keep_seconds:
            self._offset, self._ahead = offset, None
        return now + self._offset
