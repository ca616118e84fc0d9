"""A leg's word with the pace of all: the clock stands here."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamer.pace import Pace


class LegPace:
    """Asks for one leg, and times what its windows take.

    Parameters
    ----------
    pace : Pace
        Of the one worker.
    leg : str
        Name of the leg.
    clock : callable, optional
        Gives seconds as ``time.monotonic`` does.
    """

    def __init__(self, pace: Pace, leg: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._leg = leg
        self._clock = clock

    @property
    def skipped_for(self) -> float:
        """Time asked for over time there is, when the latest window was skipped."""
        return self._pace.skipped_for

    def skips(self, arrived: float) -> bool:
        """Decide about the leg's next window of speech.

        Parameters
        ----------
        arrived : float
            ``time.monotonic()`` at the arrival of its last sample, s.

        Returns
        -------
        bool
            True where it is to be skipped.
        """
        return self._pace.skips(self._leg, self._clock() - arrived)

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Time what is done with a window that is not skipped.

        Yields
        ------
        None
            While it is being done.
        """
        began = self._clock()
        yield
        self._pace.heard(self._clock() - began)
