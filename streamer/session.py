"""A session: everything started in order, and stopped in order."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Final

from emotion import wall_clock
from emotion.decision import VoiceState
from emotion.errors import AudioFileError, CallmoodError, DeviceError
from emotion.file_notes import rate_note
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.background_call import BackgroundCall
from streamer.engine import Engine
from streamer.interrupts import interrupts
from streamer.leg_names import side_legs
from streamer.leg_plan import LegPlan, leg_notes
from streamer.screen import Screen
from streamer.session_facts import SessionFacts, Summary
from streamer.session_id import new_session_id
from streamer.session_options import SessionOptions
from streamer.sink import Sink
from streamer.sink_group import SinkGroup
from streamer.source import Source, SourceInfo
from streamer.warm_up import warm_up

DRAW_SECONDS: Final = 0.25

ASKED_SECONDS: Final = 0.05
"""So often it is looked whether the user wants to stop, while a source is opened."""


class Session:
    """One run from the first sample to the summary.

    Parameters
    ----------
    sources : sequence of Source
        Where the sound comes from.
    model : EmotionModel
        Heard with.
    grid : WindowGrid
        At the model's rate, as its card allows.
    sinks : sequence of Sink
        Told everything, in this order.
    screen : Screen
        Shown to, from the thread that calls `run`.
    options : SessionOptions
        Version, legs, duration, spectrogram.
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
        self._engine: Engine | None = None
        self._known_notes: tuple[str, ...] = ()

    def run(self) -> Summary:
        """Listen until the source ends, the duration is over, or the user has had enough.

        Returns
        -------
        Summary
            What was heard; `failures` names what could not be written while the monitoring went on.

        Raises
        ------
        CallmoodError
            If the source will not open or breaks, a sink cannot be opened, or a file is shorter than win.
            Also if a device was away at the end: sound is missing there, and the summary was shown.
        KeyboardInterrupt
            If the user insists, or asks before anything was written.
        """
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
        """Give what was learned of a leg's voice, to sinks that are closed and to whoever asks afterwards.

        Parameters
        ----------
        leg : str
            Its name.

        Returns
        -------
        mapping of str to ndarray
            Empty before the session, where the leg is not analysed, and where nothing is learned.
        """
        return {} if self._engine is None else self._engine.voice_states.get(leg, {})

    def ask_to_stop(self) -> None:
        """End the session in order; from any thread, and from a signal handler."""
        self._asked_to_stop = True
        self._screen.wake()

    def _start_and_follow(self, engine: Engine, facts: SessionFacts) -> None:
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

    def _facts(self, infos: Sequence[SourceInfo], plans: Sequence[LegPlan]) -> SessionFacts:
        card = self._model.card
        started = wall_clock.now()
        told = [
            note for info in infos for note in (*info.notes, *rate_note(info.sample_rate, card.sample_rate))
        ]
        return SessionFacts(
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
