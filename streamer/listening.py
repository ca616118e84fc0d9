"""What is done with each block, in the worker's thread: legs, sinks, counts."""

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from streamer.absence import Absence
from streamer.alerts.alerting import Alerting
from streamer.block import AudioBlock
from streamer.block_queue import BlockQueue
from streamer.crosstalk import Crosstalk
from streamer.leg_views import LegViews
from streamer.pace import Pace
from streamer.row import Gap, Row, Said, Skip
from streamer.sink_group import SinkGroup
from streamer.skip_spells import SkipSpells
from streamer.snapshot import LegView
from streamer.source_legs import SourceLegs
from streamer.source_watch import SourceWatch
from streamer.tally import Tally
from streamer.user_commands import UserCommand
from streamer.zeros import Zeros

if TYPE_CHECKING:
    from streamer.alerts.alert import Alert

NUM_MESSAGES: Final = 4


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
    pace : Pace, optional
        Told of the work, where windows may be skipped.
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
        pace: Pace | None = None,
    ) -> None:
        self.tally = Tally()
        self.messages: deque[str] = deque(maxlen=NUM_MESSAGES)
        self.sources = tuple(sources)
        self.alerting = alerting
        self._views = views
        self._sinks = sinks
        self._live = live
        self._said: tuple[str, ...] = ()
        self._zeros = tuple(Zeros(source.name) for source in sources)
        self._watch = SourceWatch(sources)
        self._crosstalk = crosstalk
        self._advised: set[str] = set()
        self._pace = pace
        self._spells = SkipSpells()

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
    def too_slow(self) -> float | None:
        """How many times as fast the machine would have to be; None where it keeps up."""
        return None if self._pace is None else self._pace.too_slow

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
    def absent(self) -> tuple[str, ...]:
        """Names of the legs whose device is away just now."""
        return tuple(leg.name for number in self._watch.absent for leg in self.sources[number].legs)

    @property
    def mute(self) -> tuple[str, ...]:
        """Names of the legs whose source delivers nothing but zeros."""
        return tuple(leg.name for each in self.sources if self._zeros[each.number].now for leg in each.legs)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What was wrong with the sources, one line each."""
        return tuple(zeros.complaint for zeros in self._zeros if zeros.complaint is not None)

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
        began = time.monotonic()
        legs = self.sources[source]
        taken_seconds = legs.taken_seconds
        # A loudspeaker that plays nothing, or is put to sleep meanwhile, is no fault.
        if self._live and not legs.may_wait:
            if line := legs.slip.take(block):
                self.messages.append(line)
            said = self._zeros[source].line
            self._zeros[source].take(block)
            self._exchange(said, self._zeros[source].line)
        for event in legs.take(block):
            if isinstance(event, AudioBlock):
                self._sinks.take_block(event, source)
            else:
                self._tell(event)
        self._advise()
        self._say_failures()
        ended = time.monotonic()
        self.tally.processing_seconds += ended - began
        if self._pace is not None:
            sound_seconds = legs.taken_seconds - taken_seconds
            self._pace.worked(source, sound_seconds, ended - began, ended - block.arrived)

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

    def look_for_sources(self, now: float, queues: Sequence[BlockQueue]) -> None:
        """Say so where a source does not deliver, or its device has gone.

        Parameters
        ----------
        now : float
            ``time.monotonic()``, s.
        queues : sequence of BlockQueue
            By number of the source.
        """
        for said in self._watch.look(now, queues):
            if isinstance(said, Absence):
                self._take_absence(said)
            else:
                self.messages.append(said)
        # Alerts that cannot be delivered are told of while no sound comes, too.
        self._say_failures()

    def finish(self) -> None:
        """Give the rows that the end of the sound completes."""
        for source in self.sources:
            for event in source.finish():
                self._tell(event)
        self._say_failures()

    def count_missing(self, now: float, queues: Sequence[BlockQueue]) -> None:
        """Count what sources still owe once all is finished: the time since then was time of the stream.

        Parameters
        ----------
        now : float
            ``time.monotonic()``, s.
        queues : sequence of BlockQueue
            By number of the source; the end of one that is closed was then.
        """
        self.look_for_sources(now, queues)
        for source, queue in zip(self.sources, queues, strict=True):
            until = now if queue.closed_at is None else queue.closed_at
            is_away = source.number in self._watch.absent
            if is_away or self._watch.is_owing(source, queue, until):
                for gap in source.miss(until, "stall" if source.may_wait and not is_away else "away"):
                    self._tell(gap)
        self._say_failures()

    def _tell(self, event: Said) -> None:
        self.tally.count(event)
        raised: list[Alert] = []
        if isinstance(event, Row):
            self._views.take(event)
            raised = self.alerting.take(event)
        elif isinstance(event, Skip):
            self._views.take_skip(event)
            if self._spells.begins_with(event):
                self.messages.append(f"too slow: x{event.demand:.1f}; windows are skipped")
        else:
            self.alerting.interrupt(event.leg)
        if isinstance(event, Gap) and event.cause not in {"pause", "stall"}:
            missing = event.end - event.start
            self.messages.append(f"{event.cause} at {event.start:.1f} s: {missing:.2f} s of sound is missing")
        self._sinks.take(event)
        for alert in raised:
            self._sinks.take(alert)
            self.messages.append(f"alert: {alert.text}")

    def _take_absence(self, absence: Absence) -> None:
        """Give at once the rows that the end of the sound completes: it may be long until more comes."""
        source = self.sources[absence.number]
        for event in source.finish():
            self._tell(event)
        for leg in source.legs:
            self.alerting.interrupt(leg.name)
        self.messages.append(f"waiting for {absence.source}: {absence.reason}")
        self._sinks.take(absence)

    def _advise(self) -> None:
        """Say once of each leg that another one leaks into it."""
        for leg in () if self._crosstalk is None else self._crosstalk.leaking:
            if leg not in self._advised:
                self._advised.add(leg)
                self.messages.append(f"{leg} hears the other leg; headphones would help")

    def _say_failures(self) -> None:
        self._sinks.tell_complaints()
        found = (*self._sinks.failures, *self._sinks.complaints)
        if found == self._said:
            return
        stale = [line for line in self._said if line not in found]
        for line in found:
            if line not in self._said:
                # A line that grows ("3 more", "it went on") stands in the place of what it was before.
                self._exchange(stale.pop(0) if stale else None, line)
        self._said = found

    def _exchange(self, said: str | None, line: str | None) -> None:
        """Put a message in the place of another, or take it back."""
        if said == line:
            return
        if said is not None and said in self.messages:
            place = self.messages.index(said)
            del self.messages[place]
            if line is not None:
                self.messages.insert(place, line)
        elif line is not None:
            self.messages.append(line)
