"""One side of a call before any model: from blocks to windows with their state and their feature vector."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Literal, TypeAlias

from emotion.arrays import FloatArray
from emotion.features.feature_set import FeatureSet
from emotion.finite_samples import make_finite
from emotion.mixing import mix_down
from emotion.window_grid import WindowGrid
from streamer.arrivals import Arrivals
from streamer.block import AudioBlock
from streamer.gate.clipping import ClippingMeter
from streamer.gate.gate import Gate
from streamer.gate.kinds import gate_kind
from streamer.heard import Heard
from streamer.leg_pace import LegPace
from streamer.noise_floor import NoiseFloor
from streamer.row import Gap, GapCause
from streamer.stretch import Stretch, StretchListener
from streamer.stretch_time import StretchTime

Vectors: TypeAlias = Literal["speech", "all"]
"""Which windows are given a feature vector."""


class Hearing:
    """Turns blocks into windows heard; the same samples give the same windows however they are cut.

    Parameters
    ----------
    name : str
        The leg's name, in every gap.
    feature_set : FeatureSet
        What makes the vectors.
    grid : WindowGrid
        At the feature set's sample rate.
    source_rate : int
        That of the blocks, Hz.
    gate : {'voice', 'level'}, optional
        How speech is told from what is none; unless given, as is usual for the feature set.
    vectors : {'speech', 'all'}
        Whether windows without speech are given a vector too; the states are the same.
    listener : StretchListener, optional
        Hears all sound, mono at the model's rate.
    pace : LegPace, optional
        Says which windows of speech there is no time for: they are given no vector. Unless given, all are.

    Attributes
    ----------
    name : str
        As given.
    non_finite_samples : int
        How many samples were no number and taken as 0.
    """

    def __init__(
        self,
        name: str,
        feature_set: FeatureSet,
        grid: WindowGrid,
        source_rate: int,
        *,
        gate: str | None = None,
        vectors: Vectors = "speech",
        listener: StretchListener | None = None,
        pace: LegPace | None = None,
    ) -> None:
        self.name = name
        self._feature_set = feature_set
        self._grid = grid
        self._source_rate = source_rate
        self._gate_kind = gate_kind(feature_set.name, gate)
        self._vectors = vectors
        self._listener = listener
        self._pace = pace
        self._noise_floor = NoiseFloor(grid.sample_rate)
        self._arrivals = Arrivals()
        self._clipping = ClippingMeter()
        self._stretch: Stretch | None = None
        self._end_sample: int | None = None
        self._is_begun = False
        self._paused = False
        self.non_finite_samples = 0

    @property
    def level_dbfs(self) -> float:
        """RMS of the latest tenth of a second, dB below full scale."""
        return self._noise_floor.latest_dbfs

    @property
    def floor_dbfs(self) -> float:
        """The room's noise floor as far as it is known, dB below full scale."""
        return self._noise_floor.dbfs

    def gap_before(self, block: AudioBlock) -> list[Heard | Gap]:
        """End the stretch where a block does not follow on it.

        Parameters
        ----------
        block : AudioBlock
            The next one; it is not taken yet.

        Returns
        -------
        list of Heard and Gap
            The windows that end before the gap, then the gap; nothing where there is none.

        Raises
        ------
        ValueError
            If the block begins before the last one ended: a source that counts backwards is broken.
        """
        if self._end_sample is None:
            is_missing, self._is_begun = block.away and not self._is_begun, True
            # A device that went before its first sound: what is missing counts from the start.
            return [self._gap(0, block)] if is_missing else []
        if block.first_sample < self._end_sample:
            raise ValueError(f"{block.first_sample} was told as the next sample after {self._end_sample}")
        if block.first_sample == self._end_sample and not block.overrun and self._stretch is not None:
            return []
        windows = self.finish()
        gap = self._gap(self._end_sample, block)
        self._end_sample = None
        self._noise_floor.restart_after_gap()
        return [*windows, gap]

    def push(self, block: AudioBlock) -> list[Heard | Gap]:
        """Take a block.

        Parameters
        ----------
        block : AudioBlock
            At the source's rate, any number of channels.

        Returns
        -------
        list of Heard and Gap
            What `gap_before` gives where nobody has asked for it, and each window that the block completes.
        """
        given = self.gap_before(block)
        self._paused = False
        samples, num_non_finite, _ = make_finite(block.samples)
        self.non_finite_samples += num_non_finite
        mono = mix_down(samples)
        self._end_sample = block.end_sample
        if self._stretch is None:
            self._stretch = self._open_stretch(block.first_sample)
            # No window reaches back over a gap: blocks before it need not be remembered.
            self._arrivals = Arrivals()
            self._clipping = ClippingMeter()
        self._clipping.push(samples, block.first_sample)
        self._arrivals.note(block.end_sample, block.arrived)
        given.extend(self._heard(self._stretch, self._stretch.push(mono)))
        return given

    def pause(self) -> list[Heard | Gap]:
        """Learn that the user keeps out what comes next.

        Returns
        -------
        list of Heard and Gap
            The windows that were complete.
        """
        self._paused = True
        return self.finish()

    def finish(self) -> list[Heard | Gap]:
        """End the stretch.

        Returns
        -------
        list of Heard and Gap
            The windows that the resampler still held back.
        """
        if self._stretch is None:
            return []
        stretch, self._stretch = self._stretch, None
        return list(self._heard(stretch, stretch.finish()))

    def _open_stretch(self, origin: int) -> Stretch:
        where = StretchTime(origin, self._source_rate, self._grid)
        gate = Gate(self._gate_kind, self._grid)
        return Stretch(where, self._feature_set, gate, self._noise_floor, self._listener)

    def _gap(self, end_sample: int, block: AudioBlock) -> Gap:
        lost: GapCause = "pause" if self._paused else "overrun" if block.overrun else "drop"
        return Gap(
            leg=self.name,
            start=end_sample / self._source_rate,
            end=block.first_sample / self._source_rate,
            start_sample=end_sample,
            end_sample=block.first_sample,
            cause="away" if block.away else "stall" if block.stalled else lost,
            estimated=block.overrun or block.stalled or block.away,
        )

    def _heard(self, stretch: Stretch, windows: Iterator[int]) -> Iterator[Heard]:
        for window in windows:
            level = stretch.level_dbfs
            start, end = stretch.where.seconds(window)
            start_sample, end_sample = stretch.where.samples(window)
            clipped_share = self._clipping.share(start_sample, end_sample)
            state = stretch.gate.state(level, self._noise_floor.dbfs, clipped_share)
            arrived = self._arrivals.of(end_sample)
            is_skipped = self._pace is not None and state == "speech" and self._pace.skips(arrived)
            is_wanted = not is_skipped and (state == "speech" or self._vectors == "all")
            yield Heard(
                start=start,
                end=end,
                start_sample=start_sample,
                end_sample=end_sample,
                state=state,
                level_dbfs=level,
                vector=self._vector(stretch) if is_wanted else None,
                arrived=arrived,
                skipped=is_skipped,
            )

    def _vector(self, stretch: Stretch) -> FloatArray:
        with nullcontext() if self._pace is None else self._pace.hearing():
            return stretch.vector()
