"""The windows of streams that are made of clips, as one table: what is fitted on, and what is scored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from trainer.cache import cache_key
from trainer.placements import ClipPlaces, StreamRecords, joined

_COLUMNS: Final = ("vectors", "state", "level_dbfs", "clip", "share", "stream", "window")


@dataclass(frozen=True, slots=True, eq=False)
class StepTable:
    """One row a window, in the order in which they were heard, stream after stream.

    Attributes
    ----------
    vectors : ndarray, shape (n, num_features), float32
        Of all windows, those without speech too; often mapped from a file: index it with care for memory.
    state : ndarray, shape (n,), str
        The gate's word for the window, as `streamer.row.State`.
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
        """Give the streams of some speakers.

        Parameters
        ----------
        keys : collection of str
            As `StreamRecords.speaker_key`.

        Returns
        -------
        StepTable
            May be empty.
        """
        return self.of_streams(np.isin(self.streams.speaker_key, sorted(keys)))

    def of_streams(self, wanted: NDArray[np.bool_]) -> "StepTable":
        """Give some of the streams, whole.

        Parameters
        ----------
        wanted : ndarray, shape (s,), bool
            One a stream.

        Returns
        -------
        StepTable
            Renumbered, with a key of its own; the vectors are copied unless all streams are wanted.
        """
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
    """Put tables one after another.

    Parameters
    ----------
    tables : sequence of StepTable
        At least one, on one grid and of one feature set; conditions and kinds may differ.

    Returns
    -------
    StepTable
        Renumbered; its vectors lie in memory unless there is one table only.

    Raises
    ------
    ValueError
        If there is no table, or grids differ.
    """
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
