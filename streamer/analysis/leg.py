"""One leg: from blocks to windows with state and feature vector, and from these to rows."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from emotion.arrays import FloatArray, Probabilities, make_finite, read_only
from emotion.decision import VoiceState
from emotion.features.base import FeatureSet
from emotion.model import EmotionModel
from emotion.signal import mix_down
from emotion.window_grid import WindowGrid
from streamer.analysis.classifier import Classifier, ClassifierOptions
from streamer.analysis.gate import ClippingMeter, Gate, NoiseFloor, gate_kind
from streamer.analysis.load_shedding import LegLoadShedder
from streamer.analysis.windows import GatedWindow, Segment, SegmentListener, SegmentTime
from streamer.events import AudioBlock, Gap, GapCause, LegEvent, Row, Skip


class ArrivalTimes:
    """Remembers the blocks that no window has reached the end of yet."""

    def __init__(self) -> None:
        self._ends: deque[tuple[int, float]] = deque()

    def note(self, end_sample: int, arrived: float) -> None:
        """Note a block."""
        self._ends.append((end_sample, arrived))

    def of(self, end_sample: int) -> float:
        """Tell when a window was complete, and forget the blocks before."""
        while len(self._ends) > 1 and self._ends[0][0] < end_sample:
            self._ends.popleft()
        return self._ends[0][1]


Vectors: TypeAlias = Literal["speech", "all"]
"""Which windows are given a feature vector."""


class LegFrontEnd:
    """Turns blocks into windows heard; the same samples give the same windows however they are cut.

    Attributes
    ----------
    name : str
        As given.
    non_finite_samples : int
        How many samples were no number and taken as 0.
    """

    def __init__(
        self,
        name: str,
        feature_set: FeatureSet,
        grid: WindowGrid,
        source_rate: int,
        *,
        gate: str | None = None,
        vectors: Vectors = "speech",
        listener: SegmentListener | None = None,
        pace: LegLoadShedder | None = None,
    ) -> None:
        self.name = name
        self._feature_set = feature_set
        self._grid = grid
        self._source_rate = source_rate
        self._gate_kind = gate_kind(feature_set.name, gate)
        self._vectors = vectors
        self._listener = listener
        self._pace = pace
        self._noise_floor = NoiseFloor(grid.sample_rate)
        self._arrivals = ArrivalTimes()
        self._clipping = ClippingMeter()
        self._stretch: Segment | None = None
        self._end_sample: int | None = None
        self._is_begun = False
        self._paused = False
        self.non_finite_samples = 0

    @property
    def level_dbfs(self) -> float:
        """RMS of the latest tenth of a second, dB below full scale."""
        return self._noise_floor.latest_dbfs

    @property
    def floor_dbfs(self) -> float:
        """The room's noise floor as far as it is known, dB below full scale."""
        return self._noise_floor.dbfs

    def gap_before(self, block: AudioBlock) -> list[GatedWindow | Gap]:
        """End the stretch where a block does not follow on it."""
        if self._end_sample is None:
            is_missing, self._is_begun = block.away and not self._is_begun, True
            # A device that went before its first sound: what is missing counts from the start.
            return [self._gap(0, block)] if is_missing else []
        if block.first_sample < self._end_sample:
            raise ValueError(f"{block.first_sample} was told as the next sample after {self._end_sample}")
        if block.first_sample == self._end_sample and not block.overrun and self._stretch is not None:
            return []
        windows = self.finish()
        gap = self._gap(self._end_sample, block)
        self._end_sample = None
        self._noise_floor.restart_after_gap()
        return [*windows, gap]

    def push(self, block: AudioBlock) -> list[GatedWindow | Gap]:
        """Take a block."""
        given = self.gap_before(block)
        self._paused = False
        samples, num_non_finite, _ = make_finite(block.samples)
        self.non_finite_samples += num_non_finite
        mono = mix_down(samples)
        self._end_sample = block.end_sample
        if self._stretch is None:
            self._stretch = self._open_stretch(block.first_sample)
            # No window reaches back over a gap: blocks before it need not be remembered.
            self._arrivals = ArrivalTimes()
            self._clipping = ClippingMeter()
        self._clipping.push(samples, block.first_sample)
        self._arrivals.note(block.end_sample, block.arrived)
        given.extend(self._heard(self._stretch, self._stretch.push(mono)))
        return given

    def pause(self) -> list[GatedWindow | Gap]:
        """Learn that the user keeps out what comes next."""
        self._paused = True
        return self.finish()

    def finish(self) -> list[GatedWindow | Gap]:
        """End the stretch."""
        if self._stretch is None:
            return []
        stretch, self._stretch = self._stretch, None
        return list(self._heard(stretch, stretch.finish()))

    def _open_stretch(self, origin: int) -> Segment:
        where = SegmentTime(origin, self._source_rate, self._grid)
        gate = Gate(self._gate_kind, self._grid)
        return Segment(where, self._feature_set, gate, self._noise_floor, self._listener)

    def _gap(self, end_sample: int, block: AudioBlock) -> Gap:
        lost: GapCause = "pause" if self._paused else "overrun" if block.overrun else "drop"
        return Gap(
            leg=self.name,
            start=end_sample / self._source_rate,
            end=block.first_sample / self._source_rate,
            start_sample=end_sample,
            end_sample=block.first_sample,
            cause="away" if block.away else "stall" if block.stalled else lost,
            estimated=block.overrun or block.stalled or block.away,
        )

    def _heard(self, stretch: Segment, windows: Iterator[int]) -> Iterator[GatedWindow]:
        for window in windows:
            level = stretch.level_dbfs
            start, end = stretch.where.seconds(window)
            start_sample, end_sample = stretch.where.samples(window)
            clipped_share = self._clipping.share(start_sample, end_sample)
            state = stretch.gate.state(level, self._noise_floor.dbfs, clipped_share)
            arrived = self._arrivals.of(end_sample)
            is_skipped = self._pace is not None and state == "speech" and self._pace.skips(arrived)
            is_wanted = not is_skipped and (state == "speech" or self._vectors == "all")
            yield GatedWindow(
                start=start,
                end=end,
                start_sample=start_sample,
                end_sample=end_sample,
                state=state,
                level_dbfs=level,
                vector=self._vector(stretch) if is_wanted else None,
                arrived=arrived,
                skipped=is_skipped,
            )

    def _vector(self, stretch: Segment) -> FloatArray:
        with nullcontext() if self._pace is None else self._pace.hearing():
            return stretch.vector()


class Leg:
    """Turns blocks into rows; the same samples give the same rows however they are cut."""

    def __init__(
        self,
        name: str,
        model: EmotionModel,
        grid: WindowGrid,
        source_rate: int,
        listener: SegmentListener | None = None,
        *,
        judging: ClassifierOptions | None = None,
        is_leak: Callable[[float, float], bool] | None = None,
        pace: LegLoadShedder | None = None,
    ) -> None:
        self.name = name
        self._is_leak = is_leak
        self._pace = pace
        self._labels = model.card.labels
        self._hearing = LegFrontEnd(
            name, model.feature_set, grid, source_rate, gate=model.card.gate, listener=listener, pace=pace
        )
        self._judge = Classifier(model, grid.step / grid.sample_rate, judging)
        self._num_windows = 0

    @property
    def level_dbfs(self) -> float:
        """RMS of the latest tenth of a second, dB below full scale."""
        return self._hearing.level_dbfs

    @property
    def floor_dbfs(self) -> float:
        """The room's noise floor as far as it is known, dB below full scale."""
        return self._hearing.floor_dbfs

    @property
    def voice_state(self) -> VoiceState:
        """What was learned of the voice; empty where nothing is learned."""
        return self._judge.voice_state

    @property
    def non_finite_samples(self) -> int:
        """How many samples were no number and taken as 0."""
        return self._hearing.non_finite_samples

    def gap_before(self, block: AudioBlock) -> list[LegEvent]:
        """End the stretch where a block does not follow on it."""
        return self._said(self._hearing.gap_before(block))

    def push(self, block: AudioBlock) -> list[LegEvent]:
        """Take a block."""
        return self._said(self._hearing.push(block))

    def pause(self) -> list[LegEvent]:
        """Learn that the user keeps out what comes next."""
        return self._said(self._hearing.pause())

    def finish(self) -> list[LegEvent]:
        """End the stretch."""
        return self._said(self._hearing.finish())

    def _said(self, events: Iterable[GatedWindow | Gap]) -> list[LegEvent]:
        said: list[LegEvent] = []
        for event in events:
            if isinstance(event, Gap):
                self._judge.restart()
                said.append(event)
            else:
                heard = self._without_leak(event)
                said.append(self._skip(heard) if heard.skipped else self._row(heard))
                self._num_windows += 1
        return said

    def _without_leak(self, heard: GatedWindow) -> GatedWindow:
        if heard.state == "speech" and self._is_leak is not None and self._is_leak(heard.start, heard.end):
            return replace(heard, state="silence", vector=None, skipped=False)
        return heard

    def _skip(self, heard: GatedWindow) -> Skip:
        self._judge.skip()
        return Skip(
            leg=self.name,
            window=self._num_windows,
            start=heard.start,
            end=heard.end,
            start_sample=heard.start_sample,
            end_sample=heard.end_sample,
            lag_seconds=time.monotonic() - heard.arrived,
            demand=0.0 if self._pace is None else self._pace.skipped_for,
        )

    def _row(self, heard: GatedWindow) -> Row:
        with nullcontext() if self._pace is None else self._pace.hearing():
            judgement = self._judge.judge(heard)
        return Row(
            leg=self.name,
            window=self._num_windows,
            start=heard.start,
            end=heard.end,
            start_sample=heard.start_sample,
            end_sample=heard.end_sample,
            state=judgement.state,
            emotion=judgement.emotion,
            probabilities=self._by_label(judgement.probabilities),
            smoothed=self._by_label(judgement.smoothed),
            level_dbfs=heard.level_dbfs,
            lag_seconds=time.monotonic() - heard.arrived,
            voice_known=judgement.voice_known,
        )

    def _by_label(self, probabilities: Probabilities | None) -> Mapping[str, float] | None:
        if probabilities is None:
            return None
        return dict(zip(self._labels, probabilities.tolist(), strict=True))


def warm_up(model: EmotionModel, grid: WindowGrid, source_rate: int) -> None:
    """Let a leg that is thrown away hear noise, and judge it as if it were speech."""
    hearing = LegFrontEnd(
        "warm-up", model.feature_set, grid, source_rate, gate=model.card.gate, vectors="all"
    )
    judge = Classifier(model, grid.step / grid.sample_rate)
    num_samples = -(-(grid.win + grid.step) * source_rate // grid.sample_rate)
    noise = np.random.default_rng(0).normal(0.0, 0.1, (num_samples, 1)).astype(np.float32)
    noise[: num_samples // 2] = 0.0
    block = AudioBlock(read_only(noise), 0, time.monotonic())
    for heard in [*hearing.push(block), *hearing.finish()]:
        if isinstance(heard, GatedWindow):
            judge.judge(replace(heard, state="speech"))
