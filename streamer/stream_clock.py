"""The sample index of a microphone: counted, and estimated where the card lost input."""

from typing import Final, NamedTuple

MAX_DISAGREEMENT_SECONDS: Final = 1.0
"""Some systems give no capture time, others one that jumps with the wall clock: then the arrival must do."""


class Placed(NamedTuple):
    """Where a block lies.

    Attributes
    ----------
    first_sample : int
        Index in the stream.
    overrun : bool
        Input was lost just before it; the index is then an estimate.
    """

    first_sample: int
    overrun: bool


class StreamClock:
    """Counts samples, and after an overrun estimates from the stream's own clock how many were lost.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._end_sample = 0
        self._before: tuple[int, float, float] | None = None

    def place(self, num_samples: int, captured: float, arrived: float, *, overflowed: bool) -> Placed:
        """Give the next block its place.

        Parameters
        ----------
        num_samples : int
            Its length.
        captured : float
            When its first sample was captured, by the stream's clock, s; 0 where the system does not tell.
        arrived : float
            ``time.monotonic()`` at its arrival, s.
        overflowed : bool
            The system says that input before it was lost.

        Returns
        -------
        Placed
            An overrun jumps at least one sample. One before the first block means nothing: nobody listened.
        """
        overrun = overflowed and self._before is not None
        if overrun:
            self._end_sample += max(1, round(self._lost_seconds(captured, arrived) * self._sample_rate))
        placed = Placed(self._end_sample, overrun)
        self._end_sample += num_samples
        self._before = (num_samples, captured, arrived)
        return placed

    def _lost_seconds(self, captured: float, arrived: float) -> float:
        if self._before is None:
            return 0.0
        num_samples, captured_before, arrived_before = self._before
        by_stream = captured - captured_before
        by_arrival = arrived - arrived_before
        told = captured > 0 and captured_before > 0
        trusted = told and abs(by_stream - by_arrival) <= MAX_DISAGREEMENT_SECONDS
        return (by_stream if trusted else by_arrival) - num_samples / self._sample_rate
