"""How long after a change of emotion the panel shows it."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evaluation.scores.judged import NOTHING, Judged, JudgedWindows, Placements


@dataclass(frozen=True, slots=True, eq=False)
class Delays:
    """Changes from a clip to one of another emotion, where the panel showed the first one's to the end.

    Attributes
    ----------
    seconds : ndarray, shape (num_shown,), float64
        From the first sample of the new clip to the end of the first window that shows its label.
    num_changes : int
        With those that were never shown while a window overlapped the new clip.
    """

    seconds: NDArray[np.float64]
    num_changes: int

    @property
    def median(self) -> float:
        """The middle one, s; NaN without any."""
        return float(np.median(self.seconds)) if len(self.seconds) else float("nan")

    @property
    def p90(self) -> float:
        """What nine of ten stay under, s; NaN without any."""
        return float(np.percentile(self.seconds, 90)) if len(self.seconds) else float("nan")

    @property
    def shown_share(self) -> float:
        """Share of the changes that were shown in time; NaN without changes."""
        return len(self.seconds) / self.num_changes if self.num_changes else float("nan")


def delays(judged: Judged, win_seconds: float) -> Delays:
    """Measure the delay of every change that could be seen.

    A change can only be seen where the panel was right before it: the last label shown before the new clip
    begins must be that of the clip before.

    Parameters
    ----------
    judged : Judged
        Streams, each one's windows in order.
    win_seconds : float
        Length of a window, s: those that end later than this after a clip do not overlap it.

    Returns
    -------
    Delays
        Over all streams.
    """
    placements = judged.placements
    rows_of = _rows_of_streams(judged.windows)
    found: list[float] = []
    num_changes = 0
    for before, after in _changes(placements):
        rows = rows_of.get(int(placements.stream[after]))
        if rows is None:
            continue
        ends, shown = judged.windows.end[rows], judged.windows.shown[rows]
        onset = float(placements.start[after])
        earlier = shown[(ends <= onset) & (shown != NOTHING)]
        if not len(earlier) or earlier[-1] != placements.target[before]:
            continue
        num_changes += 1
        in_time = (ends > onset) & (ends < placements.end[after] + win_seconds)
        showing = ends[in_time & (shown == placements.target[after])]
        if len(showing):
            found.append(float(showing[0]) - onset)
    return Delays(np.array(found), num_changes)


def _rows_of_streams(windows: JudgedWindows) -> dict[int, NDArray[np.int64]]:
    order = np.argsort(windows.stream, kind="stable")
    names, first = np.unique(windows.stream[order], return_index=True)
    return {int(name): rows for name, rows in zip(names, np.split(order, first[1:]), strict=True)}


def _changes(placements: Placements) -> list[tuple[int, int]]:
    order = np.lexsort((placements.start, placements.stream))
    return [
        (before, after)
        for before, after in pairwise(order.tolist())
        if placements.stream[before] == placements.stream[after]
        and placements.target[before] != placements.target[after]
    ]
