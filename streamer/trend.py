"""The last minute at a glance."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from streamer.row import Row
from streamer.snapshot import TrendPoint

TREND_SECONDS: Final = 60.0


class Trend:
    """Keeps a point for each row of the last minute.

    Parameters
    ----------
    labels : sequence of str
        Order of the probabilities in a point.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._points: deque[TrendPoint] = deque()

    def take(self, row: Row) -> None:
        """Append a row; what is older than a minute leaves.

        Parameters
        ----------
        row : Row
            The next one of its leg.
        """
        smoothed = None if row.smoothed is None else tuple(row.smoothed[label] for label in self._labels)
        self._points.append(TrendPoint(row.end, row.emotion, smoothed))
        while self._points[0].end <= row.end - TREND_SECONDS:
            self._points.popleft()

    @property
    def points(self) -> tuple[TrendPoint, ...]:
        """Oldest first."""
        return tuple(self._points)
