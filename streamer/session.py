"""Run a session: build the pipeline, start everything in order, stop it in order.

The stop order is: source, queue, worker, sinks, screen; then the worker's first exception is raised. The
first Ctrl-C asks for this stop, the second insists.
"""

import signal
import threading
import time
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
from streamer.leg_plan import LegPlan, leg_notes, side_legs
from streamer.pipeline import Pipeline, SessionOptions
from streamer.session_info import SessionInfo, Summary, new_session_id
from streamer.sinks.base import Sink
from streamer.sinks.group import SinkGroup
from streamer.sources.base import Source, SourceInfo
from streamer.sources.queue import SourceMultiplexer
from streamer.terminal_io import Screen
from streamer.worker import Worker

LIVE_QUEUE_SECONDS: Final = 10.0
FILE_QUEUE_SECONDS: Final = 2.0

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


def describe_session(
    sources: Sequence[SourceInfo],
    plans: Sequence[LegPlan],
    model: EmotionModel,
    grid: WindowGrid,
    options: SessionOptions,
) -> SessionInfo:
    """Put together what is fixed while a session runs; it starts now."""
    card = model.card
    started = wall_clock.now()
    notes = [
        note for info in sources for note in (*info.notes, *rate_note(info.sample_rate, card.sample_rate))
    ]
    # The delay on the card was measured with the card's grid and with voices learned.
    as_measured = options.judging.baseline and grid == card.grid()
    return SessionInfo(
        session=new_session_id(started),
        started=started,
        sources=tuple(sources),
        notes=tuple(dict.fromkeys((*leg_notes(plans, sources), *notes))),
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
        alerts=tuple(rule.text for rule in options.alert_rules),
        learns_voice=options.judging.baseline and bool(model.open_voice().state()),
        shows_change_after_seconds=card.shows_change_after_seconds if as_measured else None,
    )


def absent_devices(sources: Sequence[Source], multiplexer: SourceMultiplexer) -> tuple[str, ...]:
    """Name the devices that were away at the end, and why."""
    return tuple(
        f"{source.info.name} was away at the end: {reason}"
        for source, reason in zip(sources, multiplexer.absences, strict=True)
        if reason is not None
    )


DRAW_SECONDS: Final = 0.25

ASKED_SECONDS: Final = 0.05
"""So often it is looked whether the user wants to stop, while a source is opened."""


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
        self._screen = screen
        self._options = options
        self._asked_to_stop = False
        self._summary: Summary | None = None
        infos = tuple(source.info for source in self._sources)
        for info in infos:
            self._refuse_too_short(info)
        self._known_notes = tuple(note for info in infos for note in info.notes)
        self._plans = options.legs or side_legs(infos)
        self._pipeline = Pipeline(infos, self._plans, model, grid, sinks=self._sinks, options=options)
        self._multiplexer = SourceMultiplexer(
            [LIVE_QUEUE_SECONDS if info.live else FILE_QUEUE_SECONDS for info in infos],
            [info.sample_rate for info in infos],
        )
        self._worker = Worker(self._multiplexer, self._pipeline, screen.wake)

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
        infos = tuple(source.info for source in self._sources)
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
        running: BackgroundCall[None] | None = None
        while not self._asked_to_stop:
            if running is None:
                running = BackgroundCall(call)
                running.start("callmood-opening")
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
                self._worker.command(key)
            if time.monotonic() >= next_draw:
                self._screen.draw(self._worker.latest)
                next_draw = time.monotonic() + DRAW_SECONDS

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
        summary = self._pipeline.summary(self._multiplexer)
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
