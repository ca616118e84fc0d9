"""The legs of one source: they share its sample index, and nothing else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from emotion.arrays import make_finite, read_only
from emotion.signal import mix_down
from emotion.window_grid import to_samples
from streamer.analysis.gate import NoiseFloor
from streamer.analysis.leakage import LeakageDetector
from streamer.analysis.leg import Leg
from streamer.events import AudioBlock, Gap, GapCause, LegEvent
from streamer.leg_plan import LegPlan, kept_channels, sound_of
from streamer.sources.base import SourceInfo
from streamer.sources.clock import Alignment, ClockDrift


class LevelLeg:
    """Takes the level of a leg and forgets its sound at once."""

    def __init__(self, name: str, source_rate: int) -> None:
        self.name = name
        self._meter = NoiseFloor(source_rate)
        self._end_sample: int | None = None

    @property
    def level_dbfs(self) -> float:
        """RMS of the latest tenth of a second, dB below full scale."""
        return self._meter.latest_dbfs

    @property
    def floor_dbfs(self) -> float:
        """The room's noise floor as far as it is known, dB below full scale."""
        return self._meter.dbfs

    def push(self, block: AudioBlock) -> None:
        """Take a block."""
        if block.first_sample != self._end_sample:
            self._meter.restart_after_gap()
        self._end_sample = block.end_sample
        samples, *_ = make_finite(block.samples)
        self._meter.push(mix_down(samples))


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
    info : SourceInfo
        Of the source.
    paused : bool
        The user keeps out what comes.
    position : int
        The next sample, as the source counts: commands of the user refer to it.
    heard_samples, paused_samples : int
        How many samples were analysed, and how many the user kept out.
    clock_drift : ClockDrift
        The samples against the clock, where the source is live.
    alignment : Alignment or None
        As given.
    arrived : float or None
        ``time.monotonic()`` when its latest block came, s.
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
        self.paused = False
        self.position = 0
        self.heard_samples = 0
        self.paused_samples = 0
        self.clock_drift = ClockDrift(rate)
        self.alignment = options.alignment
        self.arrived: float | None = None
        self._leakage = options.leakage
        self._legs_by_plan = tuple(zip(own, self.legs, strict=True))
        self._kept = kept_channels(plans, number, info.channels)
        self._keeps_all = self._kept == tuple(range(info.channels))
        self._sample_rate = rate
        self._end_sample = None if options.end_seconds is None else to_samples(options.end_seconds, rate)
        self._stream_position = 0
        self._quiet_samples = 0

    @property
    def is_over(self) -> bool:
        """True once the source has reached the end that was asked for."""
        if self._end_sample is None:
            return False
        return self._stream_position + self._quiet_samples >= self._end_sample

    @property
    def stream_seconds(self) -> float:
        """Stream time so far, s."""
        return self._stream_position / self._sample_rate

    @property
    def heard_seconds(self) -> float:
        """How much of it was analysed, s."""
        return self.heard_samples / self._sample_rate

    @property
    def taken_seconds(self) -> float:
        """How much has come in all, s."""
        return (self.heard_samples + self.paused_samples) / self._sample_rate

    @property
    def paused_seconds(self) -> float:
        """How much the user kept out, s."""
        return self.paused_samples / self._sample_rate

    def note_quiet(self, seconds: float) -> None:
        """Learn how long nothing has come: a duration that was asked for ends by the clock then."""
        self._quiet_samples = to_samples(seconds, self._sample_rate) if self.info.live else 0

    def take(self, block: AudioBlock) -> Iterator[LegEvent | AudioBlock]:
        """Analyse a block, or keep it out while the user pauses."""
        self.position = block.end_sample
        self.arrived = block.arrived
        if self.alignment is not None:
            block = self.alignment.place(block, paused=self.paused)
        heard = self._before_end(block)
        self._stream_position = heard.end_sample
        if self.paused:
            self.paused_samples += len(heard.samples)
            return
        if not len(heard.samples):
            return
        self.heard_samples += len(heard.samples)
        if self._leakage is None:
            yield from self._analyse(heard)
            return
        # So short that no envelope forgets what a row of the same block still asks for.
        for start in range(0, len(heard.samples), self._sample_rate):
            part = replace(
                heard,
                samples=heard.samples[start : start + self._sample_rate],
                first_sample=heard.first_sample + start,
                overrun=heard.overrun and start == 0,
                stalled=heard.stalled and start == 0,
                away=heard.away and start == 0,
            )
            yield from self._analyse(part)

    def _analyse(self, heard: AudioBlock) -> Iterator[LegEvent | AudioBlock]:
        """Hand a block to all legs."""
        parts = [
            (leg, replace(heard, samples=sound_of(plan, heard.samples))) for plan, leg in self._legs_by_plan
        ]
        if self._leakage is not None:
            for leg, part in parts:
                self._leakage.push(leg.name, part.samples, part.first_sample)
        for leg, part in parts:
            if isinstance(leg, Leg):
                yield from leg.rows(leg.windows.gap_before(part))
        if self._kept:
            yield self._for_sinks(heard)
        for leg, part in parts:
            if isinstance(leg, LevelLeg):
                leg.push(part)
            else:
                yield from leg.rows(leg.windows.push(part))

    def pause(self) -> Iterator[LegEvent]:
        """Begin a pause, or end it."""
        self.paused = not self.paused
        if self.paused:
            for leg in self._analysed:
                yield from leg.rows(leg.windows.pause())

    def finish(self) -> Iterator[LegEvent]:
        """End the sound."""
        for leg in self._analysed:
            yield from leg.rows(leg.windows.finish())

    def miss(self, until: float, cause: GapCause) -> Iterator[Gap]:
        """Count what has not come by the end, but for what lies past the end asked for."""
        if self.arrived is None or self.paused:
            return
        start_sample = self._stream_position
        end_sample = start_sample + round((until - self.arrived) * self._sample_rate)
        if self._end_sample is not None:
            end_sample = min(end_sample, self._end_sample)
        if end_sample <= start_sample:
            return
        self._stream_position = end_sample
        for leg in self._analysed:
            yield Gap(
                leg=leg.name,
                start=start_sample / self._sample_rate,
                end=end_sample / self._sample_rate,
                start_sample=start_sample,
                end_sample=end_sample,
                cause=cause,
                estimated=True,
            )

    def seconds_at(self, position: int) -> float:
        """Turn a place in the source into stream time."""
        return (position - self.position + self._stream_position) / self._sample_rate

    @property
    def _analysed(self) -> Iterator[Leg]:
        return (leg for leg in self.legs if isinstance(leg, Leg))

    def _before_end(self, block: AudioBlock) -> AudioBlock:
        if self._end_sample is None or block.end_sample <= self._end_sample:
            return block
        first_sample = min(block.first_sample, self._end_sample)
        samples = block.samples[: self._end_sample - first_sample]
        return replace(block, samples=samples, first_sample=first_sample)

    def _for_sinks(self, block: AudioBlock) -> AudioBlock:
        if self._keeps_all:
            return block
        return replace(block, samples=read_only(block.samples[:, self._kept].copy()))
