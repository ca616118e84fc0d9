"""Which clips lie where in which streams: what a table of windows is about."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64] | NDArray[np.bool_]
"""Indices, or a mask."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipPlaces:
    """One row for each place of a clip in a stream; a clip that is heard again has another row.

    Attributes
    ----------
    corpus, speaker, path : ndarray, shape (m,), str
        Whose clip it is; the path as the dataset gave it.
    emotion : ndarray, shape (m,), int8
        Index in `emotion.labels.LABELS`.
    stream : ndarray, shape (m,), int32
        Row of the stream in `StreamRecords`.
    start_sample, end_sample : ndarray, shape (m,), int64
        First sample of the clip in its stream, and one past its last; 0 <= start < end.
    start_seconds, end_seconds : ndarray, shape (m,), float64
        The same in stream time, s.
    best_window : ndarray, shape (m,), int32
        Row in the table of the window that overlaps the clip most, the first of equals; -1 where none does.
    """

    corpus: NDArray[np.str_]
    speaker: NDArray[np.str_]
    path: NDArray[np.str_]
    emotion: NDArray[np.int8]
    stream: NDArray[np.int32]
    start_sample: NDArray[np.int64]
    end_sample: NDArray[np.int64]
    start_seconds: NDArray[np.float64]
    end_seconds: NDArray[np.float64]
    best_window: NDArray[np.int32]

    def __len__(self) -> int:
        """Count the places."""
        return len(self.emotion)

    def take(self, rows: Rows) -> "ClipPlaces":
        """Give some of the places.

        Parameters
        ----------
        rows : ndarray
            Indices, or a mask.

        Returns
        -------
        ClipPlaces
            Copies, in the order asked for; `stream` and `best_window` keep their old numbers.
        """
        return ClipPlaces(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


@dataclass(frozen=True, slots=True, eq=False)
class StreamRecords:
    """One row a stream.

    Attributes
    ----------
    corpus, speaker : ndarray, shape (s,), str
        Who speaks in it; in streams of other sounds the name of the sound.
    kind : ndarray, shape (s,), str
        ``balanced``, ``mostly-neutral``, ``single``, or another word for streams not made of clips.
    emotion : ndarray, shape (s,), int8
        Index of the one emotion of a single stream, or of the other one in a mostly neutral stream; else -1.
    seed : ndarray, shape (s,), int32
        That of its order, its pauses and its noise.
    condition : ndarray, shape (s,), str
        Through which line it was heard.
    num_windows : ndarray, shape (s,), int32
        Windows in it.
    """

    corpus: NDArray[np.str_]
    speaker: NDArray[np.str_]
    kind: NDArray[np.str_]
    emotion: NDArray[np.int8]
    seed: NDArray[np.int32]
    condition: NDArray[np.str_]
    num_windows: NDArray[np.int32]

    def __len__(self) -> int:
        """Count the streams."""
        return len(self.seed)

    @property
    def speaker_key(self) -> NDArray[np.str_]:
        """``corpus/speaker``, unique among all corpora, as `Clip.speaker_key`; shape (s,)."""
        return np.array([f"{c}/{s}" for c, s in zip(self.corpus, self.speaker, strict=True)], dtype=np.str_)

    def take(self, rows: Rows) -> "StreamRecords":
        """Give some of the streams.

        Parameters
        ----------
        rows : ndarray
            Indices, or a mask.

        Returns
        -------
        StreamRecords
            Copies, in the order asked for.
        """
        return StreamRecords(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


def joined(parts: list[Any]) -> dict[str, Any]:
    """Join the columns of several tables of one kind.

    Parameters
    ----------
    parts : list of ClipPlaces or of StreamRecords
        At least one.

    Returns
    -------
    dict of str to ndarray
        By the name of the column.
    """
    return {
        each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(parts[0])
    }
