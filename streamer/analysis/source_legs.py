"""The legs of one source: they share its sample index, and nothing else."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from emotion.arrays import make_finite, read_only
from emotion.signal import mix_down
from emotion.window_grid import to_samples
from streamer.analysis.gate import NoiseFloor
from streamer.analysis.leakage import LeakageDetector
from streamer.analysis.leg import Leg
from streamer.events import Absence, AudioBlock, Gap, LegOutput
from streamer.leg_plan import LegPlan, kept_channels, sound_of
from streamer.sources.base import SourceInfo
from streamer.sources.clock import Alignment, ClockDrift
from streamer.sources.queue import BlockQueue

SILENT_SECONDS: Final = 3.0
"""After so long without a block a source is reported, or a duration ends by the clock."""

UNASKED_SECONDS: Final = 5.0
"""The same where it may be no fault: so long it takes until a sound server that hangs has been found out."""


class LevelLeg:
    """Measures the level of a leg that is not analysed, and keeps none of its sound."""

    def __init__(self, name: str, source_rate: int) -> None:
        self.name = name
        self.noise_floor = NoiseFloor(source_rate)
        self._end_sample: int | None = None

    def push(self, block: AudioBlock) -> None:
        """Take a block."""
        if block.first_sample != self._end_sample:
            self.noise_floor.restart_after_gap()
        self._end_sample = block.end_sample
        samples, *_ = make_finite(block.samples)
        self.noise_floor.push(mix_down(samples))


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What may differ between the sources of a session.

    Attributes
    ----------
    end_seconds : float or None
        Where to stop, in stream time, s.
    alignment : Alignment or None
        Holds the samples against a clock; without it the source's own index is the stream's.
    leakage : LeakageDetector or None
        Takes the sound of all legs before their rows are made.
    """

    end_seconds: float | None = None
    alignment: Alignment | None = None
    leakage: LeakageDetector | None = None


class SourceLegs:
    """Hands the blocks of one source to its legs, to each its own channel.

    Attributes
    ----------
    number : int
        Of the source in the session.
    legs : tuple of Leg or LevelLeg
        In the order of their plans.
    names : tuple of str
        Of the legs.
    info : SourceInfo
        Of the source.
    paused : bool
        The user keeps out what comes.
    position : int
        The next sample, as the source counts: commands of the user refer to it.
    analysed_samples, paused_samples : int
        How many samples were analysed, and how many the user kept out.
    clock_drift : ClockDrift
        The samples against the clock, where the source is live.
    alignment : Alignment or None
        As given.
    is_absent : bool
        The device is away just now.
    """

    def __init__(
        self,
        number: int,
        info: SourceInfo,
        plans: Sequence[LegPlan],
        open_leg: Callable[[LegPlan], Leg],
        options: SourceOptions | None = None,
    ) -> None:
        options = options or SourceOptions()
        own = [plan for plan in plans if plan.source == number]
        rate = info.sample_rate
        self.number = number
        self.info = info
        self.legs = tuple(open_leg(plan) if plan.analysed else LevelLeg(plan.name, rate) for plan in own)
        self.names = tuple(plan.name for plan in own)
        self.paused = False
        self.position = 0
        self.analysed_samples = 0
        self.paused_samples = 0
        self.clock_drift = ClockDrift(rate)
        self.alignment = options.alignment
        self.is_absent = False
        self._leakage = options.leakage
        self._legs_by_plan = tuple(zip(own, self.legs, strict=True))
        self._kept = kept_channels(plans, number, info.channels)
        self._keeps_all = self._kept == tuple(range(info.channels))
        self._sample_rate = rate
        self._end_sample = (
            sys.maxsize if options.end_seconds is None else to_samples(options.end_seconds, rate)
        )
        self._stream_position = 0
        self._quiet_samples = 0
        self._is_silent = False
        # When the latest block arrived, by `time.monotonic()`, s.
        self._arrived: float | None = None

    @property
    def is_over(self) -> bool:
        """True once the source has reached the end that was asked for."""
        return self._stream_position + self._quiet_samples >= self._end_sample

    @property
    def stream_seconds(self) -> float:
        """Stream time so far, s."""
        return self._stream_position / self._sample_rate

    @property
    def analysed_seconds(self) -> float:
        """How much of it was analysed, s."""
        return self.analysed_samples / self._sample_rate

    @property
    def taken_seconds(self) -> float:
        """How much has come in all, up to the end that was asked for, s."""
        return (self.analysed_samples + self.paused_samples) / self._sample_rate

    @property
    def paused_seconds(self) -> float:
        """How much the user kept out, s."""
        return self.paused_samples / self._sample_rate

    def check(self, now: float, queue: BlockQueue) -> Iterator[str | Absence]:
        """Report, once each time, a device that has gone, or a source that delivers nothing."""
        absence = queue.absence
        # What waits in the queue has come, however slow we are.
        is_empty = queue.oldest_arrival is None
        if absence is None:
            self.is_absent = False
        elif is_empty and not self.is_absent:
            self.is_absent = True
            yield Absence(self.number, self.info.name, self.stream_seconds, absence)
        if self._arrived is None:
            self._arrived = now
        quiet_seconds = now - self._arrived if is_empty else 0.0
        # Of a device that is known to be away nothing is late.
        patience = UNASKED_SECONDS if self.info.stalls else SILENT_SECONDS
        is_late = self.info.live and (absence is not None or quiet_seconds > patience)
        self._quiet_samples = to_samples(quiet_seconds, self._sample_rate) if is_late else 0
        was_silent = self._is_silent
        # A file is waited for: it is paused, or what is before a jump is decoded.
        is_watched = self.info.live and not (self.info.stalls or self.is_absent)
        self._is_silent = is_watched and quiet_seconds > SILENT_SECONDS
        if self._is_silent and not was_silent:
            yield f"nothing has come from {self.info.name} for {SILENT_SECONDS:g} s"

    def take(self, block: AudioBlock) -> Iterator[LegOutput | AudioBlock]:
        """Analyse a block, or keep it out while the user pauses."""
        self.position = block.end_sample
        self._arrived = block.arrived
        if self.alignment is not None:
            block = self.alignment.place(block, paused=self.paused)
        block = self._before_end(block)
        self._stream_position = block.end_sample
        if self.paused:
            self.paused_samples += len(block.samples)
            return
        if not len(block.samples):
            return
        self.analysed_samples += len(block.samples)
        if self._leakage is None:
            yield from self._analyse(block)
            return
        # So short that no envelope forgets what a row of the same block still asks for.
        for start in range(0, len(block.samples), self._sample_rate):
            part = block.samples[start : start + self._sample_rate]
            yield from self._analyse(replace(block, samples=part, first_sample=block.first_sample + start))
            # Whatever was lost, was lost before the first part.
            block = replace(block, overrun=False, stalled=False, away=False, jumped=False)

    def _analyse(self, block: AudioBlock) -> Iterator[LegOutput | AudioBlock]:
        """Hand a block to all legs."""
        parts = [
            (leg, replace(block, samples=sound_of(plan, block.samples))) for plan, leg in self._legs_by_plan
        ]
        if self._leakage is not None:
            for leg, part in parts:
                self._leakage.push(leg.name, part.samples, part.first_sample)
        for leg, part in parts:
            if isinstance(leg, Leg):
                yield from leg.rows(leg.windows.gap_before(part))
        if self._keeps_all:
            yield block
        elif self._kept:
            yield replace(block, samples=read_only(block.samples[:, self._kept].copy()))
        for leg, part in parts:
            if isinstance(leg, LevelLeg):
                leg.push(part)
            else:
                yield from leg.rows(leg.windows.push(part))

    def pause(self) -> Iterator[LegOutput]:
        """Begin a pause, or end it."""
        self.paused = not self.paused
        if self.paused:
            for leg in self._analysed:
                yield from leg.rows(leg.windows.pause())

    def finish(self) -> Iterator[LegOutput]:
        """End the sound."""
        for leg in self._analysed:
            yield from leg.rows(leg.windows.finish())

    def missing(self, now: float, queue: BlockQueue) -> Iterator[Gap]:
        """Count as a gap what has not come by the end, but for what lies past the end asked for."""
        until = now if queue.closed_at is None else queue.closed_at
        if self._arrived is None or self.paused:
            return
        quiet_seconds = until - self._arrived
        is_silent = self.info.live and queue.oldest_arrival is None and quiet_seconds > SILENT_SECONDS
        start_sample = self._stream_position
        end_sample = min(start_sample + round(quiet_seconds * self._sample_rate), self._end_sample)
        if not (self.is_absent or is_silent) or end_sample <= start_sample:
            return
        self._stream_position = end_sample
        for leg in self._analysed:
            yield Gap(
                leg=leg.name,
                start=start_sample / self._sample_rate,
                end=end_sample / self._sample_rate,
                start_sample=start_sample,
                end_sample=end_sample,
                cause="stall" if self.info.stalls and not self.is_absent else "away",
                estimated=True,
            )

    def seconds_at(self, position: int) -> float:
        """Turn a place in the source into stream time."""
        return (position - self.position + self._stream_position) / self._sample_rate

    @property
    def _analysed(self) -> Iterator[Leg]:
        return (leg for leg in self.legs if isinstance(leg, Leg))

    def _before_end(self, block: AudioBlock) -> AudioBlock:
        if block.end_sample <= self._end_sample:
            return block
        first_sample = min(block.first_sample, self._end_sample)
        samples = block.samples[: self._end_sample - first_sample]
        return replace(block, samples=samples, first_sample=first_sample)
