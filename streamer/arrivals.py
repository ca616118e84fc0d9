"""When each sample arrived, for as long as a window may still ask."""

from collections import deque


class Arrivals:
    """Remembers the blocks that no window has reached the end of yet."""

    def __init__(self) -> None:
        self._ends: deque[tuple[int, float]] = deque()

    def note(self, end_sample: int, arrived: float) -> None:
        """Note a block.

        Parameters
        ----------
        end_sample : int
            One past its last sample, in the numbers of the stream.
        arrived : float
            ``time.monotonic()``, s.
        """
        self._ends.append((end_sample, arrived))

    def of(self, end_sample: int) -> float:
        """Tell when a window was complete, and forget the blocks before.

        Parameters
        ----------
        end_sample : int
            One past the window's last sample; never smaller than the time before.

        Returns
        -------
        float
            ``time.monotonic()`` at the arrival of the block with that sample, s.
        """
        while len(self._ends) > 1 and self._ends[0][0] < end_sample:
            self._ends.popleft()
        return self._ends[0][1]
