"""The windows of speech that a recipe fits on, and their weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.card import LABELS
from emotion.errors import DatasetError
from trainer.window_table import Columns, StepTable

SMALL_WEIGHT: Final = 0.3
"""Of a corpus that lacks an emotion, against 1 of one that has all: emotions may differ by accent only."""

CLEAN_WEIGHT: Final = 2.0
"""Of a clean window, against 1 of the same window through a channel or in noise."""

LEAST_SHARE: Final = 0.02
"""An emotion with a smaller share of a corpus' windows counts as lacking."""

NUM_NEUTRAL: Final = 16
"""Neutral clips of a mostly neutral stream."""

NUM_OTHER: Final = 4
"""Clips of its other emotion."""

MAX_SINGLE: Final = 12
"""Most clips of a stream in a single emotion."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingWindows(Columns):
    """Windows of speech of which more than half lies in a labelled clip, in the order of the tables.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        As the feature set gives them.
    targets : ndarray, shape (n,), int64
        Index of the label.
    corpus, speaker, condition : ndarray, shape (n,), str
        Where each is from; speakers with their corpus before them.
    clip : ndarray, shape (n,), int64
        Number of the placed clip, over all tables.
    """

    vectors: FloatArray
    targets: NDArray[np.int64]
    corpus: NDArray[np.str_]
    speaker: NDArray[np.str_]
    condition: NDArray[np.str_]
    clip: NDArray[np.int64]

    @property
    def complete_corpora(self) -> tuple[str, ...]:
        """Corpora in which every emotion has its share, sorted."""
        return tuple(
            corpus
            for corpus in np.unique(self.corpus).tolist()
            if _shares(self.targets[self.corpus == corpus]).min() >= LEAST_SHARE
        )

    @property
    def voice(self) -> NDArray[np.str_]:
        """Speaker and condition of each window: a channel changes what is usual for a voice."""
        return np.char.add(np.char.add(self.speaker, "|"), self.condition)

    def corpus_weights(self, corpora: NDArray[np.str_]) -> NDArray[np.float64]:
        """Give the weights of corpora, whatever their size."""
        return np.where(np.isin(corpora, self.complete_corpora), 1.0, SMALL_WEIGHT)

    def weights(self) -> NDArray[np.float64]:
        """Give the weight of each window; they sum to 1."""
        weights = np.where(self.condition == "clean", CLEAN_WEIGHT, 1.0)
        corpora = np.unique(self.corpus)
        for corpus, weight in zip(corpora.tolist(), self.corpus_weights(corpora).tolist(), strict=True):
            inside = self.corpus == corpus
            present = np.unique(self.targets[inside])
            for target in present:
                cell = inside & (self.targets == target)
                share = weight / len(present)
                weights[cell] *= share / weights[cell].sum()
        total: NDArray[np.float64] = weights / weights.sum()
        return total


def windows_of_speech(tables: Sequence[StepTable], most_of_a_clip: int | None = None) -> TrainingWindows:
    """Select what can be fitted on, at most so many windows of each clip."""
    parts = []
    num_clips = 0
    for table in tables:
        rows = np.flatnonzero((table.state == "speech") & (table.clip >= 0))
        if most_of_a_clip is not None and len(rows):
            rows = rows[_spread(table.clip[rows], most_of_a_clip)]
        if len(rows):
            clips = table.clip[rows].astype(np.int64)
            streams = table.clips.stream[clips]
            parts.append(
                TrainingWindows(
                    table.vectors[rows],
                    table.targets[rows],
                    table.clips.corpus[clips],
                    table.streams.speaker_key[streams],
                    table.streams.condition[streams],
                    clips + num_clips,
                )
            )
        num_clips += len(table.clips)
    if not parts:
        raise DatasetError("the training side has no window of speech; add recordings")
    return TrainingWindows.concatenate(parts)


def check_emotions(windows: TrainingWindows) -> None:
    """Refuse windows of fewer than two emotions."""
    if len(np.unique(windows.targets)) < 2:
        raise DatasetError(
            "the training side has windows of fewer than two emotions; add corpora, or speakers"
        )


def _shares(targets: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.bincount(targets, minlength=len(LABELS)) / len(targets)


def _spread(clips: NDArray[np.int32], most: int) -> NDArray[np.int64]:
    """Select at most so many entries of each run of equal numbers, evenly spread."""
    starts = np.flatnonzero(np.diff(clips, prepend=-1))
    lengths = np.diff(np.append(starts, len(clips)))
    kept = [
        start + ((np.arange(min(most, length)) + 0.5) * length / min(most, length)).astype(np.int64)
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]
    return np.concatenate(kept)
