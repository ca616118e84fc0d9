"""One side of a call: from blocks to rows, with all the memory that this needs."""

import time
from collections.abc import Iterator, Mapping

from emotion.arrays import Probabilities
from emotion.finite_samples import make_finite
from emotion.mixing import mix_down
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.arrivals import Arrivals
from streamer.block import AudioBlock
from streamer.gate import state_of
from streamer.noise_floor import NoiseFloor
from streamer.row import Gap, GapCause, Row
from streamer.stretch import Stretch, StretchListener
from streamer.stretch_time import StretchTime
from streamer.tracker import Tracker


class Leg:
    """Turns blocks into rows; the same samples give the same rows however they are cut.

    Parameters
    ----------
    name : str
        The leg's name, in every row.
    model : EmotionModel
        Heard with.
    grid : WindowGrid
        At the model's sample rate.
    source_rate : int
        That of the blocks, Hz.
    listener : StretchListener, optional
        Hears all sound, mono at the model's rate.
    """

    def __init__(
        self,
        name: str,
        model: EmotionModel,
        grid: WindowGrid,
        source_rate: int,
        listener: StretchListener | None = None,
    ) -> None:
        self.name = name
        self._model = model
        self._grid = grid
        self._source_rate = source_rate
        self._listener = listener
        self._noise_floor = NoiseFloor(grid.sample_rate)
        self._tracker = Tracker(grid.step / grid.sample_rate)
        self._arrivals = Arrivals()
        self._stretch: Stretch | None = None
        self._end_sample: int | None = None
        self._paused = False
        self._num_rows = 0
        self.non_finite_samples = 0

    @property
    def level_dbfs(self) -> float:
        """RMS of the latest tenth of a second, dB below full scale."""
        return self._noise_floor.latest_dbfs

    @property
    def floor_dbfs(self) -> float:
        """The room's noise floor as far as it is known, dB below full scale."""
        return self._noise_floor.dbfs

    def gap_before(self, block: AudioBlock) -> list[Row | Gap]:
        """End the stretch where a block does not follow on it.

        Parameters
        ----------
        block : AudioBlock
            The next one; it is not taken yet.

        Returns
        -------
        list of Row and Gap
            Rows of the windows that end before the gap, then the gap; nothing where there is none.

        Raises
        ------
        ValueError
            If the block begins before the last one ended: a source that counts backwards is broken.
        """
        if self._end_sample is None:
            return []
        if block.first_sample < self._end_sample:
            raise ValueError(f"{block.first_sample} was told as the next sample after {self._end_sample}")
        if block.first_sample == self._end_sample and not block.overrun and self._stretch is not None:
            return []
        rows = self.finish()
        gap = self._gap(self._end_sample, block)
        self._end_sample = None
        self._tracker.restart()
        self._noise_floor.restart_after_gap()
        return [*rows, gap]

    def push(self, block: AudioBlock) -> list[Row | Gap]:
        """Take a block.

        Parameters
        ----------
        block : AudioBlock
            At the source's rate, any number of channels.

        Returns
        -------
        list of Row and Gap
            What `gap_before` gives where nobody has asked for it, and a row for each window that the block
            completes.
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
        self._arrivals.note(block.end_sample, block.arrived)
        given.extend(self._rows(self._stretch, self._stretch.push(mono)))
        return given

    def pause(self) -> list[Row | Gap]:
        """Learn that the user keeps out what comes next.

        Returns
        -------
        list of Row and Gap
            Rows of the windows that were complete.
        """
        self._paused = True
        return self.finish()

    def finish(self) -> list[Row | Gap]:
        """End the stretch.

        Returns
        -------
        list of Row and Gap
            Rows of the windows that the resampler still held back.
        """
        if self._stretch is None:
            return []
        stretch, self._stretch = self._stretch, None
        return list(self._rows(stretch, stretch.finish()))

    def _open_stretch(self, origin: int) -> Stretch:
        where = StretchTime(origin, self._source_rate, self._grid)
        return Stretch(where, self._model.feature_set, self._noise_floor, self._listener)

    def _gap(self, end_sample: int, block: AudioBlock) -> Gap:
        cause: GapCause = "pause" if self._paused else "overrun" if block.overrun else "drop"
        return Gap(
            leg=self.name,
            start=end_sample / self._source_rate,
            end=block.first_sample / self._source_rate,
            start_sample=end_sample,
            end_sample=block.first_sample,
            cause=cause,
            estimated=block.overrun,
        )

    def _rows(self, stretch: Stretch, windows: Iterator[int]) -> Iterator[Row]:
        for window in windows:
            level = stretch.level_dbfs
            state = state_of(level, self._noise_floor.dbfs)
            probabilities = smoothed = None
            if state == "speech":
                probabilities = self._model.predict(stretch.vector())
                smoothed = self._tracker.speech(probabilities)
            else:
                self._tracker.silence()
            start, end = stretch.where.seconds(window)
            start_sample, end_sample = stretch.where.samples(window)
            yield Row(
                leg=self.name,
                window=self._num_rows,
                start=start,
                end=end,
                start_sample=start_sample,
                end_sample=end_sample,
                state=state,
                emotion=None if smoothed is None else self._model.card.labels[int(smoothed.argmax())],
                probabilities=self._by_label(probabilities),
                smoothed=self._by_label(smoothed),
                level_dbfs=level,
                lag_seconds=time.monotonic() - self._arrivals.of(end_sample),
            )
            self._num_rows += 1

    def _by_label(self, probabilities: Probabilities | None) -> Mapping[str, float] | None:
        if probabilities is None:
            return None
        return dict(zip(self._model.card.labels, probabilities.tolist(), strict=True))
