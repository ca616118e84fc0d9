"""Classify the streams of a table window by window, as a live leg does, and keep the results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities
from emotion.card import LABELS
from streamer.analysis.classifier import ProbabilitySmoother
from trainer.recipes.base import BatchClassifier, FittedClassifier
from trainer.training_log import Advance
from trainer.window_table import StepTable

NOTHING: Final = -1
"""In a column of indices: no label shown, no clip here."""


@dataclass(frozen=True, slots=True, eq=False)
class Placements:
    """Clips as they were placed in streams; a clip that is said twice is placed twice.

    Attributes
    ----------
    clip : ndarray, shape (m,), str
        Path of the recording: the same wherever the clip is placed again.
    speaker : ndarray, shape (m,), str
        Corpus and speaker.
    target : ndarray, shape (m,), int64
        Index of the true label.
    stream : ndarray, shape (m,), int64
        Where it is placed.
    start, end : ndarray, shape (m,), float64
        Stream time, s.
    best_window : ndarray, shape (m,), int64
        Row of the window that overlaps it most, the first of equals; -1 where none does.
    """

    clip: NDArray[np.str_]
    speaker: NDArray[np.str_]
    target: NDArray[np.int64]
    stream: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    best_window: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the placements."""
        return len(self.target)


@dataclass(frozen=True, slots=True, eq=False)
class ClassifiedWindows:
    """Windows in the order of their streams.

    Attributes
    ----------
    probabilities : ndarray, shape (n, num_labels), float64
        The listener's own word for each window, also for those that the gate did not hear as speech.
    heard : ndarray, shape (n,), bool
        Whether the gate said speech.
    unsure : ndarray, shape (n,), bool
        Whether a window of speech was called unsure.
    shown : ndarray, shape (n,), int64
        Index of the label on the panel, after smoothing; -1 where none is shown.
    placement : ndarray, shape (n,), int64
        Which placement holds more than half of the window; -1 where none does.
    stream : ndarray, shape (n,), int64
        The stream of each.
    end : ndarray, shape (n,), float64
        When the window is over, and can be shown: stream time, s.
    """

    probabilities: Probabilities
    heard: NDArray[np.bool_]
    unsure: NDArray[np.bool_]
    shown: NDArray[np.int64]
    placement: NDArray[np.int64]
    stream: NDArray[np.int64]
    end: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the windows."""
        return len(self.heard)


@dataclass(frozen=True, slots=True, eq=False)
class ClassifiedStreams:
    """Everything that scores are made of.

    Attributes
    ----------
    windows : ClassifiedWindows
        What was said.
    placements : Placements
        What was true.
    """

    windows: ClassifiedWindows
    placements: Placements

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what a cache keeps, by name."""
        parts: dict[str, ClassifiedWindows | Placements] = {
            "windows": self.windows,
            "placements": self.placements,
        }
        return {
            f"{part}.{name}": values for part, own in parts.items() for name, values in _columns(own).items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "ClassifiedStreams":
        """Take what `arrays` gave."""
        return cls(
            ClassifiedWindows(
                **{each.name: arrays[f"windows.{each.name}"] for each in fields(ClassifiedWindows)}
            ),
            Placements(**{each.name: arrays[f"placements.{each.name}"] for each in fields(Placements)}),
        )


def pool(parts: Sequence[ClassifiedStreams]) -> ClassifiedStreams:
    """Put streams of several tables side by side.

    Parameters
    ----------
    parts : sequence of ClassifiedStreams
        At least one.

    Returns
    -------
    ClassifiedStreams
        With streams, windows and placements numbered anew.
    """
    windows, placements = [], []
    num_windows = num_placements = num_streams = 0
    for part in parts:
        shifted = _columns(part.windows)
        shifted["placement"] = _shifted(part.windows.placement, num_placements)
        shifted["stream"] = part.windows.stream + num_streams
        windows.append(shifted)
        moved = _columns(part.placements)
        moved["best_window"] = _shifted(part.placements.best_window, num_windows)
        moved["stream"] = part.placements.stream + num_streams
        placements.append(moved)
        num_windows += len(part.windows)
        num_placements += len(part.placements)
        streams = np.concatenate([part.windows.stream, part.placements.stream])
        num_streams += int(streams.max(initial=NOTHING)) + 1
    return ClassifiedStreams(ClassifiedWindows(**_joined(windows)), Placements(**_joined(placements)))


def _columns(part: ClassifiedWindows | Placements) -> dict[str, NDArray[Any]]:
    return {each.name: getattr(part, each.name) for each in fields(part)}


def _joined(parts: Sequence[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _shifted(rows: NDArray[np.int64], by: int) -> NDArray[np.int64]:
    return np.where(rows == NOTHING, NOTHING, rows + by)


JUDGING_VERSION: Final = 1
"""Raise it when a table and a listener classify otherwise: by smoothing, doubt or places. Caches are keyed
by it."""


def classify_table(
    table: StepTable, listener: FittedClassifier, *, baseline: bool, advance: Advance = lambda _: None
) -> ClassifiedStreams:
    """Let a listener hear every stream of a table from its beginning.

    Only windows that the gate heard as speech teach the voice and move what is shown, as live. The others
    get their probabilities all the same, with the baseline as it is known at that moment: a clip that the
    gate swallowed must be answered.

    Parameters
    ----------
    table : StepTable
        Streams; the windows of each in order.
    listener : FittedClassifier
        A model, or what a recipe made.
    baseline : bool
        Whether it learns each voice.
    advance : callable
        Told of windows that are done.

    Returns
    -------
    ClassifiedStreams
        Probabilities in the order of `emotion.card.LABELS`.
    """
    heard = np.asarray(table.state == "speech")
    probabilities = np.zeros((len(table), len(LABELS)))
    unsure = np.zeros(len(table), dtype=np.bool_)
    shown = np.full(len(table), NOTHING, dtype=np.int64)
    columns = np.array([LABELS.index(label) for label in listener.labels])
    for rows in _streams(table):
        # One read a stream: a row at a time of a mapped file costs more than judging it.
        vectors = np.asarray(table.vectors[rows])
        words = _with_baseline(listener, vectors, heard[rows]) if baseline else _without(listener, vectors)
        probabilities[np.ix_(rows, columns)] = words
        tracker = ProbabilitySmoother(table.step_seconds)
        for row, word in zip(rows, words, strict=True):
            if heard[row]:
                smoothed = tracker.speech(word)
                unsure[row] = listener.is_unsure(smoothed)
                shown[row] = NOTHING if unsure[row] else columns[smoothed.argmax()]
            else:
                tracker.silence()
        advance(len(rows))
    ends = table.start_seconds + table.win_seconds
    clips, streams = table.clip.astype(np.int64), table.stream.astype(np.int64)
    windows = ClassifiedWindows(probabilities, heard, unsure, shown, clips, streams, ends)
    return ClassifiedStreams(windows, placements_of(table))


def placements_of(table: StepTable) -> Placements:
    """Take from a table what was true.

    Parameters
    ----------
    table : StepTable
        Streams.

    Returns
    -------
    Placements
        In the table's order.
    """
    clips = table.clips
    return Placements(
        clips.path,
        table.streams.speaker_key[clips.stream],
        clips.emotion.astype(np.int64),
        clips.stream.astype(np.int64),
        clips.start_seconds,
        clips.end_seconds,
        clips.best_window.astype(np.int64),
    )


def _with_baseline(
    listener: FittedClassifier, vectors: FloatArray, heard: NDArray[np.bool_]
) -> Probabilities:
    voice = listener.open_voice()
    return np.array(
        [
            voice.hear(vector) if speech else voice.peek(vector)
            for vector, speech in zip(vectors, heard, strict=True)
        ]
    )


def _without(listener: FittedClassifier, vectors: FloatArray) -> Probabilities:
    if isinstance(listener, BatchClassifier):
        return listener.predict_all(vectors)
    return np.array([listener.predict(vector) for vector in vectors])


def _streams(table: StepTable) -> list[NDArray[np.int64]]:
    order = np.lexsort((table.window, table.stream))
    _, first = np.unique(table.stream[order], return_index=True)
    return [rows for rows in np.split(order, first[1:]) if len(rows)]
