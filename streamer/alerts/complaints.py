"""What went wrong beside the session, in bounded memory."""

import threading
from typing import Final

NUM_KEPT: Final = 8


class Complaints:
    """The first few lines, the last one, and how many there were; any thread may add and read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[str] = []
        self._num_more = 0
        self._last = ""

    def add(self, line: str) -> None:
        """Note what went wrong.

        Parameters
        ----------
        line : str
            Without a break in it.
        """
        with self._lock:
            if len(self._kept) < NUM_KEPT:
                self._kept.append(line)
            else:
                self._num_more += 1
                self._last = line

    @property
    def lines(self) -> tuple[str, ...]:
        """The first ones, oldest first; then how many more there were, with the last of them."""
        with self._lock:
            more = (f"{self._num_more} more of this kind, the last: {self._last}",) if self._num_more else ()
            return (*self._kept, *more)
