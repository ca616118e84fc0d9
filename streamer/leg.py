"""One side of a call: from blocks to rows, with all the memory that this needs."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace

from emotion.arrays import Probabilities
from emotion.decision import VoiceState
from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.block import AudioBlock
from streamer.heard import Heard
from streamer.hearing import Hearing
from streamer.judge import Judge
from streamer.judge_options import JudgeOptions
from streamer.leg_pace import LegPace
from streamer.row import Gap, Row, Said, Skip
from streamer.stretch import StretchListener


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
    judging : JudgeOptions, optional
        How it is judged.
    is_leak : callable, optional
        Tells of a stretch of stream time whether it holds nothing but what leaks in from another leg: there
        this one is silent.
    pace : LegPace, optional
        Says which windows are to be skipped; none are where there is none.

    Raises
    ------
    ValueError
        If the voice to begin with is none of this model's.
    """

    def __init__(
        self,
        name: str,
        model: EmotionModel,
        grid: WindowGrid,
        source_rate: int,
        listener: StretchListener | None = None,
        *,
        judging: JudgeOptions | None = None,
        is_leak: Callable[[float, float], bool] | None = None,
        pace: LegPace | None = None,
    ) -> None:
        self.name = name
        self._is_leak = is_leak
        self._pace = pace
        self._labels = model.card.labels
        self._hearing = Hearing(
            name, model.feature_set, grid, source_rate, gate=model.card.gate, listener=listener, pace=pace
        )
        self._judge = Judge(model, grid.step / grid.sample_rate, judging)
        self._num_windows = 0

    @property
    def level_dbfs(self) -> float:
        """RMS of the latest tenth of a second, dB below full scale."""
        return self._hearing.level_dbfs

    @property
    def floor_dbfs(self) -> float:
        """The room's noise floor as far as it is known, dB below full scale."""
        return self._hearing.floor_dbfs

    @property
    def voice_state(self) -> VoiceState:
        """What was learned of the voice; empty where nothing is learned."""
        return self._judge.voice_state

    @property
    def non_finite_samples(self) -> int:
        """How many samples were no number and taken as 0."""
        return self._hearing.non_finite_samples

    def gap_before(self, block: AudioBlock) -> list[Said]:
        """End the stretch where a block does not follow on it.

        Parameters
        ----------
        block : AudioBlock
            The next one; it is not taken yet.

        Returns
        -------
        list of Row, Skip and Gap
            Rows of the windows that end before the gap, then the gap; nothing where there is none.

        Raises
        ------
        ValueError
            If the block begins before the last one ended: a source that counts backwards is broken.
        """
        return self._said(self._hearing.gap_before(block))

    def push(self, block: AudioBlock) -> list[Said]:
        """Take a block.

        Parameters
        ----------
        block : AudioBlock
            At the source's rate, any number of channels.

        Returns
        -------
        list of Row, Skip and Gap
            What `gap_before` gives where nobody has asked for it, and a row for each window that the block
            completes, or that it was skipped.
        """
        return self._said(self._hearing.push(block))

    def pause(self) -> list[Said]:
        """Learn that the user keeps out what comes next.

        Returns
        -------
        list of Row, Skip and Gap
            Rows of the windows that were complete.
        """
        return self._said(self._hearing.pause())

    def finish(self) -> list[Said]:
        """End the stretch.

        Returns
        -------
        list of Row, Skip and Gap
            Rows of the windows that the resampler still held back.
        """
        return self._said(self._hearing.finish())

    def _said(self, events: Iterable[Heard | Gap]) -> list[Said]:
        said: list[Said] = []
        for event in events:
            if isinstance(event, Gap):
                self._judge.restart()
                said.append(event)
            else:
                heard = self._without_leak(event)
                said.append(self._skip(heard) if heard.skipped else self._row(heard))
                self._num_windows += 1
        return said

    def _without_leak(self, heard: Heard) -> Heard:
        if heard.state == "speech" and self._is_leak is not None and self._is_leak(heard.start, heard.end):
            return replace(heard, state="silence", vector=None, skipped=False)
        return heard

    def _skip(self, heard: Heard) -> Skip:
        self._judge.skip()
        return Skip(
            leg=self.name,
            window=self._num_windows,
            start=heard.start,
            end=heard.end,
            start_sample=heard.start_sample,
            end_sample=heard.end_sample,
            lag_seconds=time.monotonic() - heard.arrived,
            demand=0.0 if self._pace is None else self._pace.skipped_for,
        )

    def _row(self, heard: Heard) -> Row:
        with nullcontext() if self._pace is None else self._pace.hearing():
            judgement = self._judge.judge(heard)
        return Row(
            leg=self.name,
            window=self._num_windows,
            start=heard.start,
            end=heard.end,
            start_sample=heard.start_sample,
            end_sample=heard.end_sample,
            state=judgement.state,
            emotion=judgement.emotion,
            probabilities=self._by_label(judgement.probabilities),
            smoothed=self._by_label(judgement.smoothed),
            level_dbfs=heard.level_dbfs,
            lag_seconds=time.monotonic() - heard.arrived,
            voice_known=judgement.voice_known,
        )

    def _by_label(self, probabilities: Probabilities | None) -> Mapping[str, float] | None:
        if probabilities is None:
            return None
        return dict(zip(self._labels, probabilities.tolist(), strict=True))
