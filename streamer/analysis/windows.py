"""From the blocks of one leg to its windows: where each lies, its state by the gate, its feature vector.

Sound without gaps is a segment: resampled, cut into the windows of the grid, placed in the stream.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol

from emotion.arrays import FloatArray, Samples, make_finite
from emotion.features.base import FeatureSet
from emotion.signal import StreamResampler, mix_down
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import ClippingMeter, Gate, GateKind, NoiseFloor, PieceCutter, WindowLevel
from streamer.analysis.load_shedding import LoadShedder
from streamer.events import AudioBlock, Gap, GapCause, Span, State


@dataclass(frozen=True, slots=True, eq=False)
class GatedWindow(Span):
    """One window: where it lies, its state by the gate, and its feature vector.

    Attributes
    ----------
    state : {'speech', 'silence', 'noise', 'clipped'}
        By the gate.
    level_dbfs : float
        RMS of the window without its DC, dB below full scale; never under -120.
    vector : ndarray, shape (num_features,), float32, or None
        None without speech, unless vectors were asked for of all windows; and where it was skipped.
    arrived : float
        ``time.monotonic()`` at the arrival of the window's last sample, s.
    skipped : bool
        Speech that there was no time for.
    """

    state: State
    level_dbfs: float
    vector: FloatArray | None
    arrived: float
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class SegmentTime:
    """Turns window numbers into places in the stream, without rounding on the way.

    The grid counts at the model's sample rate, the stream at the source's; see
    docs/decisions/0008-grid-at-the-model-rate.md.

    Attributes
    ----------
    origin : int
        First sample of the segment, at the source's rate, in the numbers of the stream.
    source_rate : int
        Hz.
    grid : WindowGrid
        At the model's rate.
    """

    origin: int
    source_rate: int
    grid: WindowGrid

    def samples(self, window: int) -> tuple[int, int]:
        """Give the samples of the source that a window covers."""
        start, end = self.grid.span(window)
        return self.origin + self._source_samples(start), self.origin + self._source_samples(end)

    def seconds(self, window: int) -> tuple[float, float]:
        """Give the stream time of a window."""
        start, end = self.grid.span(window)
        return self._stream_seconds(start), self._stream_seconds(end)

    def _source_samples(self, model_samples: int) -> int:
        return -(-model_samples * self.source_rate // self.grid.sample_rate)

    def _stream_seconds(self, model_samples: int) -> float:
        # One division of whole numbers: the quotient is correctly rounded however long the stream has run.
        numerator = self.origin * self.grid.sample_rate + model_samples * self.source_rate
        return numerator / (self.source_rate * self.grid.sample_rate)


class AudioTap(Protocol):
    """Receives the sound that features are computed from."""

    def begin(self, start: float) -> None:
        """Begin a segment at a stream time, s."""

    def push(self, samples: Samples) -> None:
        """Take the next sound, shape (n,), mono at the model's rate."""


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What may differ between analysers of one feature set.

    Attributes
    ----------
    gate : {'voice', 'level'}
        How speech is distinguished from other sound; a model card names it.
    every_vector : bool
        Give windows without speech a vector too; the others stay what they are.
    tap : AudioTap or None
        Receives all sound.
    shedder : LoadShedder or None
        Decides which windows of speech there is no time for: they get no vector.
    """

    gate: GateKind = "level"
    every_vector: bool = False
    tap: AudioTap | None = None
    shedder: LoadShedder | None = None


class _Segment:
    """All that is forgotten at a gap."""

    def __init__(
        self, where: SegmentTime, feature_set: FeatureSet, gate: Gate, *, every_vector: bool
    ) -> None:
        grid = where.grid
        self.where = where
        self.gate = gate
        self.resampler = StreamResampler(where.source_rate, grid.sample_rate)
        self.pieces = PieceCutter(grid.first_piece, grid.step)
        self.level = WindowLevel(grid)
        self.features = feature_set.open(grid)
        # A stream may depend on which windows it was asked for: those without speech are asked of another.
        self.features_of_others = feature_set.open(grid) if every_vector else None
        self.clipping = ClippingMeter()
        self.num_windows = 0
        # Ends and arrival times of the blocks that no window has passed yet.
        self._arrivals: deque[tuple[int, float]] = deque()

    def note_arrival(self, block: AudioBlock) -> None:
        """Remember when a block came."""
        self._arrivals.append((block.end_sample, block.arrived))

    def arrival_of(self, end_sample: int) -> float:
        """Tell when a window was complete, and forget the blocks before."""
        while len(self._arrivals) > 1 and self._arrivals[0][0] < end_sample:
            self._arrivals.popleft()
        return self._arrivals[0][1]


class WindowAnalyser:
    """Turns the blocks of one leg into windows; the same samples give the same windows however they are cut.

    Everything is done in pieces of one shape, the grid's, so that nothing depends on how the source cut the
    sound.

    Attributes
    ----------
    name : str
        Of the leg, in every gap.
    non_finite_samples : int
        How many samples were not finite and taken as 0.
    noise_floor : NoiseFloor
        Measures the level of the latest sound, too.
    """

    def __init__(
        self,
        name: str,
        feature_set: FeatureSet,
        grid: WindowGrid,
        source_rate: int,
        options: WindowOptions | None = None,
    ) -> None:
        options = options or WindowOptions()
        self.name = name
        self.non_finite_samples = 0
        self._feature_set = feature_set
        self._grid = grid
        self._source_rate = source_rate
        self._options = options
        self.noise_floor = NoiseFloor(grid.sample_rate)
        self._segment: _Segment | None = None
        self._end_sample: int | None = None
        self._is_begun = False
        self._paused = False

    def gap_before(self, block: AudioBlock) -> list[GatedWindow | Gap]:
        """End the segment where a block does not follow on it: its last windows, then the gap.

        A block that begins before the last one ended is a ValueError: its source counts backwards.
        """
        if self._end_sample is None:
            is_missing, self._is_begun = block.away and not self._is_begun, True
            # A device that went before its first sound: what is missing counts from the start.
            return [self._gap(0, block)] if is_missing else []
        if block.first_sample < self._end_sample:
            raise ValueError(f"{block.first_sample} was told as the next sample after {self._end_sample}")
        if block.first_sample == self._end_sample and not block.overrun and self._segment is not None:
            return []
        windows = self.finish()
        gap = self._gap(self._end_sample, block)
        self._end_sample = None
        self.noise_floor.restart_after_gap()
        return [*windows, gap]

    def push(self, block: AudioBlock) -> list[GatedWindow | Gap]:
        """Take a block: the gap before it unless `gap_before` gave it, then the windows that it completes."""
        events = self.gap_before(block)
        self._paused = False
        samples, num_non_finite, _ = make_finite(block.samples)
        self.non_finite_samples += num_non_finite
        self._end_sample = block.end_sample
        if self._segment is None:
            self._segment = self._open_segment(block.first_sample)
        segment = self._segment
        segment.clipping.push(samples, block.first_sample)
        segment.note_arrival(block)
        events.extend(self._windows(segment, segment.resampler.push(mix_down(samples))))
        return events

    def pause(self) -> list[GatedWindow | Gap]:
        """End the segment because the user keeps out what comes next."""
        self._paused = True
        return self.finish()

    def finish(self) -> list[GatedWindow | Gap]:
        """End the segment: the windows that the resampler still held back."""
        if self._segment is None:
            return []
        segment, self._segment = self._segment, None
        return list(self._windows(segment, segment.resampler.finish()))

    def _open_segment(self, origin: int) -> _Segment:
        where = SegmentTime(origin, self._source_rate, self._grid)
        if self._options.tap is not None:
            self._options.tap.begin(where.seconds(0)[0])
        options = self._options
        gate = Gate(options.gate, self._grid)
        return _Segment(where, self._feature_set, gate, every_vector=options.every_vector)

    def _gap(self, end_sample: int, block: AudioBlock) -> Gap:
        lost: GapCause = "pause" if self._paused else "overrun" if block.overrun else "drop"
        return Gap(
            leg=self.name,
            start=end_sample / self._source_rate,
            end=block.first_sample / self._source_rate,
            start_sample=end_sample,
            end_sample=block.first_sample,
            cause="away" if block.away else "stall" if block.stalled else "jump" if block.jumped else lost,
            estimated=block.overrun or block.stalled or block.away,
        )

    def _windows(self, segment: _Segment, samples: Samples) -> Iterator[GatedWindow]:
        if self._options.tap is not None:
            self._options.tap.push(samples)
        begin = 0
        while begin < len(samples):
            # No further than to the end of a piece: the floor must not know what comes after the window.
            part = samples[begin : begin + segment.pieces.num_missing]
            if begin and len(part) < segment.pieces.num_missing:
                # A copy, so that a small rest does not keep a large block alive.
                part = part.copy()
            begin += len(part)
            self.noise_floor.push(part)
            for piece in segment.pieces.push(part):
                segment.features.push(piece)
                if segment.features_of_others is not None:
                    segment.features_of_others.push(piece)
                segment.gate.push(piece)
                segment.level.push(piece)
                if segment.level.is_full:
                    yield self._window(segment)
                    segment.num_windows += 1

    def _window(self, segment: _Segment) -> GatedWindow:
        start, end = segment.where.seconds(segment.num_windows)
        start_sample, end_sample = segment.where.samples(segment.num_windows)
        clipped_share = segment.clipping.share(start_sample, end_sample)
        level = segment.level.dbfs
        state = segment.gate.state(level, self.noise_floor.dbfs, clipped_share)
        arrived = segment.arrival_of(end_sample)
        is_speech, shedder = state == "speech", self._options.shedder
        is_skipped = is_speech and shedder is not None and shedder.skips(self.name, arrived)
        vector: FloatArray | None = None
        features = segment.features if is_speech else segment.features_of_others
        if not is_skipped and features is not None:
            with nullcontext() if shedder is None else shedder.timed():
                vector = features.vector()
        return GatedWindow(
            start, end, start_sample, end_sample, state, level, vector, arrived, skipped=is_skipped
        )
