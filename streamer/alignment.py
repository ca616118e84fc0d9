"""Where the samples of one source lie on the clock that all sources of a session share."""

from collections import deque
from dataclasses import replace
from typing import Final

from streamer.block import AudioBlock

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
