"""Run a session: build the pipeline, start everything in order, stop it in order.

The stop order is: source, queue, worker, sinks, screen; then the worker's first exception is raised. The
first Ctrl-C asks for this stop, the second insists.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import FrameType, MappingProxyType
from typing import Final

from emotion import wall_clock
from emotion.audio_io import rate_note
from emotion.decision import VoiceState
from emotion.errors import AudioFileError, CallmoodError, DeviceError
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.alerts import COOLDOWN_SECONDS, Alerting, AlertRule
from streamer.analysis.classifier import ClassifierOptions
from streamer.analysis.leakage import LeakageDetector
from streamer.analysis.leg import Leg, warm_up
from streamer.analysis.load_shedding import LegLoadShedder, LoadShedder
from streamer.analysis.source_legs import SourceLegs
from streamer.analysis.spectrogram import SpectrogramColumns, SpectrogramHistory
from streamer.blocking_calls import BackgroundCall
from streamer.events import STATES, CommandKind, UserCommand, UserCommandQueue, is_spoken
from streamer.leg_plan import LegPlan, leg_notes, side_legs
from streamer.leg_views import LegViews, TalkTime
from streamer.pipeline import Pipeline
from streamer.session_info import SessionInfo, Summary, new_session_id
from streamer.sinks.base import Sink
from streamer.sinks.group import SinkGroup
from streamer.sources.base import Source, SourceInfo
from streamer.sources.clock import Alignment, Epoch
from streamer.sources.queue import SourceMultiplexer
from streamer.terminal_io import Screen
from streamer.worker import Worker


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The small print of a session.

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
    judging : JudgeOptions
        How each leg is judged; its voice is that of no leg.
    alert_rules : tuple of AlertRule
        What raises alerts.
    alert_cooldown_seconds : float
        Least stream time from one alert of a rule to its next, s.
    voices : mapping of str to str
        Names of the saved voices that legs go on with, by leg; for the journal.
    voice_states : mapping of str to VoiceState
        What is known of these voices, by leg.
    """

    callmood_version: str
    legs: tuple[LegPlan, ...] = ()
    duration_seconds: float | None = None
    spectrogram: bool = False
    spectrogram_history: SpectrogramHistory | None = None
    judging: ClassifierOptions = field(default_factory=ClassifierOptions)
    alert_rules: tuple[AlertRule, ...] = ()
    alert_cooldown_seconds: float = COOLDOWN_SECONDS
    voices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    voice_states: Mapping[str, VoiceState] = field(default_factory=lambda: MappingProxyType({}))


LIVE_QUEUE_SECONDS: Final = 10.0
FILE_QUEUE_SECONDS: Final = 2.0


class Engine:
    """Everything between sources and a screen; nothing runs until the worker is started.

    Attributes
    ----------
    inbox : Inbox
        With a queue for each source.
    worker : Worker
        With the latest snapshot.
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
        ended: Callable[[], None],
    ) -> None:
        self._model = model
        self._grid = grid
        self._sinks = sinks
        self._options = options
        self._sources = tuple(sources)
        live = any(info.live for info in sources)
        queue_seconds = [LIVE_QUEUE_SECONDS if info.live else FILE_QUEUE_SECONDS for info in sources]
        self.inbox = SourceMultiplexer(queue_seconds, [info.sample_rate for info in sources])
        self._commands = UserCommandQueue(len(sources))
        self._spectrogram: SpectrogramColumns | None = None
        if options.spectrogram or options.spectrogram_history is not None:
            self._spectrogram = SpectrogramColumns(grid.sample_rate, options.spectrogram_history)
        # It is one leg's, the first that is analysed.
        self._seen = next((plan.name for plan in plans if plan.analysed), None)
        step_seconds = grid.step / grid.sample_rate
        # Only sound that is lost when it waits for too long: a file holds its own back.
        self._pace = LoadShedder(step_seconds) if live else None
        rates = {plan.name: sources[plan.source].sample_rate for plan in plans}
        self._crosstalk = LeakageDetector(rates) if len(plans) > 1 else None
        by_step = (
            None if self._crosstalk is None else partial(self._crosstalk.talks, step_seconds=step_seconds)
        )
        self._talk = TalkTime(
            [plan.name for plan in plans if plan.analysed], step_seconds, by_step or is_spoken
        )
        epoch = Epoch()
        heard = [
            SourceLegs(
                number,
                info,
                plans,
                self._open_leg,
                end_seconds=options.duration_seconds,
                alignment=_alignment(info, len(sources), epoch),
                crosstalk=self._crosstalk,
            )
            for number, info in enumerate(sources)
        ]
        by_name = {leg.name: leg for source in heard for leg in source.legs}
        self._analysed = {name: leg for name, leg in by_name.items() if isinstance(leg, Leg)}
        views = LegViews([by_name[plan.name] for plan in plans], model.card.labels, self._talk)
        alerting = Alerting(
            options.alert_rules, tuple(self._analysed), step_seconds, options.alert_cooldown_seconds
        )
        self._listening = Pipeline(
            heard, views, sinks, alerting, live=live, crosstalk=self._crosstalk, pace=self._pace
        )
        self.worker = Worker(
            self.inbox,
            self._listening,
            self._commands,
            self._spectrogram if options.spectrogram else None,
            ended,
        )

    def command(self, kind: CommandKind) -> None:
        """Let the user pause, go on, or mark, at the samples that have just arrived."""
        self._commands.give(UserCommand(kind, self.inbox.end_samples, wall_clock.now()))

    @property
    def complaints(self) -> tuple[str, ...]:
        """What was wrong with the sources; to be asked for while the worker does not run."""
        return self._listening.complaints

    @property
    def voice_states(self) -> Mapping[str, VoiceState]:
        """What was learned of each leg's voice; to be asked for while the worker does not run."""
        return {name: leg.voice_state for name, leg in self._analysed.items()}

    def summary(self, non_finite_samples: int, failures: tuple[str, ...]) -> Summary:
        """Say what was heard, once the worker has ended."""
        listening, tally = self._listening, self._listening.tally
        slips = [source.slip.seconds for source in listening.sources]
        return Summary(
            seconds=listening.stream_seconds,
            windows=tally.windows,
            states={state: tally.states[state] for state in STATES},
            emotions={label: tally.emotions[label] for label in self._model.card.labels},
            overruns=self.inbox.overruns,
            gaps=tally.gaps,
            marks=tally.marks,
            skipped=tally.skipped,
            dropped_seconds=self.inbox.dropped_seconds,
            paused_seconds=max(source.paused_seconds for source in listening.sources),
            slip_seconds=max(slips, key=abs),
            non_finite_samples=sum(leg.non_finite_samples for leg in self._analysed.values())
            + non_finite_samples,
            real_time_factor=listening.real_time_factor,
            max_lag_seconds=tally.max_lag_seconds,
            files=self._sinks.files,
            failures=(*self._sinks.failures, *failures),
            talk_seconds={name: self._talk.seconds(name) for name in self._analysed}
            if self._crosstalk
            else {},
            overlap_seconds=self._talk.overlap_seconds,
            drift_seconds=listening.drift_seconds,
            alerts=listening.alerting.num_alerts,
        )

    def _open_leg(self, plan: LegPlan) -> Leg:
        judging = replace(self._options.judging, voice=self._options.voice_states.get(plan.name))
        info = self._sources[plan.source]
        return Leg(
            plan.name,
            self._model,
            self._grid,
            info.sample_rate,
            self._spectrogram if plan.name == self._seen else None,
            judging=judging,
            is_leak=None if self._crosstalk is None else partial(self._crosstalk.is_leak, plan.name),
            pace=LegLoadShedder(self._pace, plan.name) if self._pace is not None and info.live else None,
        )


def _alignment(info: SourceInfo, num_sources: int, epoch: Epoch) -> Alignment | None:
    """Hold against a clock what has an index of its own beside others, or pauses without a word."""
    if not info.live or (num_sources == 1 and not info.stalls):
        return None
    return Alignment(info.sample_rate, epoch, stalls=info.stalls)


INSISTING_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})
ASKING_SIGNALS: Final = (*INSISTING_SIGNALS, signal.SIGHUP)
"""A terminal that closes says so once or more, as its shell likes: saying it again is no insisting."""


@contextmanager
def interrupts(ask: Callable[[], None]) -> Iterator[None]:
    """Let a signal ask for an ordered stop while the block runs.

    In a thread that is not the main one signals cannot be handled, and nothing is changed. SIGHUP stays
    ignored where it was, as under `nohup`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = insisted = False

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what `signal` calls
        nonlocal asked, insisted
        if not asked:
            asked = True
            ask()
        elif number in INSISTING_SIGNALS:
            insisted = True
            raise KeyboardInterrupt

    is_ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    handled = INSISTING_SIGNALS if is_ignored else ASKING_SIGNALS
    before = {number: signal.signal(number, handle) for number in handled}
    try:
        yield
    except Exception as error:
        # A library that is interrupted while it loads says that it cannot be loaded.
        if insisted:
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            # None stands for a handler that was not set from Python: it cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


DRAW_SECONDS: Final = 0.25

ASKED_SECONDS: Final = 0.05
"""So often it is looked whether the user wants to stop, while a source is opened."""


class Session:
    """One run from the first sample to the summary."""

    def __init__(
        self,
        sources: Sequence[Source],
        model: EmotionModel,
        grid: WindowGrid,
        *,
        sinks: Sequence[Sink],
        screen: Screen,
        options: SessionOptions,
    ) -> None:
        self._sources = tuple(sources)
        self._model = model
        self._grid = grid
        self._sinks = SinkGroup(sinks)
        self._screen = screen
        self._options = options
        self._asked_to_stop = False
        self._summary: Summary | None = None
        self._engine: Engine | None = None
        self._known_notes: tuple[str, ...] = ()

    def run(self) -> Summary:
        """Listen until the source ends, the duration is over, or the user has had enough."""
        infos = tuple(source.info for source in self._sources)
        for info in infos:
            self._refuse_too_short(info)
        self._known_notes = tuple(note for info in infos for note in info.notes)
        plans = self._options.legs or side_legs(infos)
        engine = Engine(
            infos,
            plans,
            self._model,
            self._grid,
            sinks=self._sinks,
            options=self._options,
            ended=self._screen.wake,
        )
        self._engine = engine
        with interrupts(self.ask_to_stop):
            try:
                self._start_and_follow(engine, self._facts(infos, plans))
            except KeyboardInterrupt:
                # It may have struck inside the ordered stop; whatever was stopped before takes no harm.
                engine.inbox.discard()
                self._stop(engine)
                raise
        error = engine.worker.error or engine.inbox.error
        if error is not None:
            raise error
        if self._summary is None:
            raise RuntimeError("the session has ended without a summary")
        if away := self._away(engine):
            raise DeviceError(f"{'; '.join(away)}; see `callmood devices`")
        return self._summary

    def voice_state(self, leg: str) -> VoiceState:
        """Give what was learned of a leg's voice, to sinks that are closed and to whoever asks afterwards."""
        return {} if self._engine is None else self._engine.voice_states.get(leg, {})

    def ask_to_stop(self) -> None:
        """End the session in order; from any thread, and from a signal handler."""
        self._asked_to_stop = True
        self._screen.wake()

    def _start_and_follow(self, engine: Engine, facts: SessionInfo) -> None:
        try:
            self._screen.open(facts)
            self._screen.draw(engine.worker.latest)
            for rate in {info.sample_rate for info in facts.sources}:
                warm_up(self._model, self._grid, rate)
            if not all(self._unless_asked(source.open) for source in self._sources):
                raise KeyboardInterrupt
            self._sinks.open(facts)
            for source, queue in zip(self._sources, engine.inbox.queues, strict=True):
                if not self._unless_asked(partial(source.start, queue)):
                    break
            engine.worker.start()
            self._follow(engine)
        finally:
            self._stop(engine)

    def _unless_asked(self, call: Callable[[], None]) -> bool:
        """Have a source open or start, which may hang; False where the user asks to stop meanwhile."""
        running: BackgroundCall[None] | None = None
        while not self._asked_to_stop:
            if running is None:
                running = BackgroundCall(call)
                running.start("callmood-opening")
            if running.wait(ASKED_SECONDS):
                running.result()
                return True
        return False

    def _stop(self, engine: Engine) -> None:
        # Undone from the last to the first, each whatever becomes of the others.
        with ExitStack() as stop:
            stop.callback(lambda: self._screen.close(self._summary))
            stop.callback(self._close_sinks, engine)
            stop.callback(self._stop_worker, engine)
            stop.callback(engine.inbox.close)
            for source in self._sources:
                stop.callback(source.stop)

    def _follow(self, engine: Engine) -> None:
        next_draw = time.monotonic()
        while not (engine.worker.is_done or self._asked_to_stop):
            key = self._screen.poll(max(0.0, next_draw - time.monotonic()))
            if key == "quit":
                return
            if key is not None:
                engine.command(key)
            if time.monotonic() >= next_draw:
                self._screen.draw(engine.worker.latest)
                next_draw = time.monotonic() + DRAW_SECONDS

    def _stop_worker(self, engine: Engine) -> None:
        if not engine.worker.stop():
            raise CallmoodError(
                "the analysis does not stop: something it writes to hangs; press Ctrl-C once more"
            )
        if engine.worker.is_done:
            self._screen.draw(engine.worker.latest)

    def _close_sinks(self, engine: Engine) -> None:
        if engine.worker.is_running:
            return  # It may still be writing.
        if not engine.worker.is_done:
            self._sinks.close(None)
            return
        error = engine.worker.error or engine.inbox.error
        failures = () if error is None else (str(error) or type(error).__name__,)
        num_non_finite = sum(source.non_finite_samples for source in self._sources)
        # What a source has found out while it was read.
        notes = [note for source in self._sources for note in source.info.notes]
        late = tuple(note for note in notes if note not in self._known_notes) + engine.complaints
        late += self._away(engine)
        summary = replace(engine.summary(num_non_finite, failures), complaints=late)
        self._summary = summary
        self._sinks.close(summary)
        self._summary = replace(
            summary,
            files=self._sinks.files,
            failures=(*self._sinks.failures, *failures),
            complaints=(*self._sinks.complaints, *late),
        )

    def _away(self, engine: Engine) -> tuple[str, ...]:
        """Name the devices that were away at the end."""
        return tuple(
            f"{source.info.name} was away at the end: {reason}"
            for source, reason in zip(self._sources, engine.inbox.absences, strict=True)
            if reason is not None
        )

    def _facts(self, infos: Sequence[SourceInfo], plans: Sequence[LegPlan]) -> SessionInfo:
        card = self._model.card
        started = wall_clock.now()
        told = [
            note for info in infos for note in (*info.notes, *rate_note(info.sample_rate, card.sample_rate))
        ]
        return SessionInfo(
            session=new_session_id(started),
            started=started,
            sources=tuple(infos),
            notes=tuple(dict.fromkeys((*leg_notes(plans, infos), *told))),
            model=card.name,
            model_notes=tuple(card.notes),
            feature_set=f"{card.feature_set}/{card.feature_set_version}",
            labels=tuple(card.labels),
            win_seconds=self._grid.win / self._grid.sample_rate,
            step_seconds=self._grid.step / self._grid.sample_rate,
            sample_rate=self._grid.sample_rate,
            legs=tuple(plans),
            callmood_version=self._options.callmood_version,
            voices=self._options.voices,
            alerts=tuple(rule.text for rule in self._options.alert_rules),
            learns_voice=self._options.judging.baseline and bool(self._model.open_voice().state()),
            shows_change_after_seconds=self._delay(),
        )

    def _delay(self) -> float | None:
        """Give the delay of the card where the session is as that was measured: win, step, voices learned."""
        card = self._model.card
        as_measured = self._options.judging.baseline and self._grid == card.grid()
        return card.shows_change_after_seconds if as_measured else None

    def _refuse_too_short(self, info: SourceInfo) -> None:
        if info.seconds is None:
            return
        num_samples = round(info.seconds * info.sample_rate) * self._grid.sample_rate // info.sample_rate
        if not self._grid.num_windows(num_samples):
            win_seconds = self._grid.win / self._grid.sample_rate
            raise AudioFileError(
                f"{info.name} lasts {info.seconds:.6g} s and a window {win_seconds:g} s: not one fits; "
                "replay a longer file, or give a shorter --win where the model allows it"
            )
