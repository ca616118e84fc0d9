"""What recipes share: their interface, what they fit, and the windows that they fit on."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field
from typing import Any, ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.card import LABELS
from emotion.decision import Decision
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
class FittedClassifier:
    """A decision over labels: a model's, or what a recipe fitted on a training side.

    Attributes
    ----------
    decision : Decision
        From feature vectors to probabilities.
    labels : tuple of str
        In the order of the probabilities.
    arrays : mapping of str to ndarray, or None
        Those of ``model.npz``; None where it cannot be saved as a model.
    in_batches : bool
        True where many windows may be classified in one call: faster, but the last bits may differ from
        those of a live session.
    remarks : mapping of str to str
        What whoever fitted it should know of a corpus of the training side, by its name.
    """

    decision: Decision
    labels: tuple[str, ...] = LABELS
    arrays: Mapping[str, NDArray[Any]] | None = None
    in_batches: bool = True
    remarks: Mapping[str, str] = field(default_factory=dict)


class Recipe(Protocol):
    """How a model is made: its features, the conditions of its training side, and how it is fitted.

    A dataclass: what is fitted depends on its version and the fields that its `repr` shows.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def name(self) -> str:
        """As users type it."""

    @property
    def version(self) -> int:
        """Raised when the same tables give a classifier with other answers. Caches are keyed by it."""

    @property
    def feature_set(self) -> str:
        """Name of the feature set."""

    @property
    def gate(self) -> str | None:
        """Name of the gate, for the card."""

    @property
    def win_seconds(self) -> float:
        """Length of a window, s."""

    @property
    def step_seconds(self) -> float:
        """From one window to the next, s."""

    @property
    def train_conditions(self) -> tuple[str, ...]:
        """Acoustic conditions of the training side, such as ``clean``."""

    def fit(self, tables: Sequence[StepTable]) -> FittedClassifier:
        """Fit on a training side, and on nothing else.

        Parameters
        ----------
        tables : sequence of StepTable
            One or more for each corpus and condition.

        Returns
        -------
        FittedClassifier
            Over `emotion.card.LABELS`.

        Raises
        ------
        DatasetError
            If there is too little to fit on.
        """


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
        """Corpora in which every emotion that occurs at all has its share, sorted."""
        present = np.unique(self.targets)
        return tuple(
            corpus
            for corpus in np.unique(self.corpus).tolist()
            if _shares(self.targets[self.corpus == corpus])[present].min() >= LEAST_SHARE
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


def single_order(clips: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the order of clips in a stream of one emotion."""
    return rng.permutation(clips)[:MAX_SINGLE]


def mostly_neutral_order(
    neutral: NDArray[np.int64], others: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the order of clips in a mostly neutral stream; where there are too few, clips repeat."""
    drawn = []
    for clips, count in ((neutral, NUM_NEUTRAL), (others, NUM_OTHER)):
        rounds = [rng.permutation(clips) for _ in range(-(-count // len(clips)))]
        drawn.append(np.concatenate(rounds)[:count])
    return rng.permutation(np.concatenate(drawn))


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
