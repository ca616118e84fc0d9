"""Where the windows of a stretch lie in the stream, in whole numbers."""

from dataclasses import dataclass

from emotion.window_grid import WindowGrid


@dataclass(frozen=True, slots=True)
class StretchTime:
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
        """Give the samples of the source that a window covers.

        Parameters
        ----------
        window : int
            Index in the stretch, from 0.

        Returns
        -------
        tuple of int
            The first sample at or after the window's start, and the first at or after its end.
        """
        start, end = self.grid.span(window)
        return self.origin + self._source_samples(start), self.origin + self._source_samples(end)

    def seconds(self, window: int) -> tuple[float, float]:
        """Give the stream time of a window.

        Parameters
        ----------
        window : int
            Index in the stretch, from 0.

        Returns
        -------
        tuple of float
            Start and end, s: the floats nearest to the exact times.
        """
        start, end = self.grid.span(window)
        return self._stream_seconds(start), self._stream_seconds(end)

    def _source_samples(self, model_samples: int) -> int:
        return -(-model_samples * self.source_rate // self.grid.sample_rate)

    def _stream_seconds(self, model_samples: int) -> float:
        # One division of whole numbers: the quotient is correctly rounded however long the stream has run.
        numerator = self.origin * self.grid.sample_rate + model_samples * self.source_rate
        return numerator / (self.source_rate * self.grid.sample_rate)
