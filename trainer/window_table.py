"""Tables of windows: of clips, for the SVM, and of streams made of clips, for recipes and evaluation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from trainer.cache import cache_key


@dataclass(frozen=True, slots=True, eq=False)
class WindowTable:
    """One row a window.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        Feature vectors.
    targets : ndarray, shape (n,), int64
        Index of the label.
    clips : ndarray, shape (n,), int64
        Index of the clip that the window is cut from.
    corpora : ndarray, shape (n,), str
        Name of its corpus.
    groups : ndarray, shape (n,), str
        What must stay on one side of any split.
    """

    vectors: FloatArray
    targets: NDArray[np.int64]
    clips: NDArray[np.int64]
    corpora: NDArray[np.str_]
    groups: NDArray[np.str_]

    def __len__(self) -> int:
        """Count the windows."""
        return len(self.targets)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "WindowTable":
        """Give some of the rows."""
        return WindowTable(
            self.vectors[rows], self.targets[rows], self.clips[rows], self.corpora[rows], self.groups[rows]
        )


def fair_shares(available: Mapping[str, int], total: int) -> dict[str, int]:
    """Deal out places: equal shares, and what one cannot fill goes to the others."""
    shares: dict[str, int] = {}
    left = total
    by_size = sorted(available, key=lambda name: (available[name], name))
    for position, name in enumerate(by_size):
        shares[name] = min(available[name], left // (len(by_size) - position))
        left -= shares[name]
    return shares


def balanced_rows(table: WindowTable, max_rows: int, seed: int) -> NDArray[np.int64]:
    """Draw rows: each label the same share, and within a label each corpus."""
    if len(table) <= max_rows:
        return np.arange(len(table))
    generator = np.random.default_rng(seed)
    labels = {str(target): table.targets == target for target in np.unique(table.targets)}
    per_label = fair_shares({name: int(mask.sum()) for name, mask in labels.items()}, max_rows)
    chosen: list[NDArray[np.int64]] = []
    for label, of_label in labels.items():
        cells = {
            str(c): np.flatnonzero(of_label & (table.corpora == c))
            for c in np.unique(table.corpora[of_label])
        }
        per_corpus = fair_shares({name: len(rows) for name, rows in cells.items()}, per_label[label])
        chosen += [generator.permutation(rows)[: per_corpus[name]] for name, rows in cells.items()]
    return np.sort(np.concatenate(chosen))


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
        Index in `emotion.card.LABELS`.
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
        """Give some of the places."""
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
        """Give some of the streams."""
        return StreamRecords(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


def joined(parts: list[Any]) -> dict[str, Any]:
    """Join the columns of several tables of one kind."""
    return {
        each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(parts[0])
    }


_COLUMNS: Final = ("vectors", "state", "level_dbfs", "clip", "share", "stream", "window")


@dataclass(frozen=True, slots=True, eq=False)
class StepTable:
    """One row a window, in the order in which they were heard, stream after stream.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        Of all windows, those without speech too; often mapped from a file: index it with care for memory.
    state : ndarray, shape (n,), str
        The gate's word for the window, as `streamer.events.State`.
    level_dbfs : ndarray, shape (n,), float64
        RMS of the window without its DC, dB below full scale.
    clip : ndarray, shape (n,), int32
        Row in `clips` of the place that holds more than half of the window; -1 where none does.
    share : ndarray, shape (n,), float32
        Part of the window inside that place, in (.5, 1]; 0 where there is none.
    stream : ndarray, shape (n,), int32
        Row in `streams`.
    window : ndarray, shape (n,), int32
        Index of the window in its stream, from 0; it covers ``[window * step, window * step + win)``.
    clips : ClipPlaces
        Places of clips.
    streams : StreamRecords
        The streams.
    win_seconds, step_seconds : float
        The grid, s.
    key : str
        Digest of all that decided about the values, hexadecimal: tables of one key are equal.
    """

    vectors: FloatArray
    state: NDArray[np.str_]
    level_dbfs: NDArray[np.float64]
    clip: NDArray[np.int32]
    share: NDArray[np.float32]
    stream: NDArray[np.int32]
    window: NDArray[np.int32]
    clips: ClipPlaces
    streams: StreamRecords
    win_seconds: float
    step_seconds: float
    key: str

    def __len__(self) -> int:
        """Count the windows."""
        return len(self.window)

    @property
    def condition(self) -> str:
        """The line that all streams were heard through; names joined by ``+`` where there are several."""
        return "+".join(sorted(set(self.streams.condition.tolist())))

    @property
    def start_seconds(self) -> NDArray[np.float64]:
        """Stream time at which each window begins, s; shape (n,)."""
        return np.asarray(self.window * self.step_seconds, dtype=np.float64)

    @property
    def targets(self) -> NDArray[np.int64]:
        """Index of the label of each window's clip; -1 where `clip` is -1; shape (n,)."""
        if not len(self.clips):
            return np.full(len(self), -1, dtype=np.int64)
        return np.where(self.clip >= 0, self.clips.emotion[self.clip], -1).astype(np.int64)

    def of_speakers(self, keys: Collection[str]) -> "StepTable":
        """Give the streams of some speakers."""
        return self.of_streams(np.isin(self.streams.speaker_key, sorted(keys)))

    def of_streams(self, wanted: NDArray[np.bool_]) -> "StepTable":
        """Give some of the streams, whole."""
        if wanted.all():
            return self
        rows, places = wanted[self.stream], wanted[self.clips.stream]
        new_stream = np.cumsum(wanted, dtype=np.int32) - 1
        new_row = np.append(np.cumsum(rows, dtype=np.int32) - 1, -1).astype(np.int32)
        new_place = np.append(np.cumsum(places, dtype=np.int32) - 1, -1).astype(np.int32)
        clips = self.clips.take(places)
        return StepTable(
            vectors=self.vectors[rows],
            state=self.state[rows],
            level_dbfs=self.level_dbfs[rows],
            clip=new_place[self.clip[rows]],
            share=self.share[rows],
            stream=new_stream[self.stream[rows]],
            window=self.window[rows],
            clips=replace(clips, stream=new_stream[clips.stream], best_window=new_row[clips.best_window]),
            streams=self.streams.take(wanted),
            win_seconds=self.win_seconds,
            step_seconds=self.step_seconds,
            key=cache_key(table=self.key, streams=np.flatnonzero(wanted).tolist()),
        )

    def arrays(self) -> dict[str, Any]:
        """Give what a cache keeps, by name: all but the key."""
        parts: dict[str, ClipPlaces | StreamRecords] = {"clips": self.clips, "streams": self.streams}
        return {
            **{name: getattr(self, name) for name in (*_COLUMNS, "win_seconds", "step_seconds")},
            **{
                f"{name}.{each.name}": getattr(part, each.name)
                for name, part in parts.items()
                for each in fields(part)
            },
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], key: str) -> "StepTable":
        """Take what `arrays` gave."""
        return cls(
            **{name: arrays[name] for name in _COLUMNS},
            clips=ClipPlaces(**{each.name: arrays[f"clips.{each.name}"] for each in fields(ClipPlaces)}),
            streams=StreamRecords(
                **{each.name: arrays[f"streams.{each.name}"] for each in fields(StreamRecords)}
            ),
            win_seconds=float(arrays["win_seconds"]),
            step_seconds=float(arrays["step_seconds"]),
            key=key,
        )


def concatenate_tables(tables: Sequence[StepTable]) -> StepTable:
    """Put tables one after another."""
    grids = {(table.win_seconds, table.step_seconds) for table in tables}
    if len(grids) != 1:
        raise ValueError(f"tables of one grid are wanted, not of {sorted(grids)}")
    if len(tables) == 1:
        return tables[0]
    clips, numbers, rows, streams, places = [], [], 0, 0, 0
    for table in tables:
        best = table.clips.best_window
        clips.append(
            replace(
                table.clips,
                stream=table.clips.stream + np.int32(streams),
                best_window=np.where(best >= 0, best + rows, -1).astype(np.int32),
            )
        )
        clip = np.where(table.clip >= 0, table.clip + places, -1).astype(np.int32)
        numbers.append((clip, table.stream + np.int32(streams)))
        rows, streams, places = rows + len(table), streams + len(table.streams), places + len(table.clips)
    plain = [name for name in _COLUMNS if name not in {"clip", "stream"}]
    columns = {name: np.concatenate([getattr(table, name) for table in tables]) for name in plain}
    return StepTable(
        **columns,
        clip=np.concatenate([clip for clip, _ in numbers]),
        stream=np.concatenate([stream for _, stream in numbers]),
        clips=ClipPlaces(**joined(clips)),
        streams=StreamRecords(**joined([table.streams for table in tables])),
        win_seconds=tables[0].win_seconds,
        step_seconds=tables[0].step_seconds,
        key=cache_key(tables=[table.key for table in tables]),
    )
