"""One leg, a side of a call: its windows become rows with state, emotion and probabilities."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import numpy as np

from emotion.arrays import Probabilities, read_only
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.analysis.classifier import Classifier, ClassifierOptions
from streamer.analysis.gate import gate_kind
from streamer.analysis.load_shedding import LoadShedder
from streamer.analysis.windows import AudioTap, GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import AudioBlock, Gap, LegEvent, Row, Skip


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
        Tells whether a span of stream time holds nothing but what leaks in from another leg: this one is
        silent there.
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

    Attributes
    ----------
    name : str
        In every row.
    windows : WindowAnalyser
        Takes the blocks; its windows and gaps go into `rows`.
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
        self.name = name
        self.windows = WindowAnalyser(
            name,
            model.feature_set,
            grid,
            source_rate,
            WindowOptions(gate_kind(model.card.gate), tap=options.tap, shedder=options.shedder),
        )
        self.classifier = Classifier(model, grid.step / grid.sample_rate, options.classifier)
        self._is_leak = options.is_leak
        self._shedder = options.shedder
        self._labels = model.card.labels
        self._num_windows = 0

    def rows(self, events: Iterable[GatedWindow | Gap]) -> list[LegEvent]:
        """Classify windows in their order; gaps pass through and restart the smoothing."""
        given: list[LegEvent] = []
        for event in events:
            if isinstance(event, Gap):
                self.classifier.restart()
                given.append(event)
            else:
                window = self._without_leak(event)
                given.append(self._skip(window) if window.skipped else self._row(window))
                self._num_windows += 1
        return given

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
            probabilities=self._by_label(found.probabilities),
            smoothed=self._by_label(found.smoothed),
            level_dbfs=window.level_dbfs,
            lag_seconds=time.monotonic() - window.arrived,
            voice_known=found.voice_known,
        )

    def _by_label(self, probabilities: Probabilities | None) -> Mapping[str, float] | None:
        if probabilities is None:
            return None
        return dict(zip(self._labels, probabilities.tolist(), strict=True))


def warm_up(model: EmotionModel, grid: WindowGrid, source_rate: int) -> None:
    """Analyse noise and classify it as speech, so that all is loaded before a source opens."""
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
