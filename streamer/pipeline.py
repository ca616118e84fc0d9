"""What the worker does with each block and command: legs, alerts, sinks, counters, messages.

It also detects sources that deliver only zeros. It has no thread and no queue of its own, so it can be driven
from any.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import compress
from types import MappingProxyType
from typing import Final

from emotion.decision import VoiceState
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.alerts import COOLDOWN_SECONDS, Alerting, AlertRule
from streamer.analysis.leakage import LeakageDetector
from streamer.analysis.leg import ClassifierOptions, Leg, LegOptions
from streamer.analysis.load_shedding import LoadShedder
from streamer.analysis.source_legs import SourceLegs, SourceOptions
from streamer.analysis.spectrogram import SpectrogramColumns, SpectrogramHistory
from streamer.events import (
    STATES,
    Absence,
    Alert,
    AudioBlock,
    Gap,
    LegEvent,
    LegOutput,
    LineFit,
    Mark,
    Pause,
    Row,
    Skip,
    SkipEpisodes,
    Sound,
    UserCommand,
    is_spoken,
)
from streamer.leg_plan import LegPlan
from streamer.session_info import LegLine, LineAddition, Summary
from streamer.session_memory import (
    SessionMemory,
    absence_message,
    alert_message,
    gap_message,
    line_message,
    mark_message,
    skip_message,
)
from streamer.sinks.group import SinkGroup
from streamer.snapshot import LegViews, Snapshot, TalkTime
from streamer.sources.base import SourceInfo
from streamer.sources.clock import Alignment, Epoch
from streamer.sources.queue import BlockQueue, SourceMultiplexer


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a session may be asked for, legs to alerts.

    Attributes
    ----------
    callmood_version : str
        The program's own, for the journal.
    legs : tuple of LegPlan
        As the user calls them; empty for the sides of a stereo source, or each source as one.
    duration_seconds : float or None
        Stop after so much stream time, s.
    spectrogram : bool
        Give the screen the mel spectrogram of the last minute.
    spectrogram_history : SpectrogramHistory or None
        Is filled with the spectrogram of the whole session.
    classifier : ClassifierOptions
        How each leg is classified; voices come from `voice_states`, lines from `lines`.
    alert_rules : tuple of AlertRule
        What raises alerts.
    alert_cooldown_seconds : float
        Least stream time from one alert of a rule to its next, s.
    voices : mapping of str to str
        Names of the saved voices that legs go on with, by leg; for the journal.
    voice_states : mapping of str to VoiceState
        What is known of these voices, by leg.
    lines : mapping of str to LegLine
        The lines that legs are on, by leg, with what earlier callers left of them.
    announced : str or None
        What the parties were told, for the journal.
    started : datetime or None
        When the recording that is replayed began, with its offset.
    """

    callmood_version: str
    legs: tuple[LegPlan, ...] = ()
    duration_seconds: float | None = None
    spectrogram: bool = False
    spectrogram_history: SpectrogramHistory | None = None
    classifier: ClassifierOptions = field(default_factory=ClassifierOptions)
    alert_rules: tuple[AlertRule, ...] = ()
    alert_cooldown_seconds: float = COOLDOWN_SECONDS
    voices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    voice_states: Mapping[str, VoiceState] = field(default_factory=lambda: MappingProxyType({}))
    lines: Mapping[str, LegLine] = field(default_factory=lambda: MappingProxyType({}))
    announced: str | None = None
    started: datetime | None = None


ZERO_SECONDS: Final = 5.0
"""Every real microphone has noise: only a muted one delivers nothing but zeros for so long."""


class MuteDetector:
    """Looks at the samples of one source.

    Attributes
    ----------
    is_mute : bool
        True where nothing but zeros has come for so long.
    seconds : float
        How long that was, in all spans that were long enough, s.
    """

    def __init__(self, name: str) -> None:
        self.is_mute = False
        self.seconds = 0.0
        self._name = name
        self._since: float | None = None
        self._before = 0.0

    def take(self, block: AudioBlock) -> None:
        """Look at the next block."""
        if block.samples.any() or block.away:
            self._since = None
            self.is_mute = False
            return
        if self._since is None:
            self._since, self._before = block.arrived, self.seconds
        lasts_seconds = block.arrived - self._since
        if lasts_seconds >= ZERO_SECONDS:
            self.is_mute = True
            self.seconds = self._before + lasts_seconds

    @property
    def line(self) -> str | None:
        """The message while it lasts."""
        return f"only zeros come: unmute {self._name}, or let this program hear it" if self.is_mute else None

    @property
    def complaint(self) -> str | None:
        """The message at the end; None where all was well."""
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
        Windows of speech that were skipped; they are no rows.
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
        """Count a row, skip or gap."""
        self.gaps += isinstance(event, Gap)
        self.skipped += isinstance(event, Skip)
        if not isinstance(event, Row):
            return
        self.states[event.state] += 1
        if event.emotion is not None:
            self.emotions[event.emotion] += 1
        self.lag_seconds = event.lag_seconds
        self.max_lag_seconds = max(self.max_lag_seconds, event.lag_seconds)


NUM_MESSAGES: Final = 4


class Pipeline:
    """Hands sound to the legs and the sinks, in the order of the stream, and keeps count.

    Attributes
    ----------
    sources : tuple of SourceLegs
        With all legs, by number of the source.
    counters : SessionCounters
        Of the session so far.
    messages : deque of str
        The last few lines worth reading, oldest first.
    alerting : Alerting
        Takes every row.
    """

    def __init__(
        self,
        sources: Sequence[SourceInfo],
        plans: Sequence[LegPlan],
        model: EmotionModel,
        grid: WindowGrid,
        *,
        sinks: SinkGroup,
        options: SessionOptions,
    ) -> None:
        step_seconds = grid.step / grid.sample_rate
        analysed = [plan.name for plan in plans if plan.analysed]
        self.counters = SessionCounters()
        self.messages: deque[str] = deque(maxlen=NUM_MESSAGES)
        self.alerting = Alerting(options.alert_rules, analysed, step_seconds, options.alert_cooldown_seconds)
        self._model = model
        self._grid = grid
        self._sinks = sinks
        self._options = options
        self._live = any(info.live for info in sources)
        # Only sound that is lost when it waits for too long: a file holds its own back.
        self._shedder = LoadShedder(step_seconds) if self._live else None
        rates = {plan.name: sources[plan.source].sample_rate for plan in plans}
        self._leakage = LeakageDetector(rates) if len(plans) > 1 else None
        self._spectrogram: SpectrogramColumns | None = None
        if options.spectrogram or options.spectrogram_history is not None:
            self._spectrogram = SpectrogramColumns(grid.sample_rate, options.spectrogram_history)
        # The spectrogram is that of one leg, the first that is analysed.
        self._tapped = analysed[0] if analysed else None
        epoch = Epoch()
        self.sources = tuple(
            SourceLegs(
                number,
                info,
                plans,
                partial(self._open_leg, info),
                SourceOptions(options.duration_seconds, _alignment(info, len(sources), epoch), self._leakage),
            )
            for number, info in enumerate(sources)
        )
        legs = {leg.name: leg for source in self.sources for leg in source.legs}
        self._legs = {name: leg for name, leg in legs.items() if isinstance(leg, Leg)}
        talks = (
            is_spoken if self._leakage is None else partial(self._leakage.talks, step_seconds=step_seconds)
        )
        self._talk = TalkTime(analysed, step_seconds, talks)
        noise_floors = {plan.name: legs[plan.name].noise_floor for plan in plans}
        voices = {leg: line.voices for leg, line in options.lines.items()}
        self._views = LegViews(noise_floors, model.card.labels, self._talk, voices)
        self._memory = SessionMemory(analysed, model.card.labels, step_seconds)
        # Where a mark is to be whose note the user still writes.
        self._noted: Mark | None = None
        self._held = False
        self._reported: tuple[str, ...] = ()
        self._mute = tuple(MuteDetector(info.name) for info in sources)
        self._advised: set[str] = set()
        self._skips = SkipEpisodes()

    def _open_leg(self, info: SourceInfo, plan: LegPlan) -> Leg:
        line = self._options.lines.get(plan.name)
        options = LegOptions(
            classifier=replace(
                self._options.classifier,
                voice=self._options.voice_states.get(plan.name),
                line=None if line is None else line.state,
            ),
            tap=self._spectrogram if plan.name == self._tapped else None,
            is_leak=None if self._leakage is None else partial(self._leakage.is_leak, plan.name),
            shedder=self._shedder if info.live else None,
        )
        return Leg(plan.name, self._model, self._grid, info.sample_rate, options)

    @property
    def is_over(self) -> bool:
        """True once the stream has reached the end that was asked for."""
        return any(source.is_over for source in self.sources)

    @property
    def paused(self) -> bool:
        """True while the user keeps everything out."""
        return all(source.paused for source in self.sources)

    def take(self, source: int, block: AudioBlock) -> None:
        """Analyse a block and hand it on, or keep it out while the user pauses."""
        began = time.monotonic()
        legs = self.sources[source]
        taken_seconds = legs.taken_seconds
        if block.jumped and not taken_seconds:
            self._views.begin(block.first_sample / legs.info.sample_rate)
        # A loudspeaker that plays nothing, or is put to sleep meanwhile, is no fault.
        if self._live and not legs.info.stalls:
            if line := legs.clock_drift.take(block):
                self.messages.append(line)
            line_before = self._mute[source].line
            self._mute[source].take(block)
            self._replace_message(line_before, self._mute[source].line)
        for event in legs.take(block):
            if isinstance(event, AudioBlock):
                self._sinks.handle(Sound(event, source))
            else:
                self._handle(event)
        self._advise_headphones()
        self._report_failures()
        ended = time.monotonic()
        self.counters.processing_seconds += ended - began
        if self._shedder is not None:
            sound_seconds = legs.taken_seconds - taken_seconds
            self._shedder.worked(source, sound_seconds, ended - began, ended - block.arrived)

    def obey(self, source: int, command: UserCommand) -> None:
        """Carry out a command of the user for one source, whose sound before the command has been taken.

        Sinks get the pause event after the last source has stopped, and the resume event before the first
        restarts.
        """
        legs = self.sources[source]
        at_seconds = legs.seconds_at(command.at_samples[source])
        if command.kind == "pause":
            were_paused = self.paused
            for event in legs.pause():
                self._handle(event)
            if self.paused != were_paused:
                pause = Pause(at_seconds, command.clock, self.paused)
                self._memory.interrupt()
                self._memory.note(pause)
                self._sinks.handle(pause)
        elif not source:
            self._obey_mark(command, Mark(at_seconds, command.clock))
        self._report_failures()

    def _obey_mark(self, command: UserCommand, mark: Mark) -> None:
        """Set a mark now, or, with a note, where the user began to write it."""
        if command.kind == "begin_note":
            self._noted = mark
        elif command.kind == "mark":
            self._mark(mark)
        else:
            noted, self._noted = self._noted, None
            if noted is not None and command.note is not None:
                # Without a word it is a mark like any other.
                self._mark(replace(noted, note=command.note or None))

    def _mark(self, mark: Mark) -> None:
        self.counters.marks += 1
        self._memory.note(mark)
        if message := mark_message(mark):
            self.messages.append(message)
        self._sinks.handle(mark)

    def hold(self, *, held: bool) -> None:
        """Note that a replay was paused, or goes on."""
        self._held = held

    @property
    def voice_states(self) -> Mapping[str, VoiceState]:
        """The speaker baseline of each analysed leg."""
        return {name: leg.classifier.voice_state for name, leg in self._legs.items()}

    @property
    def _line_additions(self) -> Mapping[str, LineAddition]:
        return {name: self._legs[name].classifier.add_to_line for name in self._options.lines}

    def look_for_sources(self, now: float, queues: Sequence[BlockQueue]) -> None:
        """Report a source that does not deliver, or whose device has gone; `now` is ``time.monotonic()``."""
        for source, queue in zip(self.sources, queues, strict=True):
            for found in source.check(now, queue):
                if isinstance(found, Absence):
                    self._handle_absence(found)
                else:
                    self.messages.append(found)
        # Alerts that cannot be delivered are reported while no sound comes, too.
        self._report_failures()

    def finish(self) -> None:
        """Give the rows that the end of the sound completes."""
        for source in self.sources:
            for event in source.finish():
                self._handle(event)
        if self._noted is not None:
            # The session ends while the note is written: the moment is kept.
            self._mark(self._noted)
            self._noted = None
        self._report_failures()

    def count_missing(self, now: float, queues: Sequence[BlockQueue]) -> None:
        """Count what sources still owe at the end as gaps: the time since then was time of the stream."""
        self.look_for_sources(now, queues)
        for source, queue in zip(self.sources, queues, strict=True):
            for gap in source.missing(now, queue):
                self._handle(gap)
        self._report_failures()

    def snapshot(self, multiplexer: SourceMultiplexer) -> Snapshot:
        """Give the state for the screen."""
        counters = self.counters
        return Snapshot(
            stream_seconds=self._stream_seconds,
            windows=counters.windows,
            legs=self._views.views,
            lag_seconds=counters.lag_seconds,
            real_time_factor=self._real_time_factor,
            overruns=multiplexer.overruns,
            gaps=counters.gaps,
            marks=counters.marks,
            dropped_seconds=multiplexer.dropped_seconds,
            paused=self.paused,
            saving=self._sinks.is_saving and not self.paused,
            messages=tuple(self.messages),
            spectrogram=self._spectrogram.view() if self._spectrogram and self._options.spectrogram else None,
            overlap_seconds=self._talk.overlap_seconds,
            drift_seconds=self._drift_seconds,
            num_alerts=self.alerting.num_alerts,
            alerts=self.alerting.holding,
            absent=self._leg_names(source.is_absent for source in self.sources),
            mute=self._leg_names(mute.is_mute for mute in self._mute),
            skipped=counters.skipped,
            too_slow=None if self._shedder is None else self._shedder.too_slow,
            held=self._held,
            log=self._memory.log,
            ticks=self._memory.ticks,
            strip=self._memory.strip,
        )

    def summary(self, multiplexer: SourceMultiplexer) -> Summary:
        """Give the summary of what was analysed, once nothing is analysed any more."""
        counters = self.counters
        drifts = [source.clock_drift.seconds for source in self.sources]
        return Summary(
            seconds=self._stream_seconds,
            windows=counters.windows,
            states={state: counters.states[state] for state in STATES},
            emotions={label: counters.emotions[label] for label in self._model.card.labels},
            overruns=multiplexer.overruns,
            gaps=counters.gaps,
            marks=counters.marks,
            skipped=counters.skipped,
            dropped_seconds=multiplexer.dropped_seconds,
            paused_seconds=max(source.paused_seconds for source in self.sources),
            slip_seconds=max(drifts, key=abs),
            non_finite_samples=sum(leg.windows.non_finite_samples for leg in self._legs.values()),
            real_time_factor=self._real_time_factor,
            max_lag_seconds=counters.max_lag_seconds,
            files=self._sinks.files,
            failures=self._sinks.failures,
            talk_seconds={name: self._talk.seconds(name) for name in self._legs} if self._leakage else {},
            overlap_seconds=self._talk.overlap_seconds,
            drift_seconds=self._drift_seconds,
            alerts=self.alerting.num_alerts,
            complaints=tuple(mute.complaint for mute in self._mute if mute.complaint is not None),
            legs=self._memory.leg_summaries({name: self._talk.seconds(name) for name in self._legs}),
            voice_states=self.voice_states,
            line_additions=self._line_additions,
        )

    @property
    def _stream_seconds(self) -> float:
        return max(source.stream_seconds for source in self.sources)

    @property
    def _real_time_factor(self) -> float:
        analysed_seconds = max(source.analysed_seconds for source in self.sources)
        return self.counters.processing_seconds / analysed_seconds if analysed_seconds else 0.0

    @property
    def _drift_seconds(self) -> float | None:
        """How far the samples of the second source lag behind the first's, s; None where there is but one."""
        clocks = [source.alignment for source in self.sources if source.alignment is not None]
        return clocks[-1].drift_seconds - clocks[0].drift_seconds if len(clocks) > 1 else None

    def _leg_names(self, selected: Iterable[bool]) -> tuple[str, ...]:
        return tuple(name for source in compress(self.sources, selected) for name in source.names)

    def _handle(self, event: LegOutput) -> None:
        if isinstance(event, LineFit):
            self._handle_line(event)
            return
        self.counters.count(event)
        self._views.take(event)
        self._memory.take(event)
        raised: list[Alert] = []
        if isinstance(event, Row):
            raised = self.alerting.take(event)
        elif isinstance(event, Skip):
            if self._skips.begins_with(event):
                self._memory.note_load(event)
                self.messages.append(skip_message(event))
        else:
            self.alerting.interrupt(event.leg)
            if event.cause not in {"pause", "stall"}:
                self.messages.append(gap_message(event))
        self._sinks.handle(event)
        for alert in raised:
            self._sinks.handle(alert)
            self._memory.note(alert)
            self.messages.append(alert_message(alert))

    def _handle_line(self, event: LineFit) -> None:
        self._views.take_line(event)
        self._memory.note(event)
        self.messages.append(line_message(event))
        self._sinks.handle(event)

    def _handle_absence(self, absence: Absence) -> None:
        """Give at once the rows that the end of the sound completes: it may be long until more comes."""
        source = self.sources[absence.number]
        for event in source.finish():
            self._handle(event)
        for name in source.names:
            self.alerting.interrupt(name)
        self._memory.interrupt(source.names)
        self._memory.note(absence)
        self.messages.append(absence_message(absence))
        self._sinks.handle(absence)

    def _advise_headphones(self) -> None:
        """Report once of each leg that another one leaks into it."""
        for leg in () if self._leakage is None else self._leakage.leaking:
            if leg not in self._advised:
                self._advised.add(leg)
                self.messages.append(f"{leg} hears the other leg; headphones would help")

    def _report_failures(self) -> None:
        self._sinks.tell_complaints()
        found = (*self._sinks.failures, *self._sinks.complaints)
        if found == self._reported:
            return
        stale = [line for line in self._reported if line not in found]
        for line in found:
            if line not in self._reported:
                # A line that grows ("3 more", "it went on") stands in the place of what it was before.
                self._replace_message(stale.pop(0) if stale else None, line)
        self._reported = found

    def _replace_message(self, old: str | None, new: str | None) -> None:
        """Put a message in the place of another, or take it back."""
        if old == new:
            return
        if old is not None and old in self.messages:
            place = self.messages.index(old)
            del self.messages[place]
            if new is not None:
                self.messages.insert(place, new)
        elif new is not None:
            self.messages.append(new)


def _alignment(info: SourceInfo, num_sources: int, epoch: Epoch) -> Alignment | None:
    """Align to a clock a live source beside others, which has an index of its own, and one that stalls."""
    if not info.live or (num_sources == 1 and not info.stalls):
        return None
    return Alignment(info.sample_rate, epoch, stalls=info.stalls)
