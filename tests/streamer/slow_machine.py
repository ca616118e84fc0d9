"""A worker in its own time: blocks arrive as in a session, windows cost what one likes, no clock is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from streamer.engine import LIVE_QUEUE_SECONDS
from streamer.pace import Pace

Speech = Callable[[int, float], bool]


@dataclass(slots=True)
class Followed:
    """What became of the windows.

    Attributes
    ----------
    heard, skipped : list of (int, float)
        Leg and end of each window of speech, in the order of the decisions.
    lags : list of (float, float)
        End of each window that was heard, and its lag when its row was there.
    dropped_seconds : float
        Sound that had waited too long.
    too_slow : list of float or None
        What the pace said, about once a second.
    """

    heard: list[tuple[int, float]] = field(default_factory=list)
    skipped: list[tuple[int, float]] = field(default_factory=list)
    lags: list[tuple[float, float]] = field(default_factory=list)
    dropped_seconds: float = 0.0
    too_slow: list[float | None] = field(default_factory=list)

    def holes(self, leg: int, step_seconds: float, after: float) -> list[int]:
        """Count, between two windows of a leg that were heard, those that were not."""
        ends = [end for each, end in self.heard if each == leg and end > after]
        return [round((b - a) / step_seconds) - 1 for a, b in pairwise(ends)]


def follow(
    seconds: float,
    *,
    cost_seconds: float,
    num_legs: int = 1,
    step_seconds: float = 0.5,
    block_seconds: float = 0.05,
    base_share: float = 0.02,
    speech: Speech = lambda *_: True,
    stalls: Mapping[int, float] | None = None,
    sources: Sequence[int] | None = None,
) -> Followed:
    """Let a worker follow a session.

    Parameters
    ----------
    seconds : float
        Of sound.
    cost_seconds : float
        What a window that is heard takes.
    num_legs : int
        Whose windows are due in the same block.
    step_seconds, block_seconds : float
        From window to window, and of a block.
    base_share : float
        What a block costs besides, in its own length.
    speech : callable
        Tells of a leg and a time whether its window is one of speech.
    stalls : mapping of int to float
        By number of the block, seconds for which all stands still while it is worked through.
    sources : sequence of int, optional
        The source of each leg; unless given, all are of one.

    Returns
    -------
    Followed
        What became of the windows.
    """
    pace, followed, now = Pace(step_seconds), Followed(), 0.0
    source_of = list(sources or [0] * num_legs)
    windows = [0] * num_legs
    for block in range(round(seconds / block_seconds)):
        end = (block + 1) * block_seconds
        for source in sorted(set(source_of)):
            now = began = max(now, end)
            if now - end > LIVE_QUEUE_SECONDS:
                followed.dropped_seconds += block_seconds
                for leg in range(num_legs):
                    windows[leg] = max(windows[leg], round(end // step_seconds) * (source_of[leg] == source))
                continue
            now += base_share * block_seconds + (stalls or {}).get(block, 0.0) * (source == 0)
            for leg in (leg for leg in range(num_legs) if source_of[leg] == source):
                while (windows[leg] + 1) * step_seconds <= end + 1e-9:
                    windows[leg] += 1
                    at = windows[leg] * step_seconds
                    if not speech(leg, at):
                        continue
                    if pace.skips(str(leg), now - end):
                        followed.skipped.append((leg, at))
                        continue
                    now += cost_seconds
                    pace.heard(cost_seconds)
                    followed.heard.append((leg, at))
                    followed.lags.append((at, now - end))
            pace.worked(source, block_seconds, now - began, now - end)
            if end % 1.0 < block_seconds:
                followed.too_slow.append(pace.too_slow)
    return followed
