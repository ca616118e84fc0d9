"""Sinks that could not write, when each is to be tried again, and what is missing of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streamer.absence import Absence
from streamer.alerts.alert import Alert
from streamer.row import Said
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
    num_missing : int
        Of what came meanwhile, or failed, in all its failures.
    lost_seconds : float
        How long its failures lasted, but for the one that lasts, s.
    num_times : int
        How often it has failed after it had written.
    num_written : int
        By the sink when it was last tried again.
    went_on_at : float or None
        When it wrote again, by ``time.monotonic()``, s; None while the trouble lasts.
    """

    message: str
    since: float
    look_at: float
    pause_seconds: float = LOOK_SECONDS
    num_missing: int = 0
    lost_seconds: float = 0.0
    num_times: int = 1
    num_written: int = 0
    went_on_at: float | None = None

    @property
    def what(self) -> str:
        """Its failure, and how long it lasted where it is over."""
        times = f"; {self.num_times} times" if self.num_times > 1 else ""
        over = "" if self.went_on_at is None else f"; it went on after {self.lost_seconds:.0f} s"
        return f"{self.message}{times}{over}"


class RestingSinks:
    """Remembers of each sink that failed one line, which grows no longer however often it fails."""

    def __init__(self) -> None:
        self._troubles: dict[Sink, _Trouble] = {}
        self._resting: list[Sink] = []
        self._tried: list[Sink] = []

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """Those that rest."""
        return tuple(self._resting)

    def have_met(self, sink: Sink) -> bool:
        """Tell whether a sink has ever failed.

        Parameters
        ----------
        sink : Sink
            Any.

        Returns
        -------
        bool
            True where it has a `line`.
        """
        return sink in self._troubles

    def release(self) -> frozenset[Sink]:
        """Have none rest any more.

        Returns
        -------
        frozenset of Sink
            Those that did.
        """
        released, self._resting = frozenset(self._resting), []
        return released

    def put(self, sink: Sink, message: str, now: float) -> str | None:
        """Let a sink rest.

        Parameters
        ----------
        sink : Sink
            Has failed.
        message : str
            Of its failure.
        now : float
            ``time.monotonic()``, s.

        Returns
        -------
        str or None
            What is to be told now; None where a trouble that lasts was told of in the same words.
        """
        lasting = [each.message for each in self._troubles.values() if each.went_on_at is None]
        trouble = self._troubles.get(sink)
        if trouble is None:
            self._troubles[sink] = _Trouble(message, now, now + LOOK_SECONDS)
        else:
            trouble.pause_seconds = min(LONGEST_SECONDS, 2 * trouble.pause_seconds)
            if trouble.went_on_at is not None:
                if now - trouble.went_on_at >= STEADY_SECONDS:
                    trouble.pause_seconds = LOOK_SECONDS
                trouble.since, trouble.went_on_at = now, None
                trouble.num_times += 1
            trouble.message = message
            trouble.look_at = now + trouble.pause_seconds
        self._tried = [each for each in self._tried if each is not sink]
        self._resting.append(sink)
        return None if message in lasting else self._troubles[sink].what

    def miss(self, sink: Sink, event: Said | Alert | Absence | None) -> None:
        """Count what a sink did not take.

        Parameters
        ----------
        sink : Sink
            Has failed at the event, or rested when it came.
        event : Row, Skip, Gap, Alert, Absence or None
            As for `Sink.lacks`.
        """
        self._troubles[sink].num_missing += sink.lacks(event)

    def to_be_tried(self, now: float, *, at_once: bool = False) -> Iterator[Sink]:
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
            One that may write again; it rests no more.
        """
        for sink in self.sinks:
            trouble = self._troubles[sink]
            if now < trouble.look_at and not at_once:
                continue
            trouble.look_at = now + LOOK_SECONDS
            if sink.recover():
                self._resting.remove(sink)
                self._tried.append(sink)
                trouble.num_written = sink.num_written
                yield sink

    def gone_on(self, now: float) -> list[Sink]:
        """Give those that have written, for the first time since they were tried again.

        Parameters
        ----------
        now : float
            ``time.monotonic()``, s.

        Returns
        -------
        list of Sink
            Each once: its trouble is over.
        """
        over = [sink for sink in self._tried if sink.num_written > self._troubles[sink].num_written]
        for sink in over:
            self._tried.remove(sink)
            trouble = self._troubles[sink]
            trouble.lost_seconds += now - trouble.since
            trouble.went_on_at = now
        return over

    def line(self, sink: Sink) -> str:
        """Say what became of a sink, and of all to which the same happened.

        Parameters
        ----------
        sink : Sink
            One that has failed.

        Returns
        -------
        str
            Its failure, how long it lasted where it is over, and what is missing.
        """
        trouble = self._troubles[sink]
        missing = " and ".join(
            f"{each.num_missing} {other.unit}{'' if each.num_missing == 1 else 's'}"
            for other, each in self._troubles.items()
            if each.what == trouble.what and each.num_missing
        )
        if trouble.went_on_at is not None:
            return f"{trouble.what}, {f'without {missing}' if missing else 'with nothing missing'}"
        return f"{trouble.what}; missing: {missing}" if missing else trouble.what
