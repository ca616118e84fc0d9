"""Run a session: build the pipeline, start everything in order, stop it in order.

The stop order is: source, queue, worker, sinks, screen; then the worker's first exception is raised. The
first Ctrl-C asks for this stop, the second insists.
"""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Final

from emotion import wall_clock
from emotion.audio_io import rate_note
from emotion.errors import AudioFileError, CallmoodError, DeviceError
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.analysis.leg import warm_up
from streamer.blocking_calls import BackgroundCall
from streamer.events import CommandKind, UserCommand
from streamer.leg_plan import LegPlan, leg_notes, side_legs
from streamer.pipeline import Pipeline, SessionOptions
from streamer.session_info import ClockKind, SessionInfo, Summary, new_session_id
from streamer.sinks.base import Sink
from streamer.sinks.group import SinkGroup
from streamer.sources.base import Player, Source, SourceInfo
from streamer.sources.queue import SourceMultiplexer
from streamer.terminal_io import Key, Note, Screen

LIVE_QUEUE_SECONDS: Final = 10.0
FILE_QUEUE_SECONDS: Final = 2.0

INSISTING_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})
ASKING_SIGNALS: Final = (*INSISTING_SIGNALS, signal.SIGHUP)
"""A terminal that closes may send SIGHUP more than once: only the others insist."""


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
        # A library that is interrupted while it loads raises an error of its own.
        if insisted:
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            # None stands for a handler that was not set from Python: it cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def describe_session(
    sources: Sequence[SourceInfo],
    plans: Sequence[LegPlan],
    model: EmotionModel,
    grid: WindowGrid,
    options: SessionOptions,
) -> SessionInfo:
    """Put together what is fixed while a session runs; it starts now."""
    card = model.card
    now, given = wall_clock.now(), options.started
    # No recording says when it was made, and the clock of today would run ahead of its own in a fast replay.
    clock: ClockKind = "wall" if any(info.live for info in sources) else "stream"
    offset = None if given is None else given.utcoffset()
    notes = [
        note for info in sources for note in (*info.notes, *rate_note(info.sample_rate, card.sample_rate))
    ]
    # The delay on the card was measured with the card's grid and with voices learned.
    as_measured = options.classifier.baseline and grid == card.grid()
    return SessionInfo(
        # By the time of this run, whatever recording it is of: the latest session sorts last.
        session=new_session_id(now),
        started=now if given is None else given.timestamp(),
        sources=tuple(sources),
        notes=tuple(
            dict.fromkeys((*leg_notes(plans, sources), *_announcement_note(options.announced), *notes))
        ),
        model=card.name,
        model_notes=tuple(card.notes),
        feature_set=f"{card.feature_set}/{card.feature_set_version}",
        labels=tuple(card.labels),
        win_seconds=grid.win / grid.sample_rate,
        step_seconds=grid.step / grid.sample_rate,
        sample_rate=grid.sample_rate,
        legs=tuple(plans),
        callmood_version=options.callmood_version,
        voices=options.voices,
        lines=options.lines,
        alerts=tuple(rule.text for rule in options.alert_rules),
        announced=options.announced,
        clock=clock if given is None else "given",
        utc_offset_seconds=None if offset is None else offset.total_seconds(),
        learns_voice=options.classifier.baseline and bool(model.open_voice().state()),
        shows_change_after_seconds=card.shows_change_after_seconds if as_measured else None,
    )


SHOWN_OF_ANNOUNCEMENT: Final = 60


def _announcement_note(announced: str | None) -> tuple[str, ...]:
    """Give a note with the beginning of what the parties were told."""
    if announced is None:
        return ()
    is_long = len(announced) > SHOWN_OF_ANNOUNCEMENT
    return (f"announced: {announced[:SHOWN_OF_ANNOUNCEMENT].rstrip()}{'…' * is_long}",)


def absent_devices(sources: Sequence[Source], multiplexer: SourceMultiplexer) -> tuple[str, ...]:
    """Name the devices that were away at the end, and why."""
    return tuple(
        f"{source.info.name} was away at the end: {reason}"
        for source, reason in zip(sources, multiplexer.absences, strict=True)
        if reason is not None
    )


WAIT_SECONDS: Final = 0.1
"""How long a key waits for its effect where no sound comes."""

PUBLISH_SECONDS: Final = 0.1
DRAIN_SECONDS: Final = 5.0
LAST_SECONDS: Final = 5.0


class Worker:
    """Takes blocks from the multiplexer until it is drained, and leaves the latest snapshot for the screen.

    `ended` is called from the thread when it has nothing more to do, and must not block.

    Attributes
    ----------
    held : bool
        The user has paused a replay; any thread may set it.
    latest : Snapshot
        Replaced as a whole, so any thread may read it at any time.
    error : Exception or None
        What ended the work before its time.
    """

    def __init__(
        self,
        multiplexer: SourceMultiplexer,
        pipeline: Pipeline,
        ended: Callable[[], None],
        begin_anew: Callable[[Pipeline], Pipeline] | None = None,
    ) -> None:
        self._multiplexer = multiplexer
        self._pipeline = pipeline
        self._begin_anew = begin_anew
        # Of each source those to come. Appending to a deque and popping from it are atomic: two threads need
        # no lock.
        self._commands: list[deque[UserCommand]] = [deque() for _ in multiplexer.queues]
        self._ended = ended
        self._thread = threading.Thread(target=self._run, name="callmood-worker")
        self._is_started = False
        self.held = False
        self.error: Exception | None = None
        # Waited for in place of the thread: a join that Ctrl-C interrupts takes a running thread for ended.
        self._over = threading.Event()
        self.latest = self._pipeline.snapshot(self._multiplexer)

    def start(self) -> None:
        """Begin to work."""
        self._is_started = True
        self._thread.start()

    def stop(self) -> bool:
        """Wait until the queue is drained; give up what is inside where that takes too long."""
        if not self._is_started:
            return True
        try:
            self._over.wait(DRAIN_SECONDS)
        finally:
            # Also where the user insists while we wait.
            if not self.is_done:
                self._multiplexer.discard()
                self._over.wait(LAST_SECONDS)
        if self.is_done:
            self._thread.join()
        return self.is_done

    @property
    def pipeline(self) -> Pipeline:
        """The one that takes the blocks: another one after the user went back in a replay."""
        return self._pipeline

    def command(self, kind: CommandKind, note: str | None = None) -> None:
        """Let the user pause, go on, or mark, at the samples that have just arrived."""
        command = UserCommand(kind, self._multiplexer.end_samples, wall_clock.now(), note)
        for waiting in self._commands:
            waiting.append(command)

    @property
    def is_done(self) -> bool:
        """True once the thread has done all it had to do."""
        return self._over.is_set()

    @property
    def is_running(self) -> bool:
        """True while the thread may still take blocks and write to sinks."""
        return self._is_started and not self.is_done

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - the session raises it after the ordered stop
            self.error = error
        finally:
            self.latest = self._pipeline.snapshot(self._multiplexer)
            self._over.set()
            self._ended()

    def _work(self) -> None:
        next_publish = 0.0
        while not (self._multiplexer.drained or self._pipeline.is_over):
            found = self._multiplexer.get(WAIT_SECONDS)
            if found is None:
                self._obey_all()
            else:
                source, block = found
                if block.jumped and block.first_sample < self._pipeline.sources[source].position:
                    self._go_back()
                self._obey(source, block.first_sample)
                self._pipeline.take(source, block)
            # Of the pipeline of now: the user may go back and pause at once.
            self._pipeline.hold(held=self.held)
            self._pipeline.look_for_sources(time.monotonic(), self._multiplexer.queues)
            if time.monotonic() >= next_publish:
                self.latest = self._pipeline.snapshot(self._multiplexer)
                next_publish = time.monotonic() + PUBLISH_SECONDS
        self._obey_all()
        self._pipeline.finish()
        self._pipeline.count_missing(time.monotonic(), self._multiplexer.queues)

    def _go_back(self) -> None:
        """Analyse anew from a place that was heard before: stream time never runs back within a pipeline."""
        if self._begin_anew is None:
            raise ValueError("the source went back in a session that cannot begin anew")
        for waiting in self._commands:
            waiting.clear()
        self._pipeline = self._begin_anew(self._pipeline)

    def _obey_all(self) -> None:
        for source in self._pipeline.sources:
            self._obey(source.number, source.position)

    def _obey(self, source: int, position: int) -> None:
        waiting = self._commands[source]
        while waiting and waiting[0].at_samples[source] <= position:
            self._pipeline.obey(source, waiting.popleft())


DRAW_SECONDS: Final = 0.25

JUMP_SECONDS: Final = 10.0
"""How far an arrow key goes in a replay."""

ASKED_SECONDS: Final = 0.05
"""How long the opening of a source may delay a stop that the user asks for."""


class Session:
    """One run from the first sample to the summary.

    The main thread starts and stops everything and draws the screen; the worker's thread drives the pipeline.
    """

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
        self._num_sinks = len(sinks)
        self._screen = screen
        self._options = options
        self._asked_to_stop = False
        self._summary: Summary | None = None
        infos = tuple(source.info for source in self._sources)
        for info in infos:
            self._refuse_too_short(info)
        self._known_notes = tuple(note for info in infos for note in info.notes)
        self._plans = options.legs or side_legs(infos)
        # What one source of a replay is told holds for all.
        self._player = next((source for source in self._sources if isinstance(source, Player)), None)
        self._multiplexer = SourceMultiplexer(
            [LIVE_QUEUE_SECONDS if info.live else FILE_QUEUE_SECONDS for info in infos],
            [info.sample_rate for info in infos],
        )
        self._worker = Worker(self._multiplexer, self._open_pipeline(options), screen.wake, self._begin_anew)

    def run(self) -> Summary:
        """Listen until the source ends, the duration is over, or the user asks to stop.

        Raises
        ------
        CallmoodError
            If a source does not open or breaks, or a sink cannot be opened; also if a device was away at the
            end: sound is missing there, and the summary was shown.
        KeyboardInterrupt
            If the user insists, or asks before anything was written.
        """
        with interrupts(self.ask_to_stop):
            try:
                self._start_and_follow()
            except KeyboardInterrupt:
                # It may have struck inside the ordered stop; whatever was stopped before takes no harm.
                self._multiplexer.discard()
                self._stop()
                raise
        error = self._worker.error or self._multiplexer.error
        if error is not None:
            raise error
        if self._summary is None:
            raise RuntimeError("the session has ended without a summary")
        if away := absent_devices(self._sources, self._multiplexer):
            raise DeviceError(f"{'; '.join(away)}; see `callmood devices`")
        return self._summary

    def ask_to_stop(self) -> None:
        """End the session in order; from any thread, and from a signal handler."""
        self._asked_to_stop = True
        self._screen.wake()

    def _start_and_follow(self) -> None:
        infos = [source.info for source in self._sources]
        info = describe_session(infos, self._plans, self._model, self._grid, self._options)
        try:
            self._screen.open(info)
            self._screen.draw(self._worker.latest)
            for rate in {source.sample_rate for source in info.sources}:
                warm_up(self._model, self._grid, rate)
            if not all(self._unless_asked(source.open) for source in self._sources):
                raise KeyboardInterrupt
            self._sinks.open(info)
            for source, queue in zip(self._sources, self._multiplexer.queues, strict=True):
                if not self._unless_asked(partial(source.start, queue)):
                    break
            self._worker.start()
            self._follow()
        finally:
            self._stop()

    def _unless_asked(self, call: Callable[[], None]) -> bool:
        """Have a source open or start, which may hang; False where the user asks to stop meanwhile."""
        running = BackgroundCall(call)
        if not self._asked_to_stop:
            running.start("callmood-opening")
        while not self._asked_to_stop:
            if running.wait(ASKED_SECONDS):
                running.result()
                return True
        return False

    def _stop(self) -> None:
        # Undone from the last to the first, each whatever becomes of the others.
        with ExitStack() as stop:
            stop.callback(lambda: self._screen.close(self._summary))
            stop.callback(self._close_sinks)
            stop.callback(self._stop_worker)
            stop.callback(self._multiplexer.close)
            for source in self._sources:
                stop.callback(source.stop)

    def _follow(self) -> None:
        next_draw = time.monotonic()
        while not (self._worker.is_done or self._asked_to_stop):
            key = self._screen.poll(max(0.0, next_draw - time.monotonic()))
            if key == "quit":
                return
            if key is not None:
                self._obey(key)
            if time.monotonic() >= next_draw:
                self._screen.draw(self._worker.latest)
                next_draw = time.monotonic() + DRAW_SECONDS

    def _obey(self, key: Key) -> None:
        match key:
            case "pause" if self._player is not None:
                self._worker.held = not self._worker.held
                self._player.hold(held=self._worker.held)
            case "forward":
                self._jump(JUMP_SECONDS)
            case "back":
                self._jump(-JUMP_SECONDS)
            case Note(text):
                self._worker.command("end_note", text)
            case "pause" | "mark" | "begin_note":
                self._worker.command(key)

    def _jump(self, seconds: float) -> None:
        """Go on at another place of a replay, or tell why not."""
        if self._player is None:
            self._screen.tell("arrow keys jump in a replay; this sound is live")
        elif seconds < 0 and self._num_sinks:
            # What is written has one time, which never runs back.
            self._screen.tell(
                "cannot go back: this replay writes files or sends alerts; replay it without these"
            )
        elif not self._player.jump(seconds):
            self._screen.tell(f"cannot go on: less than {seconds:g} s are left")

    def _open_pipeline(self, options: SessionOptions) -> Pipeline:
        infos = tuple(source.info for source in self._sources)
        return Pipeline(infos, self._plans, self._model, self._grid, sinks=self._sinks, options=options)

    def _begin_anew(self, before: Pipeline) -> Pipeline:
        """Open a pipeline that knows the voices of the one before, and nothing else."""
        return self._open_pipeline(replace(self._options, voice_states=before.voice_states))

    def _stop_worker(self) -> None:
        if not self._worker.stop():
            raise CallmoodError(
                "the analysis does not stop: something it writes to hangs; press Ctrl-C once more"
            )
        if self._worker.is_done:
            self._screen.draw(self._worker.latest)

    def _close_sinks(self) -> None:
        if self._worker.is_running:
            return  # It may still be writing.
        if not self._worker.is_done:
            self._sinks.close(None)
            return
        error = self._worker.error or self._multiplexer.error
        failures = () if error is None else (str(error) or type(error).__name__,)
        num_non_finite = sum(source.non_finite_samples for source in self._sources)
        # What a source has found out while it was read.
        notes = [note for source in self._sources for note in source.info.notes]
        late = tuple(note for note in notes if note not in self._known_notes)
        summary = self._worker.pipeline.summary(self._multiplexer)
        late += summary.complaints + absent_devices(self._sources, self._multiplexer)
        summary = replace(
            summary,
            non_finite_samples=summary.non_finite_samples + num_non_finite,
            failures=(*summary.failures, *failures),
            complaints=late,
        )
        self._summary = summary
        self._sinks.close(summary)
        self._summary = replace(
            summary,
            files=self._sinks.files,
            failures=(*self._sinks.failures, *failures),
            complaints=(*self._sinks.complaints, *late),
            hints=self._sinks.hints,
        )

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
