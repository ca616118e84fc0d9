"""Sample indexes against clocks: a microphone's index, the alignment of several sources, and clock drift."""

from collections import deque
from dataclasses import replace
from typing import Final, NamedTuple

from streamer.events import AudioBlock

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


STALL_SECONDS: Final = 0.5
"""So late comes no block of a source that delivers: the sound between was never made."""

WORTH_CORRECTING_SECONDS: Final = 0.02
"""Less than the arrival of blocks tells: a correction would be noise."""

_MEMORY_SECONDS: Final = 10.0


class Epoch:
    """The moment at which stream time is 0: the start of the first block of any source.

    Attributes
    ----------
    monotonic : float or None
        By ``time.monotonic()``, s; None before the first block.
    """

    def __init__(self) -> None:
        self.monotonic: float | None = None


class Alignment:
    """Moves the sample index of a source so that it stays near the clock, at gaps and nowhere else.

    Two devices run on two crystals: their indexes drift apart. Within a stretch nothing is done about it, so
    that no sample is made up or thrown away; at each gap the index jumps to where the clock says it is.
    Blocks arrive late, never early, so the clock is read off the most punctual block of the last ten seconds.

    Parameters
    ----------
    sample_rate : int
        Of the source, Hz.
    epoch : Epoch
        Shared by all sources of the session; set by the first block of any.
    stalls : bool
        The source delivers nothing while there is nothing to hear; what comes after such a time is put
        where the clock says it is.
    """

    def __init__(self, sample_rate: int, epoch: Epoch, *, stalls: bool) -> None:
        self._sample_rate = sample_rate
        self._epoch = epoch
        self._stalls = stalls
        self._shift: int | None = None
        self._end_sample = 0
        self._lateness: deque[tuple[float, float]] = deque()

    @property
    def drift_seconds(self) -> float:
        """How far the samples lag behind the clock, s: over 0 where the card runs slow."""
        return self._lateness[0][1] if self._lateness else 0.0

    def place(self, block: AudioBlock, *, kept_out: bool = False) -> AudioBlock:
        """Give the next block its place on the session's clock.

        Parameters
        ----------
        block : AudioBlock
            Counted by its source.
        kept_out : bool
            The user pauses: nobody hears this block, so what comes after it may still be put in its place.

        Returns
        -------
        AudioBlock
            The same sound, counted on the shared clock, and whether the source had stalled just before it.
        """
        begins = block.arrived - len(block.samples) / self._sample_rate
        if self._epoch.monotonic is None:
            self._epoch.monotonic = begins
        on_clock = begins - self._epoch.monotonic
        if self._shift is None:
            # Later than 0 where another source was there before.
            self._shift = max(0, self._to_samples(on_clock)) - block.first_sample
            self._end_sample = block.first_sample + self._shift
        expected = block.first_sample + self._shift
        late = on_clock - expected / self._sample_rate
        stalled = self._stalls and late - self.drift_seconds > STALL_SECONDS
        if stalled:
            self._move(expected, late)
        elif expected > self._end_sample and not kept_out:
            self._move(expected, self.drift_seconds)
        placed = block.first_sample + self._shift
        if not kept_out:
            self._end_sample = placed + len(block.samples)
        self._note(block.arrived, on_clock - placed / self._sample_rate)
        return replace(block, first_sample=placed, stalled=stalled)

    def _move(self, expected: int, by_seconds: float) -> None:
        """Jump by so much, but never back over what was heard, and never for less than can be known."""
        if abs(by_seconds) < WORTH_CORRECTING_SECONDS or self._shift is None:
            return
        moved = max(self._end_sample, expected + self._to_samples(by_seconds))
        self._shift += moved - expected
        self._lateness.clear()

    def _note(self, arrived: float, late: float) -> None:
        # Only what may still become the least: the queue stays short and its first is the answer.
        while self._lateness and self._lateness[-1][1] >= late:
            self._lateness.pop()
        self._lateness.append((arrived, late))
        while self._lateness[0][0] < arrived - _MEMORY_SECONDS:
            self._lateness.popleft()

    def _to_samples(self, seconds: float) -> int:
        return round(seconds * self._sample_rate)


WORTH_SAYING_SECONDS: Final = 0.5


class ClockDrift:
    """Stream time less monotonic time since the first block.

    Sound cards run a little fast or slow, and sound servers lose samples without a word; this shows both.

    Parameters
    ----------
    sample_rate : int
        That of the source, Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._first: tuple[int, float] | None = None
        self._said_seconds = 0.0
        self.seconds = 0.0

    def take(self, block: AudioBlock) -> str | None:
        """Hold a block against the clock.

        Parameters
        ----------
        block : AudioBlock
            The next one.

        Returns
        -------
        str or None
            A line where the slip has grown by another half second.
        """
        if self._first is None:
            self._first = (block.end_sample, block.arrived)
        end_sample, arrived = self._first
        self.seconds = (block.end_sample - end_sample) / self._sample_rate - (block.arrived - arrived)
        if abs(self.seconds - self._said_seconds) < WORTH_SAYING_SECONDS:
            return None
        self._said_seconds = self.seconds
        way = "ahead of" if self.seconds > 0 else "behind"
        return f"the source is {abs(self.seconds):.1f} s {way} the clock"
