"""What the worker does with each block and command: legs, alerts, sinks, counters, messages.

It also watches the sources: one that delivers nothing, one that delivers only zeros.
"""

import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from streamer.alerts import Alerting
from streamer.analysis.leakage import LeakageDetector
from streamer.analysis.load_shedding import LoadShedder
from streamer.analysis.source_legs import SourceLegs
from streamer.events import Absence, AudioBlock, Gap, LegEvent, Row, Skip, SkipEpisodes, UserCommand
from streamer.leg_views import LegViews
from streamer.sinks.group import SinkGroup
from streamer.snapshot import LegView
from streamer.sources.queue import BlockQueue

if TYPE_CHECKING:
    from streamer.alerts import Alert

SILENT_SECONDS: Final = 3.0
"""So long nothing comes before this is said, or ends a duration: a block may be late."""

UNASKED_SECONDS: Final = 5.0
"""The same where it may be no fault: so long it takes until a sound server that hangs has been found out."""


class SourceWatch:
    """Looks at the queues from time to time, and says each thing once."""

    def __init__(self, sources: Sequence[SourceLegs]) -> None:
        self._sources = tuple(sources)
        self._silent: set[int] = set()
        self._absent: set[int] = set()

    @property
    def absent(self) -> tuple[int, ...]:
        """Numbers of the sources whose device is away just now."""
        return tuple(self._absent)

    @staticmethod
    def is_owing(source: SourceLegs, queue: BlockQueue, until: float) -> bool:
        """Tell whether a live source has delivered nothing for long, at the end."""
        if not source.is_live or source.arrived is None or queue.oldest_arrival is not None:
            return False
        return until - source.arrived > SILENT_SECONDS

    def look(self, now: float, queues: Sequence[BlockQueue]) -> Iterator[str | Absence]:
        """Look at all sources."""
        for source, queue in zip(self._sources, queues, strict=True):
            absence = queue.absence
            # What waits in the queue has come, however slow we are.
            is_empty = queue.oldest_arrival is None
            if absence is None:
                self._absent.discard(source.number)
            elif is_empty and source.number not in self._absent:
                self._absent.add(source.number)
                yield Absence(source.number, source.name, source.stream_seconds, absence)
            if source.arrived is None:
                source.arrived = now
            quiet_seconds = now - source.arrived if is_empty else 0.0
            # Of a device that is known to be away nothing is late.
            patience = UNASKED_SECONDS if source.may_wait else SILENT_SECONDS
            source.note_quiet(quiet_seconds if absence is not None or quiet_seconds > patience else 0.0)
            excused = source.may_wait or source.number in self._absent
            is_silent = quiet_seconds > SILENT_SECONDS and not excused
            if is_silent and source.number not in self._silent:
                yield f"nothing has come from {source.name} for {SILENT_SECONDS:g} s"
            (self._silent.add if is_silent else self._silent.discard)(source.number)


ZERO_SECONDS: Final = 5.0
"""Every real microphone has noise: so long there are no zeros alone unless somebody wants it."""


class MuteDetector:
    """Looks at the samples of one source.

    Attributes
    ----------
    seconds : float
        How long there was nothing else, in all the stretches that were long enough to be told of, s.
    """

    def __init__(self, name: str) -> None:
        self.seconds = 0.0
        self._name = name
        self._since: float | None = None
        self._told = False
        self._before = 0.0

    def take(self, block: AudioBlock) -> None:
        """Look at the next block."""
        if block.samples.any() or block.away:
            self._since = None
            self._told = False
            return
        if self._since is None:
            self._since, self._before = block.arrived, self.seconds
        lasts_seconds = block.arrived - self._since
        if lasts_seconds >= ZERO_SECONDS:
            self._told = True
            self.seconds = self._before + lasts_seconds

    @property
    def now(self) -> bool:
        """True where nothing else has come for so long."""
        return self._told

    @property
    def line(self) -> str | None:
        """What is to be said as long as it lasts; None where all is well."""
        if not self._told:
            return None
        return f"only zeros come: unmute {self._name}, or let this program hear it"

    @property
    def complaint(self) -> str | None:
        """What is to be said at the end; None where all was well."""
        if not self.seconds:
            return None
        return f"{self._name} delivered nothing but zeros for {self.seconds:.0f} s: it was muted, or refused"


@dataclass(slots=True)
class SessionCounters:
    """Counts of the worker; only it writes them, and each is read as it stands.

    Attributes
    ----------
    states, emotions : Counter
        Rows by state, and by leading emotion.
    gaps, marks : int
        Jumps in the sample index; moments that the user marked.
    skipped : int
        Windows that there was no time to hear; they are no rows.
    processing_seconds : float
        Time spent on blocks, s.
    lag_seconds, max_lag_seconds : float
        Of the latest row, and of the latest ever.
    """

    states: Counter[str] = field(default_factory=Counter)
    emotions: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    marks: int = 0
    skipped: int = 0
    processing_seconds: float = 0.0
    lag_seconds: float = 0.0
    max_lag_seconds: float = 0.0

    @property
    def windows(self) -> int:
        """Rows so far."""
        return self.states.total()

    def count(self, event: LegEvent) -> None:
        """Count what a leg said."""
        if not isinstance(event, Row):
            self.gaps += isinstance(event, Gap)
            self.skipped += isinstance(event, Skip)
            return
        self.states[event.state] += 1
        if event.emotion is not None:
            self.emotions[event.emotion] += 1
        self.lag_seconds = event.lag_seconds
        self.max_lag_seconds = max(self.max_lag_seconds, event.lag_seconds)


NUM_MESSAGES: Final = 4


class Pipeline:
    """Hands sound to the legs and the sinks, in the order of the stream, and keeps count."""

    def __init__(
        self,
        sources: Sequence[SourceLegs],
        views: LegViews,
        sinks: SinkGroup,
        alerting: Alerting,
        *,
        live: bool,
        crosstalk: LeakageDetector | None = None,
        pace: LoadShedder | None = None,
    ) -> None:
        self.tally = SessionCounters()
        self.messages: deque[str] = deque(maxlen=NUM_MESSAGES)
        self.sources = tuple(sources)
        self.alerting = alerting
        self._views = views
        self._sinks = sinks
        self._live = live
        self._said: tuple[str, ...] = ()
        self._zeros = tuple(MuteDetector(source.name) for source in sources)
        self._watch = SourceWatch(sources)
        self._crosstalk = crosstalk
        self._advised: set[str] = set()
        self._pace = pace
        self._spells = SkipEpisodes()

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
        """Analyse a block and hand it on, or keep it out while the user pauses."""
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
        """Say so where a source does not deliver, or its device has gone."""
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
        """Count what sources still owe once all is finished: the time since then was time of the stream."""
        self.look_for_sources(now, queues)
        for source, queue in zip(self.sources, queues, strict=True):
            until = now if queue.closed_at is None else queue.closed_at
            is_away = source.number in self._watch.absent
            if is_away or self._watch.is_owing(source, queue, until):
                for gap in source.miss(until, "stall" if source.may_wait and not is_away else "away"):
                    self._tell(gap)
        self._say_failures()

    def _tell(self, event: LegEvent) -> None:
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
