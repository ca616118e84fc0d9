"""The Python interface to the analysis: push blocks, listen to a microphone, predict a recording.

All of it drives the pipeline that `callmood replay` and `callmood listen` use, in the caller's own thread.
"""

import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, TypeVar

from numpy.typing import ArrayLike

from callmood import __version__
from callmood.model_choice import load_model, saved_line, saved_voice
from callmood.process import one_computing_thread
from callmood.sample_arrays import ArrayRecording, as_samples, checked_block, checked_channels, checked_rate
from callmood.session_options import (
    LONGEST_SECONDS,
    LiveInput,
    check_cooldown,
    check_duration,
    legs_of,
    legs_of_recording,
    lines_of,
    voices_of,
)
from emotion.arrays import read_only
from emotion.audio_io import AudioFile
from emotion.errors import DeviceError, ModelError, UsageError
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid, to_samples
from streamer.alerts import COOLDOWN_SECONDS, AlertRule
from streamer.analysis.leg import ClassifierOptions, warm_up
from streamer.analysis.predict import RecordingPrediction, predict_recording
from streamer.events import Alert, AudioBlock, Event, Gap, Row, Skip
from streamer.leg_plan import LegPlan
from streamer.pipeline import Pipeline, SessionOptions
from streamer.session import LIVE_QUEUE_SECONDS, absent_devices, describe_session
from streamer.sinks.base import Sink
from streamer.sinks.group import SinkGroup
from streamer.sources.base import Source, SourceInfo
from streamer.sources.queue import SourceMultiplexer

Model = str | os.PathLike[str] | EmotionModel
Names = str | Sequence[str]
Voices = str | Mapping[str, str]
Lines = str | Mapping[str, str]
OnAlert = Callable[[Alert], object]
OnLoss = Callable[[Gap | Skip], object]
T = TypeVar("T")

_PIECE_SECONDS: Final = 0.25
"""A block is analysed in pieces of at most so much, so that memory does not depend on its length."""

_WAIT_SECONDS: Final = 0.1
_WATCH_SECONDS: Final = 0.5

_OPTION: Final = re.compile(r"--([a-z][a-z-]*)")


@contextmanager
def _python_words() -> Iterator[None]:
    """Call an argument by its name in Python where a message calls it by that of an option."""
    try:
        yield
    except (UsageError, ModelError) as error:
        message = _OPTION.sub(lambda option: option[1].replace("-", "_"), str(error))
        raise type(error)(message) from None


@dataclass(slots=True)
class _Analysis:
    """How to analyse, as a caller asks for it; checked as far as that needs no source."""

    wanted: Model
    legs: Names | None
    analyse: Names | None
    staff: Names | None
    win: float | None
    step: float | None
    voice: Voices | None
    line: Lines | None
    baseline: bool
    never_unsure: bool
    alerts: Names
    alert_cooldown: float
    model: EmotionModel = field(init=False)
    grid: WindowGrid = field(init=False)
    rules: tuple[AlertRule, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Check the arguments and load the model."""
        if self.voice is not None and not self.baseline:
            raise UsageError("voice goes on with a baseline, baseline=False does without; leave one out")
        check_cooldown(self.alert_cooldown)
        alerts = [self.alerts] if isinstance(self.alerts, str) else self.alerts
        self.rules = tuple(map(AlertRule.parse, alerts))
        self.model = load_model(self.wanted)
        self.grid = self.model.card.grid(self.win, self.step)


class _Collector(Sink):
    """Keeps what the pipeline gives until the caller takes it."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._alerts: deque[Alert] = deque()
        self._losses: deque[Gap | Skip] = deque()

    def handle(self, event: Event) -> None:
        """Keep rows, alerts, gaps and skips."""
        if isinstance(event, Row):
            self._rows.append(event)
        elif isinstance(event, Alert):
            self._alerts.append(event)
        elif isinstance(event, Gap | Skip):
            self._losses.append(event)

    def take(self, on_alert: OnAlert | None, on_loss: OnLoss | None = None) -> list[Row]:
        """Call back, then give the rows; where a callback raises, they are given by the next call."""
        _tell(self._losses, on_loss)
        _tell(self._alerts, on_alert)
        rows, self._rows = self._rows, []
        return rows


def _tell(waiting: "deque[T]", callback: Callable[[T], object] | None) -> None:
    while waiting:
        event = waiting.popleft()
        if callback is not None:
            callback(event)


class _Run:
    """The pipeline of one analysis of some sources."""

    def __init__(
        self,
        analysis: _Analysis,
        sources: Sequence[SourceInfo],
        usual_legs: Sequence[LegPlan] = (),
        duration_seconds: float | None = None,
    ) -> None:
        model, grid = analysis.model, analysis.grid
        self.legs = legs_of(
            _joined("legs", analysis.legs),
            _joined("analyse", analysis.analyse),
            sources,
            usual_legs,
            _joined("staff", analysis.staff),
        )
        voices = voices_of(_options_of("voice", analysis.voice), self.legs)
        lines = lines_of(
            _options_of("line", analysis.line), self.legs, [source.sample_rate for source in sources]
        )
        options = SessionOptions(
            callmood_version=__version__,
            legs=self.legs,
            duration_seconds=duration_seconds,
            classifier=ClassifierOptions(baseline=analysis.baseline, never_unsure=analysis.never_unsure),
            alert_rules=analysis.rules,
            alert_cooldown_seconds=float(analysis.alert_cooldown),
            voices=voices,
            voice_states={leg: saved_voice(name, model).state for leg, name in voices.items()},
            lines={leg: saved_line(key, model) for leg, key in lines.items()},
        )
        self.collector = _Collector()
        self.sinks = SinkGroup([self.collector])
        self.pipeline = Pipeline(sources, self.legs, model, grid, sinks=self.sinks, options=options)
        self.info = describe_session(sources, self.legs, model, grid, options)


def _joined(argument: str, names: Names | None) -> str | None:
    """Give what an option of the command line would be."""
    if names is None or isinstance(names, str):
        return names
    if isinstance(names, Mapping) or not isinstance(names, Iterable):
        raise UsageError(f'{argument} is {names!r:.60}; give a name for each, such as ("customer", "agent")')
    return ",".join(map(str, names))


def _options_of(noun: str, names: Voices | Lines | None) -> list[str]:
    """Give what `--voice` or `--line` would be."""
    if names is None or isinstance(names, str):
        return [] if names is None else [names]
    if not isinstance(names, Mapping):
        raise UsageError(f"{noun} is {names!r:.60}; give a name, or a mapping of legs to names")
    return [f"{leg}={name}" for leg, name in names.items()]


class Listener:
    """Classify sound that is pushed in blocks; the rows are those of `callmood replay` on the same samples.

    Have the consent of everyone you listen to, and do not base decisions about people on the rows: the models
    learned from actors and are often wrong about speakers who are not in their training data.

    A listener belongs to one thread at a time. Any number of listeners, in any threads, may share one loaded
    model. Use it in a ``with`` block, or call `close`. Nothing is written to the disk.

    Parameters
    ----------
    rate : int
        Sample rate of the blocks, Hz; 4 000 to 384 000.
    model : str, path-like or EmotionModel
        Name of a model that came with callmood, path of a model folder, or what `load_model` gave.
    channels : int
        Channels of the blocks, 1 to 32.
    legs : str or sequence of str, optional
        A name for each channel, such as ``("customer", "agent")``, or as ``--legs`` takes them; one name
        mixes all channels down. By default one channel is the leg ``mono``, two are ``left`` and ``right``,
        and more are mixed down. `callmood replay` also mixes two identical channels down, which it can tell
        beforehand.
    analyse : str or sequence of str, optional
        Analyse only these legs, such as those of people who agreed; by default all but staff.
    staff : str or sequence of str, optional
        Legs of employees, beside those called agent, employee or staff. They have no rows unless `analyse`
        names them: inferring emotions of employees at work is prohibited in the EU (AI Act, article 5(1)(f)).
    win, step : float, optional
        Window length and distance between window starts, s; by default those of the model.
    voice : str or mapping of str to str, optional
        Start from the speaker baseline saved under this name (`callmood enroll`), or from one for each leg.
        Nothing is saved.
    line : str or mapping of str to str, optional
        Correct for what is usual on the line saved under this name (`callmood listen --line`), or on one for
        each leg. The line with the codec of the sound is taken. Nothing is saved.
    baseline : bool
        Adapt to the speaker.
    never_unsure : bool
        Name an emotion for all speech; never give the state `unsure`.
    alerts : str or sequence of str
        Rules such as ``"angry>0.7 for 5s"``, as ``--alert`` takes them.
    alert_cooldown : float
        Least stream time between two alerts of one rule on a leg, s.
    on_alert : callable, optional
        Called with each `Alert`, from `push` and `finish`. If it raises, the error leaves `push`, and the
        next call returns the rows.

    Attributes
    ----------
    model : EmotionModel
        As it was loaded.
    rate, channels : int
        As given.
    legs : tuple of str
        Names of the legs that are analysed.

    Raises
    ------
    UsageError
        If an argument makes no sense.
    ModelError
        If the model cannot be loaded, or was fitted on whole clips.
    VoiceError
        If a voice or a line is missing, damaged, or was learned by another model.
    """

    def __init__(
        self,
        rate: int,
        model: Model = "speech",
        *,
        channels: int = 1,
        legs: Names | None = None,
        analyse: Names | None = None,
        staff: Names | None = None,
        win: float | None = None,
        step: float | None = None,
        voice: Voices | None = None,
        line: Lines | None = None,
        baseline: bool = True,
        never_unsure: bool = False,
        alerts: Names = (),
        alert_cooldown: float = COOLDOWN_SECONDS,
        on_alert: OnAlert | None = None,
    ) -> None:
        self.rate = checked_rate(rate)
        self.channels = checked_channels(channels)
        info = SourceInfo("samples", self.rate, self.channels, "FLOAT", None, live=False)
        with _python_words():
            analysis = _Analysis(
                model,
                legs,
                analyse,
                staff,
                win,
                step,
                voice,
                line,
                baseline,
                never_unsure,
                alerts,
                alert_cooldown,
            )
            plain = [] if isinstance(legs, str) or not isinstance(legs, Sequence) else legs
            if len(plain) > self.channels == 1 and not any("=" in str(name) for name in plain):
                raise UsageError(
                    f"legs has {len(plain)} names, but channels is 1; give channels={len(plain)}"
                )
            self._run = _Run(analysis, [info])
        self.model = analysis.model
        self.legs = tuple(leg.name for leg in self._run.legs if leg.analysed)
        self._on_alert = on_alert
        self._end_sample = 0
        self._is_closed = False
        self._in_use = threading.Lock()
        self._run.sinks.open(self._run.info)

    def push(self, block: ArrayLike) -> list[Row]:
        """Analyse the next sound.

        Parameters
        ----------
        block : array_like, shape (n,) or (n, channels)
            Of any length, 0 included. float32 and float64 have full scale ±1; int16 and int32 are scaled by
            2**15 and 2**31.

        Returns
        -------
        list of Row
            The windows that it completes, in the order of the stream; how the sound is cut makes no
            difference.

        Raises
        ------
        UsageError
            If the block is of another type or shape, holds a value that is not finite, or the listener is
            closed or in use by another thread. Nothing of the block is analysed then.
        """
        with self._turn():
            array = checked_block(block, self.channels)
            size = max(1, to_samples(_PIECE_SECONDS, self.rate))
            # All of it is checked before any is analysed.
            pieces = [as_samples(array[start : start + size]) for start in range(0, len(array), size)]
            arrived = time.monotonic()
            for piece in pieces:
                taken = AudioBlock(read_only(piece), self._end_sample, arrived)
                self._end_sample = taken.end_sample
                self._run.pipeline.take(0, taken)
            return self._run.collector.take(self._on_alert)

    def gap(self, seconds: float) -> list[Row]:
        """Leave sound out: windows end before the gap and start anew after it, and stream time goes on.

        Parameters
        ----------
        seconds : float
            Length of what is missing, s; less than half a sample is no gap.

        Returns
        -------
        list of Row
            The windows that the end of the sound before it completes.

        Raises
        ------
        UsageError
            If the length is negative or not finite, or the listener is closed or in use by another thread.
        """
        with self._turn():
            if not 0 <= seconds <= LONGEST_SECONDS:
                raise UsageError(f"the gap lasts {seconds:g} s; give 0 or more seconds, such as 1.5")
            if missing := to_samples(seconds, self.rate):
                self._run.pipeline.finish()
                self._end_sample += missing
            return self._run.collector.take(self._on_alert)

    def finish(self) -> list[Row]:
        """End the sound and close the listener.

        Returns
        -------
        list of Row
            The windows that only the end of the sound completes: at most a few, and only where `rate` is not
            the model's.

        Raises
        ------
        UsageError
            If the listener is closed or in use by another thread.
        """
        with self._turn():
            self._run.pipeline.finish()
            rows = self._run.collector.take(self._on_alert)
            self._close()
            return rows

    def close(self) -> None:
        """Give the rest up; a second call does nothing."""
        if not self._is_closed:
            with self._turn():
                self._close()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _close(self) -> None:
        self._is_closed = True
        self._run.sinks.close(None)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Refuse a call during another, from whichever thread or callback."""
        if not self._in_use.acquire(blocking=False):
            raise UsageError("this listener is in use by another thread; give each thread its own")
        try:
            if self._is_closed:
                raise UsageError("this listener is closed; make a new one")
            with one_computing_thread():
                yield
        finally:
            self._in_use.release()


def listen(
    duration: float | None = None,
    device: str | int | None = None,
    model: Model = "speech",
    *,
    system: bool = False,
    legs: Names | None = None,
    analyse: Names | None = None,
    staff: Names | None = None,
    win: float | None = None,
    step: float | None = None,
    voice: Voices | None = None,
    line: Lines | None = None,
    baseline: bool = True,
    never_unsure: bool = False,
    alerts: Names = (),
    alert_cooldown: float = COOLDOWN_SECONDS,
    on_alert: OnAlert | None = None,
    on_loss: OnLoss | None = None,
) -> Generator[Row, None, None]:
    """Listen to a microphone, as `callmood listen` does, and yield the rows.

    Tell everyone what you analyse, and get their agreement first. The models learned from actors: do not base
    decisions about people on the rows.

    The sound is analysed in the thread that asks for the next row. At most ten seconds wait meanwhile; what
    is dropped then is a gap. The device is opened when the first row is asked for, and released when the
    generator ends, is closed or is interrupted by Ctrl-C. A ``for`` loop that is left closes it, unless a
    variable holds it; then call its ``close``.

    Parameters
    ----------
    duration : float, optional
        Stop after so many seconds; by default it listens until it is closed.
    device : str or int, optional
        Number, name or part of a name, as `callmood devices` lists them; by default the default microphone.
    model : str, path-like or EmotionModel
        As for `Listener`.
    system : bool
        Also listen to what this machine plays: the other side of a call. The legs are then me and them.
    legs, analyse, staff, win, step, voice, line, baseline, never_unsure, alerts, alert_cooldown, on_alert
        As for `Listener`; `legs` names a leg for each source.
    on_loss : callable, optional
        Called with each `Gap` and each `Skip`: sound that was lost, and speech that there was no time for.

    Returns
    -------
    generator of Row
        In the order of the stream.

    Raises
    ------
    UsageError
        If an argument makes no sense.
    ModelError
        If the model cannot be loaded, or was fitted on whole clips.
    VoiceError
        If a voice or a line is missing, damaged, or was learned by another model.
    DeviceError
        If there is no such device; later also if it does not open, breaks, or is away at the end.
    """
    check_duration(duration)
    with _python_words():
        analysis = _Analysis(
            model,
            legs,
            analyse,
            staff,
            win,
            step,
            voice,
            line,
            baseline,
            never_unsure,
            alerts,
            alert_cooldown,
        )
        live = LiveInput((None if device is None else str(device),), system=system)
        sources = live.open()
        run = _Run(analysis, [source.info for source in sources], live.usual_legs, duration)
    return _live_rows(analysis, run, sources, on_alert, on_loss)


def _live_rows(
    analysis: _Analysis,
    run: _Run,
    sources: Sequence[Source],
    on_alert: OnAlert | None,
    on_loss: OnLoss | None,
) -> Generator[Row, None, None]:
    """Open the sources, yield the rows, and stop in order whatever happens."""
    rates = [source.info.sample_rate for source in sources]
    multiplexer = SourceMultiplexer([LIVE_QUEUE_SECONDS] * len(rates), rates)
    queues = multiplexer.queues
    driver = threading.current_thread()
    ended = threading.Event()

    def stop_at_exit() -> None:
        """Stop the sources of a generator that nobody closes: their threads would keep the program alive.

        After Ctrl-C in a loop, a variable may still hold the generator.
        """
        while not ended.wait(_WATCH_SECONDS):
            if not (threading.main_thread().is_alive() or driver.is_alive()):
                for source in sources:
                    source.stop()
                return

    with ExitStack() as stop:
        for rate in set(rates):
            warm_up(analysis.model, analysis.grid, rate)
        stop.callback(run.sinks.close, None)
        stop.callback(multiplexer.close)
        for source in sources:
            stop.callback(source.stop)
        watch = threading.Thread(target=stop_at_exit, name="callmood-exit", daemon=True)
        watch.start()
        stop.callback(watch.join)
        stop.callback(ended.set)
        for source in sources:
            source.open()
        run.sinks.open(run.info)
        for source, queue in zip(sources, queues, strict=True):
            source.start(queue)
        while not (multiplexer.drained or run.pipeline.is_over):
            found = multiplexer.get(_WAIT_SECONDS)
            with one_computing_thread():
                if found is not None:
                    run.pipeline.take(*found)
                run.pipeline.look_for_sources(time.monotonic(), queues)
            yield from run.collector.take(on_alert, on_loss)
            driver = threading.current_thread()
        with one_computing_thread():
            run.pipeline.finish()
            run.pipeline.count_missing(time.monotonic(), queues)
        yield from run.collector.take(on_alert, on_loss)
    if (error := multiplexer.error) is not None:
        raise error
    if away := absent_devices(sources, multiplexer):
        raise DeviceError("; ".join(away))


def predict(
    recording: str | os.PathLike[str] | ArrayLike,
    rate: int | None = None,
    model: Model = "speech",
    *,
    legs: Names | None = None,
    analyse: Names | None = None,
    staff: Names | None = None,
    voice: Voices | None = None,
    line: Lines | None = None,
    never_unsure: bool = False,
) -> RecordingPrediction:
    """Classify the legs of a recording, as `callmood predict` does: the mean over the windows of speech.

    Have the consent of the people recorded, and do not base decisions about them on the answer: the models
    learned from actors and are often wrong about speakers who are not in their training data.

    Parameters
    ----------
    recording : str, path-like, or array_like of shape (n,) or (n, channels)
        A file in any format that libsndfile reads, or samples as `Listener.push` takes them; samples give the
        same answer as a file that holds them.
    rate : int, optional
        Sample rate of the samples, Hz; only for samples.
    model : str, path-like or EmotionModel
        As for `Listener`; models of whole clips will do as well.
    legs, analyse, staff
        As for `Listener`; two channels that are the same are one leg.
    voice : str or mapping of str to str, optional
        Start from the speaker baseline saved under this name, or from one for each leg, and adapt; without it
        nothing is learned.
    line : str or mapping of str to str, optional
        Correct for what is usual on the line saved under this name, or on one for each leg.
    never_unsure : bool
        Name an emotion for all speech; never give the state `unsure`.

    Returns
    -------
    RecordingPrediction
        Its `legs` has the answer for each leg; its own fields are about all of them together. Without an
        emotion where no speech was heard, or the model is unsure.

    Raises
    ------
    UsageError
        If an argument makes no sense, samples come without a rate, a file with one, or the samples are not
        such as `Listener.push` takes.
    AudioFileError
        If the file is missing or no recording.
    ModelError
        If the model cannot be loaded.
    VoiceError
        If a voice or a line is missing, damaged, or was learned by another model.
    """
    audio: AudioFile | ArrayRecording
    if isinstance(recording, str | os.PathLike):
        if rate is not None:
            raise UsageError("a file has its own sample rate; leave rate out")
        audio = AudioFile(recording)
        name = audio.path.name
    elif rate is None:
        raise UsageError("samples need their sample rate; give it, such as rate=16000")
    else:
        audio, name = ArrayRecording(recording, rate), "samples"
    with _python_words(), one_computing_thread():
        loaded = load_model(model)
        plans = legs_of_recording(
            audio, name, _joined("legs", legs), _joined("analyse", analyse), _joined("staff", staff)
        )
        voices = voices_of(_options_of("voice", voice), plans)
        states = {leg: saved_voice(name, loaded).state for leg, name in voices.items()}
        keys = lines_of(_options_of("line", line), plans, [audio.sample_rate])
        lines = {leg: saved_line(key, loaded).state or {} for leg, key in keys.items()}
        options = ClassifierOptions(baseline=False, never_unsure=never_unsure)
        return predict_recording(loaded, audio, options, legs=plans, voices=states, lines=lines)
