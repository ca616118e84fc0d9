"""A stretch of sound without gaps: resampled, and cut into the windows of the grid."""

from collections.abc import Iterator
from typing import Protocol

from emotion.arrays import FloatArray, Samples
from emotion.features.feature_set import FeatureSet
from emotion.resampling import StreamResampler
from streamer.gate.gate import Gate
from streamer.noise_floor import NoiseFloor
from streamer.pieces import PieceCutter
from streamer.stretch_time import StretchTime
from streamer.window_level import WindowLevel


class StretchListener(Protocol):
    """Hears what the features hear."""

    def begin(self, start: float) -> None:
        """Learn that a stretch begins.

        Parameters
        ----------
        start : float
            Stream time, s.
        """
        ...

    def push(self, samples: Samples) -> None:
        """Take the next sound.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, at the model's rate.
        """
        ...


class Stretch:
    """All that a leg remembers from one gap to the next.

    Everything is done in pieces of one shape, the grid's, so that nothing depends on how the source cut the
    sound.

    Parameters
    ----------
    where : StretchTime
        Its place in the stream, and the grid.
    feature_set : FeatureSet
        Opened anew.
    gate : Gate
        Hears all sound; new, as it is one of this stretch alone.
    noise_floor : NoiseFloor
        Hears all sound as soon as it is there, but a window's before that window is given and none after it.
    listener : StretchListener, optional
        Is handed all sound as soon as it is there, not in pieces.
    """

    def __init__(
        self,
        where: StretchTime,
        feature_set: FeatureSet,
        gate: Gate,
        noise_floor: NoiseFloor,
        listener: StretchListener | None = None,
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
        """Take the next sound and stop at each window that it completes.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, finite, at the source's rate.

        Yields
        ------
        int
            Index of a window in the stretch; `level_dbfs` and `vector` are about this one until the next.
        """
        return self._take(self._resampler.push(samples))

    def finish(self) -> Iterator[int]:
        """End the stretch and stop at each window that still lies wholly inside it.

        Yields
        ------
        int
            As for `push`.
        """
        return self._take(self._resampler.finish())

    @property
    def level_dbfs(self) -> float:
        """RMS of the current window without its DC, dB below full scale."""
        return self._level.dbfs

    def vector(self) -> FloatArray:
        """Give the feature vector of the current window.

        Returns
        -------
        ndarray, shape (num_features,), float32
            As the feature set says.
        """
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
