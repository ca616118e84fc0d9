"""Tables of windows: of clips, for the SVM, and of streams made of clips, for recipes and evaluation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from trainer.cache import cache_key

Rows = NDArray[np.int64] | NDArray[np.bool_]
"""Indices, or a mask."""

Index = TypeVar("Index", np.int32, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A table whose fields are arrays of the same length."""

    def __len__(self) -> int:
        """Count the rows."""
        return len(getattr(self, fields(self)[0].name))

    def take(self, rows: Rows) -> Self:
        """Select rows."""
        return type(self)(**{name: values[rows] for name, values in self.columns().items()})

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join the rows of at least one table."""
        columns = [part.columns() for part in parts]
        return cls(**{name: np.concatenate([part[name] for part in columns]) for name in columns[0]})

    def columns(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Give the arrays by name."""
        return {prefix + each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_columns(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Self:
        """Rebuild a table from what `columns` gave, among other arrays."""
        return cls(**{each.name: arrays[prefix + each.name] for each in fields(cls)})


@dataclass(frozen=True, slots=True, eq=False)
class WindowTable(Columns):
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


def balanced_rows(table: WindowTable, max_rows: int, seed: int) -> NDArray[np.int64]:
    """Draw rows: the same share for each label, and within a label for each corpus."""
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


def fair_shares(available: Mapping[str, int], total: int) -> dict[str, int]:
    """Divide a total into equal shares; what one cannot fill goes to the others."""
    shares: dict[str, int] = {}
    left = total
    by_size = sorted(available, key=lambda name: (available[name], name))
    for position, name in enumerate(by_size):
        shares[name] = min(available[name], left // (len(by_size) - position))
        left -= shares[name]
    return shares


@dataclass(frozen=True, slots=True, eq=False)
class ClipPlaces(Columns):
    """One row for each place of a clip in a stream; a clip that is repeated has another row.

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


@dataclass(frozen=True, slots=True, eq=False)
class StreamRecords(Columns):
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
        The acoustic condition applied.
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

    @property
    def speaker_key(self) -> NDArray[np.str_]:
        """``corpus/speaker``, unique among all corpora, as `Clip.speaker_key`; shape (s,)."""
        return np.array([f"{c}/{s}" for c, s in zip(self.corpus, self.speaker, strict=True)], dtype=np.str_)


_COLUMNS: Final = ("vectors", "state", "level_dbfs", "clip", "share", "stream", "window")


@dataclass(frozen=True, slots=True, eq=False)
class StepTable:
    """One row a window, stream after stream, in order of time.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        Of all windows, those without speech too; often memory-mapped.
    state : ndarray, shape (n,), str
        The gate's state, as `streamer.events.State`.
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
        Digest of all that decides about the values, hexadecimal: tables of one key are equal.
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
        """The condition of all streams; names joined by ``+`` where there are several."""
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
        """Select the streams of some speakers."""
        return self.of_streams(np.isin(self.streams.speaker_key, sorted(keys)))

    def of_streams(self, wanted: NDArray[np.bool_]) -> "StepTable":
        """Select whole streams."""
        if wanted.all():
            return self
        rows, places = wanted[self.stream], wanted[self.clips.stream]
        new_stream = np.cumsum(wanted, dtype=np.int32) - 1
        new_row = np.append(np.cumsum(rows, dtype=np.int32) - 1, -1).astype(np.int32)
        new_place = np.append(np.cumsum(places, dtype=np.int32) - 1, -1).astype(np.int32)
        columns = {name: getattr(self, name)[rows] for name in _COLUMNS}
        columns["clip"] = new_place[columns["clip"]]
        columns["stream"] = new_stream[columns["stream"]]
        clips = self.clips.take(places)
        return replace(
            self,
            **columns,
            clips=replace(clips, stream=new_stream[clips.stream], best_window=new_row[clips.best_window]),
            streams=self.streams.take(wanted),
            key=cache_key(table=self.key, streams=np.flatnonzero(wanted).tolist()),
        )

    def arrays(self) -> dict[str, Any]:
        """Give what a cache keeps, by name: all but the key."""
        return {
            **{name: getattr(self, name) for name in (*_COLUMNS, "win_seconds", "step_seconds")},
            **self.clips.columns("clips."),
            **self.streams.columns("streams."),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], key: str) -> "StepTable":
        """Rebuild a table from what `arrays` gave."""
        return cls(
            **{name: arrays[name] for name in _COLUMNS},
            clips=ClipPlaces.from_columns(arrays, "clips."),
            streams=StreamRecords.from_columns(arrays, "streams."),
            win_seconds=float(arrays["win_seconds"]),
            step_seconds=float(arrays["step_seconds"]),
            key=key,
        )


@dataclass(frozen=True, slots=True, eq=False)
class TablePart:
    """Some speakers of a table, named as ``corpus/speaker``; all streams where `speakers` is None.

    What it holds is known without reading vectors.
    """

    whole: StepTable
    speakers: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """Digest of what decides about the values: parts of one key are equal."""
        return cache_key(whole=self.whole.key, speakers=self.speakers)

    @property
    def num_windows(self) -> int:
        """Number of windows."""
        if self.speakers is None:
            return len(self.whole)
        streams = self.whole.streams
        return int(streams.num_windows[np.isin(streams.speaker_key, self.speakers)].sum())

    def table(self) -> StepTable:
        """Select the streams."""
        return self.whole if self.speakers is None else self.whole.of_speakers(self.speakers)


def concatenate_tables(tables: Sequence[StepTable]) -> StepTable:
    """Concatenate tables."""
    grids = {(table.win_seconds, table.step_seconds) for table in tables}
    if len(grids) != 1:
        raise ValueError(f"tables of one grid are wanted, not of {sorted(grids)}")
    if len(tables) == 1:
        return tables[0]
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _COLUMNS}
    clips = []
    num_windows = num_streams = num_places = 0
    for table in tables:
        for name, parts in columns.items():
            parts.append(getattr(table, name))
        columns["clip"][-1] = shifted(table.clip, num_places)
        columns["stream"][-1] = table.stream + np.int32(num_streams)
        clips.append(
            replace(
                table.clips,
                stream=table.clips.stream + np.int32(num_streams),
                best_window=shifted(table.clips.best_window, num_windows),
            )
        )
        num_windows += len(table)
        num_streams += len(table.streams)
        num_places += len(table.clips)
    joined: dict[str, Any] = {name: np.concatenate(parts) for name, parts in columns.items()}
    return replace(
        tables[0],
        **joined,
        clips=ClipPlaces.concatenate(clips),
        streams=StreamRecords.concatenate([table.streams for table in tables]),
        key=cache_key(tables=[table.key for table in tables]),
    )


def shifted(rows: NDArray[Index], by: int) -> NDArray[Index]:
    """Add to rows, but for -1, which stands for none."""
    return np.where(rows >= 0, rows + by, -1).astype(rows.dtype)
