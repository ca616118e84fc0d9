"""Sample indexes and clocks: lost input, several sources on one clock, and the drift of a sound card."""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from streamer.events import AudioBlock

MAX_DISAGREEMENT_SECONDS: Final = 1.0
"""Some systems give no capture time, others one that jumps with the wall clock: then arrival times count."""


class Placed(NamedTuple):
    """Index of a block's first sample; after an overrun the index is an estimate."""

    first_sample: int
    overrun: bool


class StreamClock:
    """Counts the samples of a card, and after an overrun estimates how many were lost."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._end_sample = 0
        self._before = 0, 0.0, 0.0

    def place(self, num_samples: int, captured: float, arrived: float, *, overflowed: bool) -> Placed:
        """Give the next block its index; `captured` is 0 on systems without capture times.

        An overrun jumps at least one sample. Before the first block it is ignored: nothing was recorded yet.
        """
        overrun = overflowed and self._end_sample > 0
        if overrun:
            self._end_sample += max(1, round(self._lost_seconds(captured, arrived) * self._sample_rate))
        placed = Placed(self._end_sample, overrun)
        self._end_sample += num_samples
        self._before = (num_samples, captured, arrived)
        return placed

    def _lost_seconds(self, captured: float, arrived: float) -> float:
        num_samples, captured_before, arrived_before = self._before
        by_capture = captured - captured_before
        by_arrival = arrived - arrived_before
        is_known = captured > 0 and captured_before > 0
        trusted = is_known and abs(by_capture - by_arrival) <= MAX_DISAGREEMENT_SECONDS
        return (by_capture if trusted else by_arrival) - num_samples / self._sample_rate


STALL_SECONDS: Final = 0.5
"""A source that `stalls` and delivers a block this late had nothing to deliver before it."""

MIN_CORRECTION_SECONDS: Final = 0.02
"""Arrival times are no more exact than this: a smaller correction would be noise."""

_MEMORY_SECONDS: Final = 10.0


@dataclass(slots=True, eq=False)
class Epoch:
    """The `time.monotonic()` at which stream time is 0: the start of the first block of any source."""

    monotonic: float | None = None


class Alignment:
    """Keeps the sample index of one of several sources near the common clock, by jumps at gaps only.

    Two devices run on two crystals: their indexes drift apart. Within a segment nothing is corrected, so that
    no sample is made up or dropped; at each gap the index jumps to where the clock is. Blocks arrive late,
    never early, so the least late block of the last ten seconds gives the clock.
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
        """How far the samples lag behind the clock since the last jump, s: above 0 if the card runs slow."""
        return self._lateness[0][1] if self._lateness else 0.0

    def place(self, block: AudioBlock, *, paused: bool = False) -> AudioBlock:
        """Give the next block its index on the common clock, and mark whether the source stalled before it.

        A block that comes while the user pauses is not analysed: the next one may still be put in its place.
        """
        begins = block.arrived - len(block.samples) / self._sample_rate
        if self._epoch.monotonic is None:
            self._epoch.monotonic = begins
        on_clock = begins - self._epoch.monotonic
        if self._shift is None:
            # Above 0 if another source began before.
            self._shift = max(0, self._to_samples(on_clock)) - block.first_sample
            self._end_sample = block.first_sample + self._shift
        expected = block.first_sample + self._shift
        late = on_clock - expected / self._sample_rate
        stalled = self._stalls and late - self.drift_seconds > STALL_SECONDS
        if stalled:
            self._shift += self._jump(expected, late)
        elif expected > self._end_sample and not paused:
            self._shift += self._jump(expected, self.drift_seconds)
        placed = block.first_sample + self._shift
        if not paused:
            self._end_sample = placed + len(block.samples)
        self._note_lateness(block.arrived, on_clock - placed / self._sample_rate)
        return replace(block, first_sample=placed, stalled=stalled)

    def _jump(self, expected: int, seconds: float) -> int:
        """Samples to jump: never back over what was analysed, and never for less than can be measured."""
        if abs(seconds) < MIN_CORRECTION_SECONDS:
            return 0
        self._lateness.clear()
        return max(self._end_sample - expected, self._to_samples(seconds))

    def _note_lateness(self, arrived: float, late: float) -> None:
        # A sliding minimum: only what may still become the least is kept, and the first entry is the least.
        while self._lateness and self._lateness[-1][1] >= late:
            self._lateness.pop()
        self._lateness.append((arrived, late))
        while self._lateness[0][0] < arrived - _MEMORY_SECONDS:
            self._lateness.popleft()

    def _to_samples(self, seconds: float) -> int:
        return round(seconds * self._sample_rate)


REPORT_STEP_SECONDS: Final = 0.5


class ClockDrift:
    """Stream time of a source less monotonic time, since its first block.

    Sound cards run a little fast or slow, and sound servers lose samples without a message; this shows both.
    `Alignment.drift_seconds` is another figure: it starts anew at each jump and leaves out late blocks.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._first: tuple[int, float] | None = None
        self._reported_seconds = 0.0
        self.seconds = 0.0

    def take(self, block: AudioBlock) -> str | None:
        """Measure the drift at the next block; give a message each time it has grown by half a second."""
        if self._first is None:
            self._first = (block.end_sample, block.arrived)
        end_sample, arrived = self._first
        self.seconds = (block.end_sample - end_sample) / self._sample_rate - (block.arrived - arrived)
        if abs(self.seconds - self._reported_seconds) < REPORT_STEP_SECONDS:
            return None
        self._reported_seconds = self.seconds
        direction = "ahead of" if self.seconds > 0 else "behind"
        return f"the source is {abs(self.seconds):.1f} s {direction} the clock"
