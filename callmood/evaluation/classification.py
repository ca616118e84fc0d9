"""Classify the streams of a table window by window, as a live leg does, and keep the results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities
from emotion.card import LABELS
from emotion.decision import LineState, Voice
from emotion.smoothing import ProbabilitySmoother
from trainer.progress import Advance
from trainer.recipes.base import FittedClassifier
from trainer.window_table import Columns, StepTable, shifted

CLASSIFICATION_VERSION: Final = 2
"""Raise it when a table and a classifier give other results: by smoothing, doubt or places. Caches are keyed
by it."""

NOTHING: Final = -1
"""In a column of indices: no label shown, no clip here."""


@dataclass(frozen=True, slots=True, eq=False)
class Placements(Columns):
    """Clips as they were placed in streams; a repeated clip is placed again.

    Attributes
    ----------
    clip : ndarray, shape (m,), str
        Path of the recording: the same wherever the clip is placed.
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


@dataclass(frozen=True, slots=True, eq=False)
class ClassifiedWindows(Columns):
    """Windows in the order of their streams.

    Attributes
    ----------
    probabilities : ndarray, shape (n, num_labels), float64
        The classifier's, for windows without speech as well.
    heard : ndarray, shape (n,), bool
        Whether the gate found speech.
    unsure : ndarray, shape (n,), bool
        Whether a window of speech is shown as unsure.
    shown : ndarray, shape (n,), int64
        Index of the label on the panel, after smoothing; -1 where none is shown.
    placement : ndarray, shape (n,), int64
        Which placement holds more than half of the window; -1 where none does.
    stream : ndarray, shape (n,), int64
        The stream of each.
    end : ndarray, shape (n,), float64
        End of the window, when it can be shown: stream time, s.
    """

    probabilities: Probabilities
    heard: NDArray[np.bool_]
    unsure: NDArray[np.bool_]
    shown: NDArray[np.int64]
    placement: NDArray[np.int64]
    stream: NDArray[np.int64]
    end: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClassifiedStreams:
    """What was predicted of streams, and the truth."""

    windows: ClassifiedWindows
    placements: Placements

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what a cache keeps, by name.

        Returns
        -------
        dict of str to ndarray
            All columns.
        """
        return self.windows.columns("windows.") | self.placements.columns("placements.")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "ClassifiedStreams":
        """Rebuild what `arrays` gave.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            All columns.

        Returns
        -------
        ClassifiedStreams
            The same.
        """
        return cls(
            ClassifiedWindows.from_columns(arrays, "windows."),
            Placements.from_columns(arrays, "placements."),
        )


def classify_table(
    table: StepTable,
    classifier: FittedClassifier,
    *,
    baseline: bool,
    lines: Sequence[LineState] | None = None,
    advance: Advance = lambda _: None,
) -> ClassifiedStreams:
    """Classify every stream of a table from its beginning.

    As in a live session, only windows of speech teach the voice and change what is shown. The others get
    probabilities as well, with the baseline as it is known at that moment: every clip needs an answer, even
    where the gate finds no speech in it.

    Parameters
    ----------
    table : StepTable
        Streams; the windows of each in order.
    classifier : FittedClassifier
        A model, or what a recipe fitted.
    baseline : bool
        Whether it learns each voice.
    lines : sequence of LineState, optional
        What earlier callers left on the line of each stream; None goes without lines.
    advance : callable
        Called with the number of windows of each stream.

    Returns
    -------
    ClassifiedStreams
        Probabilities in the order of `emotion.card.LABELS`.
    """
    heard = np.asarray(table.state == "speech")
    probabilities = np.zeros((len(table), len(LABELS)))
    unsure = np.zeros(len(table), dtype=np.bool_)
    shown = np.full(len(table), NOTHING, dtype=np.int64)
    columns = np.array([LABELS.index(label) for label in classifier.labels])
    order = np.lexsort((table.window, table.stream))
    for stream, places in rows_of_streams(table.stream[order]).items():
        rows = order[places]
        # One read a stream: a row at a time of a mapped file costs more than to classify it.
        vectors = np.asarray(table.vectors[rows])
        of_stream = (
            _with_baseline(
                classifier.decision.open_voice(
                    line=None if lines is None else lines[stream], baseline=baseline
                ),
                vectors,
                heard[rows],
            )
            if baseline or lines is not None
            else _without_baseline(classifier, vectors)
        )
        probabilities[np.ix_(rows, columns)] = of_stream
        smoother = ProbabilitySmoother(table.step_seconds)
        for row, of_window in zip(rows, of_stream, strict=True):
            if heard[row]:
                smoothed = smoother.speech(of_window)
                unsure[row] = classifier.decision.is_unsure(smoothed)
                shown[row] = NOTHING if unsure[row] else columns[smoothed.argmax()]
            else:
                smoother.silence()
        advance(len(rows))
    ends = table.start_seconds + table.win_seconds
    clips, streams = table.clip.astype(np.int64), table.stream.astype(np.int64)
    windows = ClassifiedWindows(probabilities, heard, unsure, shown, clips, streams, ends)
    return ClassifiedStreams(windows, _placements_of(table))


def rows_of_streams(streams: NDArray[np.integer]) -> dict[int, NDArray[np.int64]]:
    """Give the rows of each stream.

    Parameters
    ----------
    streams : ndarray, shape (n,)
        The stream of each row.

    Returns
    -------
    dict of int to ndarray
        By stream, ascending; the rows of each in their order.
    """
    order = np.argsort(streams, kind="stable")
    names, first = np.unique(streams[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, first[1:]), strict=False))


def _with_baseline(voice: Voice, vectors: FloatArray, heard: NDArray[np.bool_]) -> Probabilities:
    return np.array(
        [
            voice.update(vector) if speech else voice.peek(vector)
            for vector, speech in zip(vectors, heard, strict=True)
        ]
    )


def _without_baseline(classifier: FittedClassifier, vectors: FloatArray) -> Probabilities:
    if classifier.in_batches:
        return classifier.decision.probabilities(vectors)
    return np.array([classifier.decision.probabilities(vector) for vector in vectors])


def _placements_of(table: StepTable) -> Placements:
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


def pool(parts: Sequence[ClassifiedStreams]) -> ClassifiedStreams:
    """Concatenate the streams of several tables.

    Parameters
    ----------
    parts : sequence of ClassifiedStreams
        At least one.

    Returns
    -------
    ClassifiedStreams
        With streams, windows and placements renumbered.
    """
    all_windows, all_placements = [], []
    num_windows = num_placements = num_streams = 0
    for part in parts:
        windows, placements = part.windows, part.placements
        inside, best = (
            shifted(windows.placement, num_placements),
            shifted(placements.best_window, num_windows),
        )
        all_windows.append(replace(windows, placement=inside, stream=windows.stream + num_streams))
        all_placements.append(replace(placements, best_window=best, stream=placements.stream + num_streams))
        num_windows += len(windows)
        num_placements += len(placements)
        num_streams += int(np.concatenate([windows.stream, placements.stream]).max(initial=NOTHING)) + 1
    return ClassifiedStreams(
        ClassifiedWindows.concatenate(all_windows), Placements.concatenate(all_placements)
    )
