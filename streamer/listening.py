"""What is done with each block, in the worker's thread: legs, sinks, counts."""

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from streamer.alerts.alerting import Alerting
from streamer.block import AudioBlock
from streamer.crosstalk import Crosstalk
from streamer.leg_views import LegViews
from streamer.row import Gap, Row
from streamer.sink_group import SinkGroup
from streamer.snapshot import LegView
from streamer.source_legs import SourceLegs
from streamer.tally import Tally
from streamer.user_commands import UserCommand

if TYPE_CHECKING:
    from streamer.alerts.alert import Alert

NUM_MESSAGES: Final = 4
SILENT_SECONDS: Final = 3.0


class Listening:
    """Hands sound to the legs and the sinks, in the order of the stream, and keeps count.

    Parameters
    ----------
    sources : sequence of SourceLegs
        With all legs, by number of the source.
    views : LegViews
        What the screen may know of the legs.
    sinks : SinkGroup
        Told everything.
    alerting : Alerting
        Told every row.
    live : bool
        Hold the samples against the clock.
    crosstalk : Crosstalk, optional
        Of the legs, where there are several.
    """

    def __init__(
        self,
        sources: Sequence[SourceLegs],
        views: LegViews,
        sinks: SinkGroup,
        alerting: Alerting,
        *,
        live: bool,
        crosstalk: Crosstalk | None = None,
    ) -> None:
        self.tally = Tally()
        self.messages: deque[str] = deque(maxlen=NUM_MESSAGES)
        self.sources = tuple(sources)
        self.alerting = alerting
        self._views = views
        self._sinks = sinks
        self._live = live
        self._said: tuple[str, ...] = ()
        self._silent: set[int] = set()
        self._crosstalk = crosstalk
        self._advised: set[str] = set()

    @property
    def is_over(self) -> bool:
        """True once the stream has reached the end that was asked for."""
        return any(source.is_over for source in self.sources)

    @property
    def stream_seconds(self) -> float:
        """Stream time so far, s."""
        return max(source.stream_seconds for source in self.sources)

    @property
    def real_time_factor(self) -> float:
        """Processing time over audio time; 0 before anything was heard."""
        heard_seconds = max(source.heard_seconds for source in self.sources)
        return self.tally.processing_seconds / heard_seconds if heard_seconds else 0.0

    @property
    def paused(self) -> bool:
        """True while the user keeps everything out."""
        return all(source.paused for source in self.sources)

    @property
    def saving(self) -> bool:
        """True while sound is being kept on disk."""
        return self._sinks.is_saving and not self.paused

    @property
    def leg_views(self) -> tuple[LegView, ...]:
        """What the screen may know of each leg."""
        return self._views.views

    @property
    def overlap_seconds(self) -> float:
        """How long more than one leg has talked at once, s."""
        return self._views.overlap_seconds

    @property
    def drift_seconds(self) -> float | None:
        """How far the samples of the second source lag behind the first's, s; None where there is but one."""
        clocks = [source.alignment for source in self.sources if source.alignment is not None]
        return clocks[-1].drift_seconds - clocks[0].drift_seconds if len(clocks) > 1 else None

    def take(self, source: int, block: AudioBlock) -> None:
        """Analyse a block and hand it on, or keep it out while the user pauses.

        Parameters
        ----------
        source : int
            Number of the source.
        block : AudioBlock
            Its next one.
        """
        began = time.perf_counter()
        legs = self.sources[source]
        if self._live and (line := legs.slip.take(block)):
            self.messages.append(line)
        for event in legs.take(block):
            if isinstance(event, AudioBlock):
                self._sinks.take_block(event, source)
            else:
                self._tell(event)
        self._advise()
        self._say_failures()
        self.tally.processing_seconds += time.perf_counter() - began

    def obey(self, source: int, command: UserCommand) -> None:
        """Do what the user asked for, to one source.

        Sinks hear of a pause once no source is heard any more, and of its end before any is heard again.

        Parameters
        ----------
        source : int
            Number of the source: all of its sound before the command has been taken, none after it.
        command : UserCommand
            Comes once for each source.
        """
        legs = self.sources[source]
        at_seconds = legs.seconds_at(command.at_samples[source])
        if command.kind == "mark":
            if not source:
                self.tally.marks += 1
                self._sinks.take_mark(at_seconds, command.clock)
        else:
            were_paused = self.paused
            for event in legs.pause():
                self._tell(event)
            if self.paused != were_paused:
                self._sinks.take_pause(at_seconds, command.clock, paused=self.paused)
        self._say_failures()

    def look_for_sources(self, now: float) -> None:
        """Say so, once, where a source has delivered nothing for a while.

        Parameters
        ----------
        now : float
            ``time.monotonic()``, s.
        """
        for source in self.sources:
            if source.arrived is None:
                source.arrived = now
            is_silent = now - source.arrived > SILENT_SECONDS and not source.may_wait
            if is_silent and source.number not in self._silent:
                self.messages.append(f"nothing has come from {source.name} for {SILENT_SECONDS:g} s")
            (self._silent.add if is_silent else self._silent.discard)(source.number)

    def finish(self) -> None:
        """Give the rows that the end of the sound completes."""
        for source in self.sources:
            for event in source.finish():
                self._tell(event)
        self._say_failures()

    def _tell(self, event: Row | Gap) -> None:
        self.tally.count(event)
        raised: list[Alert] = []
        if isinstance(event, Row):
            self._views.take(event)
            raised = self.alerting.take(event)
        else:
            self.alerting.take_gap(event)
        if isinstance(event, Gap) and event.cause not in {"pause", "stall"}:
            missing = event.end - event.start
            self.messages.append(f"{event.cause} at {event.start:.1f} s: {missing:.2f} s of sound is missing")
        self._sinks.take(event)
        for alert in raised:
            self._sinks.take(alert)
            self.messages.append(f"alert: {alert.text}")

    def _advise(self) -> None:
        """Say once of each leg that another one leaks into it."""
        for leg in () if self._crosstalk is None else self._crosstalk.leaking:
            if leg not in self._advised:
                self._advised.add(leg)
                self.messages.append(f"{leg} hears the other leg; headphones would help")

    def _say_failures(self) -> None:
        found = (*self._sinks.failures, *self._sinks.complaints)
        if found != self._said:
            self.messages.extend(line for line in found if line not in self._said)
            self._said = found
