"""Sinks that could not write, and when each is to be tried again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streamer.sink import Sink

LOOK_SECONDS: Final = 1.0
"""How often a sink that cannot write is asked whether it could again."""

LONGEST_SECONDS: Final = 600.0
"""One that fails again as soon as it is tried is tried ever more seldom, but no more seldom than this."""

STEADY_SECONDS: Final = 60.0
"""A sink that wrote for so long had recovered: its next failure is a new one."""


@dataclass(slots=True)
class _Trouble:
    """What is known of a sink that has failed.

    Attributes
    ----------
    message : str
        Of the last failure.
    since, look_at : float
        When it began, and when to look again, by ``time.monotonic()``, s.
    pause_seconds : float
        How long it rests before it is looked at.
    num_windows : int
        That came meanwhile, in all its failures.
    lost_seconds : float
        How long its failures lasted, but for the one that lasts, s.
    num_times : int
        How often it has failed.
    recovered_at : float
        When it went on, by ``time.monotonic()``, s.
    """

    message: str
    since: float
    look_at: float
    pause_seconds: float = LOOK_SECONDS
    num_windows: int = 0
    lost_seconds: float = 0.0
    num_times: int = 1
    recovered_at: float = 0.0


class RestingSinks:
    """Remembers of each sink that failed one line, which grows no longer however often it fails."""

    def __init__(self) -> None:
        self._troubles: dict[Sink, _Trouble] = {}
        self._resting: list[Sink] = []

    def release(self) -> frozenset[Sink]:
        """Have none rest any more.

        Returns
        -------
        frozenset of Sink
            Those that did.
        """
        released, self._resting = frozenset(self._resting), []
        return released

    def put(self, sink: Sink, message: str, now: float) -> None:
        """Let a sink rest.

        Parameters
        ----------
        sink : Sink
            Has failed.
        message : str
            Of its failure.
        now : float
            ``time.monotonic()``, s.
        """
        trouble = self._troubles.get(sink)
        if trouble is None:
            self._troubles[sink] = _Trouble(message, now, now + LOOK_SECONDS)
        else:
            steady = now - trouble.recovered_at >= STEADY_SECONDS
            trouble.pause_seconds = (
                LOOK_SECONDS if steady else min(LONGEST_SECONDS, 2 * trouble.pause_seconds)
            )
            trouble.message, trouble.since = message, now
            trouble.look_at = now + trouble.pause_seconds
            trouble.num_times += 1
        self._resting.append(sink)

    def count_window(self) -> None:
        """Note that a window came which those that rest do not hear of."""
        for sink in self._resting:
            self._troubles[sink].num_windows += 1

    def recovered(self, now: float, *, at_once: bool = False) -> Iterator[Sink]:
        """Ask those whose time has come.

        Parameters
        ----------
        now : float
            ``time.monotonic()``, s.
        at_once : bool
            Ask all of them.

        Yields
        ------
        Sink
            One that goes on; it rests no more.
        """
        for sink in tuple(self._resting):
            trouble = self._troubles[sink]
            if now < trouble.look_at and not at_once:
                continue
            trouble.look_at = now + LOOK_SECONDS
            if sink.recover():
                self._resting.remove(sink)
                trouble.lost_seconds += now - trouble.since
                trouble.recovered_at = now
                yield sink

    def line(self, sink: Sink) -> str:
        """Say what became of a sink.

        Parameters
        ----------
        sink : Sink
            One that has failed.

        Returns
        -------
        str
            Its failure; how long it lasted, and what is missing, where it is over.
        """
        trouble = self._troubles[sink]
        times = f"; {trouble.num_times} times" if trouble.num_times > 1 else ""
        if sink in self._resting:
            return trouble.message + times
        windows = f"{trouble.num_windows} window{'' if trouble.num_windows == 1 else 's'}"
        return f"{trouble.message}{times}; it went on after {trouble.lost_seconds:.0f} s, without {windows}"
