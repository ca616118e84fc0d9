"""Follow streams window by window, as a leg does, and keep what was said."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Probabilities
from emotion.labels import LABELS
from evaluation.scores.judged import NOTHING, Judged, JudgedWindows, Placements
from streamer.tracker import Tracker
from trainer.recipes.recipe import Listener, ListensAtOnce
from trainer.step_table import StepTable
from trainer.training_log import Advance

JUDGING_VERSION: Final = 1
"""Raise it when a table and a listener give another `Judged`: by smoothing, doubt or places. Caches are keyed
by it."""


def judge_table(
    table: StepTable, listener: Listener, *, baseline: bool, advance: Advance = lambda _: None
) -> Judged:
    """Let a listener hear every stream of a table from its beginning.

    Only windows that the gate heard as speech teach the voice and move what is shown, as live. The others
    get their probabilities all the same, with the baseline as it is known at that moment: a clip that the
    gate swallowed must be answered.

    Parameters
    ----------
    table : StepTable
        Streams; the windows of each in order.
    listener : Listener
        A model, or what a recipe made.
    baseline : bool
        Whether it learns each voice.
    advance : callable
        Told of windows that are done.

    Returns
    -------
    Judged
        Probabilities in the order of `emotion.labels.LABELS`.
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
        tracker = Tracker(table.step_seconds)
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
    windows = JudgedWindows(probabilities, heard, unsure, shown, clips, streams, ends)
    return Judged(windows, placements_of(table))


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


def _with_baseline(listener: Listener, vectors: FloatArray, heard: NDArray[np.bool_]) -> Probabilities:
    voice = listener.open_voice()
    return np.array(
        [
            voice.hear(vector) if speech else voice.peek(vector)
            for vector, speech in zip(vectors, heard, strict=True)
        ]
    )


def _without(listener: Listener, vectors: FloatArray) -> Probabilities:
    if isinstance(listener, ListensAtOnce):
        return listener.predict_all(vectors)
    return np.array([listener.predict(vector) for vector in vectors])


def _streams(table: StepTable) -> list[NDArray[np.int64]]:
    order = np.lexsort((table.window, table.stream))
    _, first = np.unique(table.stream[order], return_index=True)
    return [rows for rows in np.split(order, first[1:]) if len(rows)]
