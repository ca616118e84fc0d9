"""From the windows of one leg, a side of a call, to its rows: model, speaker baseline, smoothing, doubt."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import numpy as np

from emotion.arrays import Probabilities, read_only
from emotion.decision import LineState, LineView, UnlearnedVoice, Voice, VoiceState
from emotion.model import EmotionModel
from emotion.smoothing import ProbabilitySmoother
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import gate_kind
from streamer.analysis.load_shedding import LoadShedder
from streamer.analysis.windows import AudioTap, GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import AudioBlock, Gap, LegOutput, LineFit, Row, Skip, State


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierOptions:
    """What the user may ask of a classifier.

    Attributes
    ----------
    baseline : bool
        Learn the speaker baseline; False classifies each window by itself, but for the line.
    never_unsure : bool
        Always show the leading label of speech, however little it leads.
    voice : mapping of str to ndarray, or None
        The speaker baseline to continue, as ``Voice.state`` gave it; None to begin without one.
    line : mapping of str to ndarray, or None
        What earlier callers left of the line, as ``Voice.line_state`` gave it; empty for a line without
        voices, None to go without a line.
    """

    baseline: bool = True
    never_unsure: bool = False
    voice: VoiceState | None = None
    line: LineState | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """What the classifier finds in one window.

    Attributes
    ----------
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        The gate's, or `unsure` where the model would not decide about speech.
    emotion : str or None
        The leading label after smoothing; None where there is none to show.
    probabilities, smoothed : ndarray, shape (num_labels,), float64, or None
        Of this window alone, and smoothed; None without speech.
    voice_known : float
        How far the speaker baseline is trusted, this window included, 0..1.
    """

    state: State
    emotion: str | None
    probabilities: Probabilities | None
    smoothed: Probabilities | None
    voice_known: float

    def by_label(self, labels: Sequence[str]) -> Mapping[str, float] | None:
        """Give the probabilities of the window by label."""
        return _by_label(labels, self.probabilities)


def _by_label(labels: Sequence[str], probabilities: Probabilities | None) -> Mapping[str, float] | None:
    if probabilities is None:
        return None
    return dict(zip(labels, probabilities.tolist(), strict=True))


class Classifier:
    """Classifies the windows of one leg in their order.

    Parameters
    ----------
    model : EmotionModel
        The fitted model.
    step_seconds : float
        Stream time from one window to the next, s.
    options : ClassifierOptions, optional
        By default it learns the speaker baseline and may be unsure.

    Raises
    ------
    ValueError
        If the speaker baseline to continue, or the line, is none of this model's.
    """

    def __init__(
        self, model: EmotionModel, step_seconds: float, options: ClassifierOptions | None = None
    ) -> None:
        options = options or ClassifierOptions()
        self._model = model
        self._smoother = ProbabilitySmoother(step_seconds)
        self._may_be_unsure = not options.never_unsure
        self._voice: Voice = UnlearnedVoice(model.predict)
        if options.baseline or options.line is not None:
            voice = options.voice if options.baseline else None
            self._voice = model.open_voice(voice, options.line, baseline=options.baseline)

    @property
    def voice_state(self) -> VoiceState:
        """The speaker baseline so far; empty where nothing is learned."""
        return self._voice.state()

    @property
    def line(self) -> LineView | None:
        """What the line does for the voice just now; None where there is no line."""
        return self._voice.line

    def add_to_line(self, line: LineState) -> LineState | None:
        """Add the voice so far to a state of its line.

        Parameters
        ----------
        line : mapping of str to ndarray
            That of the options, or a later one.

        Returns
        -------
        mapping of str to ndarray, or None
            As given where the voice spoke too little; None where there is no line.
        """
        return self._voice.line_state(onto=line)

    def classify(self, window: GatedWindow) -> Classification:
        """Classify the next window.

        Parameters
        ----------
        window : GatedWindow
            With a vector where its state is `speech`.

        Returns
        -------
        Classification
            Depends on this window and those before it alone.

        Raises
        ------
        ValueError
            If speech comes without a vector.
        """
        if window.state != "speech":
            self._smoother.silence()
            return Classification(window.state, None, None, None, self._voice.known)
        if window.vector is None:
            raise ValueError(f"speech from {window.start} s on has no feature vector")
        probabilities = self._voice.update(window.vector)
        smoothed = self._smoother.speech(probabilities)
        if self._may_be_unsure and self._model.is_unsure(smoothed):
            return Classification("unsure", None, probabilities, smoothed, self._voice.known)
        leading = self._model.card.labels[int(smoothed.argmax())]
        return Classification("speech", leading, probabilities, smoothed, self._voice.known)

    def skip(self) -> None:
        """Pass over a window of speech that was skipped; the speaker baseline learns nothing of it."""
        self._smoother.skip()

    def restart(self) -> None:
        """Forget, at a gap, the smoothed probabilities; the speaker baseline stays."""
        self._smoother.restart()


@dataclass(frozen=True, slots=True)
class LegOptions:
    """What may differ between the legs of a session.

    Attributes
    ----------
    classifier : ClassifierOptions
        Speaker baseline and doubt.
    tap : AudioTap or None
        Receives all sound, mono at the model's rate.
    is_leak : callable or None
        Whether a span of stream time, from start to end in s, holds only leakage from another leg: this one
        is silent there.
    shedder : LoadShedder or None
        Decides which windows are skipped; without it none are.
    """

    classifier: ClassifierOptions = field(default_factory=ClassifierOptions)
    tap: AudioTap | None = None
    is_leak: Callable[[float, float], bool] | None = None
    shedder: LoadShedder | None = None


class Leg:
    """Turns windows into rows; the same samples give the same rows however they are cut.

    A row depends on the windows before it in this leg, never on those of another leg, leakage apart.

    Parameters
    ----------
    name : str
        In every row.
    model : EmotionModel
        The fitted model.
    grid : WindowGrid
        At the model's rate.
    source_rate : int
        Sample rate of the blocks, Hz.
    options : LegOptions, optional
        By default no window is skipped or taken for leakage.

    Attributes
    ----------
    name : str
        As given.
    windows : WindowAnalyser
        Takes the blocks; its windows and gaps go into `rows`.
    noise_floor : NoiseFloor
        Level and noise floor of the leg.
    classifier : Classifier
        With the speaker baseline.
    """

    def __init__(
        self,
        name: str,
        model: EmotionModel,
        grid: WindowGrid,
        source_rate: int,
        options: LegOptions | None = None,
    ) -> None:
        options = options or LegOptions()
        window_options = WindowOptions(gate_kind(model.card.gate), tap=options.tap, shedder=options.shedder)
        self.name = name
        self.windows = WindowAnalyser(name, model.feature_set, grid, source_rate, window_options)
        self.noise_floor = self.windows.noise_floor
        self.classifier = Classifier(model, grid.step / grid.sample_rate, options.classifier)
        self._is_leak = options.is_leak
        self._shedder = options.shedder
        self._labels = model.card.labels
        self._num_windows = 0
        self._line_fits = True

    def rows(self, events: Iterable[GatedWindow | Gap]) -> list[LegOutput]:
        """Classify windows in their order; gaps pass through and restart the smoothing.

        Parameters
        ----------
        events : iterable of GatedWindow and Gap
            What `windows` gave, in its order.

        Returns
        -------
        list of Row, Skip, Gap and LineFit
            One of the first three for each; the last after the row with which the line stopped to fit, or
            began to.
        """
        given: list[LegOutput] = []
        for event in events:
            if isinstance(event, Gap):
                self.classifier.restart()
                given.append(event)
            else:
                window = self._without_leak(event)
                given.append(self._skip(window) if window.skipped else self._row(window))
                given += self._change_of_line(window.end)
                self._num_windows += 1
        return given

    def _change_of_line(self, at_seconds: float) -> Iterator[LineFit]:
        line = self.classifier.line
        if line is not None and line.fits != self._line_fits:
            self._line_fits = line.fits
            yield LineFit(self.name, at_seconds, line.fits)

    def _without_leak(self, window: GatedWindow) -> GatedWindow:
        if window.state == "speech" and self._is_leak is not None and self._is_leak(window.start, window.end):
            return replace(window, state="silence", vector=None, skipped=False)
        return window

    def _skip(self, window: GatedWindow) -> Skip:
        self.classifier.skip()
        return Skip(
            leg=self.name,
            window=self._num_windows,
            start=window.start,
            end=window.end,
            start_sample=window.start_sample,
            end_sample=window.end_sample,
            lag_seconds=time.monotonic() - window.arrived,
            demand=0.0 if self._shedder is None else self._shedder.skipped_for,
        )

    def _row(self, window: GatedWindow) -> Row:
        with nullcontext() if self._shedder is None else self._shedder.timed():
            found = self.classifier.classify(window)
        return Row(
            leg=self.name,
            window=self._num_windows,
            start=window.start,
            end=window.end,
            start_sample=window.start_sample,
            end_sample=window.end_sample,
            state=found.state,
            emotion=found.emotion,
            probabilities=_by_label(self._labels, found.probabilities),
            smoothed=_by_label(self._labels, found.smoothed),
            level_dbfs=window.level_dbfs,
            lag_seconds=time.monotonic() - window.arrived,
            voice_known=found.voice_known,
        )


def warm_up(model: EmotionModel, grid: WindowGrid, source_rate: int) -> None:
    """Analyse noise and classify it as speech, so that all is loaded before a source opens.

    Parameters
    ----------
    model : EmotionModel
        The fitted model.
    grid : WindowGrid
        At the model's rate.
    source_rate : int
        Sample rate of the source, Hz.
    """
    options = WindowOptions(gate_kind(model.card.gate), every_vector=True)
    windows = WindowAnalyser("warm-up", model.feature_set, grid, source_rate, options)
    classifier = Classifier(model, grid.step / grid.sample_rate)
    num_samples = -(-(grid.win + grid.step) * source_rate // grid.sample_rate)
    noise = np.random.default_rng(0).normal(0.0, 0.1, (num_samples, 1)).astype(np.float32)
    noise[: num_samples // 2] = 0.0
    block = AudioBlock(read_only(noise), 0, time.monotonic())
    for window in [*windows.push(block), *windows.finish()]:
        if isinstance(window, GatedWindow):
            classifier.classify(replace(window, state="speech"))
