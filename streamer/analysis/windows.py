"""A segment, sound without gaps: resampled, cut into the windows of the grid, placed in the stream."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from emotion.arrays import FloatArray, Samples
from emotion.features.base import FeatureSet
from emotion.signal import StreamResampler
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import Gate, NoiseFloor, PieceCutter, WindowLevel
from streamer.events import State


@dataclass(frozen=True, slots=True, eq=False)
class GatedWindow:
    """One window: where it lies, what the gate says of it, and its feature vector.

    Attributes
    ----------
    start, end : float
        Stream time, s.
    start_sample, end_sample : int
        The same in samples of the source.
    state : {'speech', 'silence', 'noise', 'clipped'}
        What the gate says.
    level_dbfs : float
        RMS of the window without its DC, dB below full scale; never under -120.
    vector : ndarray, shape (num_features,), float32, or None
        None where the gate heard no speech, unless vectors were asked for of all windows; and where it was
        skipped.
    arrived : float
        ``time.monotonic()`` at the arrival of the window's last sample, s.
    skipped : bool
        Speech that there was no time to hear.
    """

    start: float
    end: float
    start_sample: int
    end_sample: int
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
        First sample of the stretch, at the source's rate, in the numbers of the stream.
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


class SegmentListener(Protocol):
    """Hears what the features hear."""

    def begin(self, start: float) -> None:
        """Learn that a stretch begins."""
        ...

    def push(self, samples: Samples) -> None:
        """Take the next sound."""
        ...


class Segment:
    """All that a leg remembers from one gap to the next.

    Everything is done in pieces of one shape, the grid's, so that nothing depends on how the source cut the
    sound.
    """

    def __init__(
        self,
        where: SegmentTime,
        feature_set: FeatureSet,
        gate: Gate,
        noise_floor: NoiseFloor,
        listener: SegmentListener | None = None,
    ) -> None:
        grid = where.grid
        self.where = where
        self.gate = gate
        self._resampler = StreamResampler(where.source_rate, grid.sample_rate)
        self._pieces = PieceCutter(grid.first_piece, grid.step)
        self._level = WindowLevel(grid)
        self._features = feature_set.open(grid)
        self._noise_floor = noise_floor
        self._listener = listener
        if listener is not None:
            listener.begin(where.seconds(0)[0])
        self._num_windows = 0

    def push(self, samples: Samples) -> Iterator[int]:
        """Take the next sound and stop at each window that it completes."""
        return self._take(self._resampler.push(samples))

    def finish(self) -> Iterator[int]:
        """End the stretch and stop at each window that still lies wholly inside it."""
        return self._take(self._resampler.finish())

    @property
    def level_dbfs(self) -> float:
        """RMS of the current window without its DC, dB below full scale."""
        return self._level.dbfs

    def vector(self) -> FloatArray:
        """Give the feature vector of the current window."""
        return self._features.vector()

    def _take(self, samples: Samples) -> Iterator[int]:
        if self._listener is not None:
            self._listener.push(samples)
        begin = 0
        while begin < len(samples):
            # No further than to the end of a piece: the floor must not know what comes after the window.
            part = samples[begin : begin + self._pieces.num_missing]
            if begin and len(part) < self._pieces.num_missing:
                # A copy, so that a small rest does not keep a large block alive.
                part = part.copy()
            begin += len(part)
            self._noise_floor.push(part)
            for piece in self._pieces.push(part):
                self._features.push(piece)
                self.gate.push(piece)
                self._level.push(piece)
                if self._level.is_full:
                    yield self._num_windows
                    self._num_windows += 1
