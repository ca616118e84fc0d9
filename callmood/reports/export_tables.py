"""Exports for tables: CSV, Parquet, and audformat databases."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from callmood.reports.export_timeline import LegTrack, Timeline, ms, one_line, unique
from emotion.errors import printable, require
from streamer.events import STATES, Row
from streamer.session_info import SessionClock
from streamer.sinks.journal import info_values, to_json

EXTRA: Final = "export"

Kind: TypeAlias = Literal["text", "whole", "number", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, what its cells are, and the cells; None is an empty one."""

    name: str
    kind: Kind
    cells: Sequence[Any]


def row_table(timeline: Timeline, rows: Sequence[Row] | None = None) -> list[Column]:
    """Give the rows of the journal, in its order, with the keys of their lines.

    `probabilities` and `smoothed` have a column for each label, as in `Journal.to_pandas`.
    """
    rows = timeline.journal.rows if rows is None else rows
    labels = tuple(dict.fromkeys(timeline.journal.header.labels))
    clock = SessionClock.of(timeline.journal.header)

    def of(name: str, kind: Kind) -> Column:
        return Column(name, kind, [getattr(row, name) for row in rows])

    return [
        of("leg", "text"),
        of("window", "whole"),
        of("start", "number"),
        of("end", "number"),
        of("start_sample", "whole"),
        of("end_sample", "whole"),
        of("state", "text"),
        of("emotion", "text"),
        *_shares("probability", labels, [row.probabilities for row in rows]),
        *_shares("smoothed", labels, [row.smoothed for row in rows]),
        of("level_dbfs", "number"),
        of("lag_seconds", "number"),
        of("voice_known", "number"),
        Column("clock", "time", [clock.at(row.start) for row in rows]),
    ]


def _shares(
    prefix: str, labels: Sequence[str], shares: Sequence[Mapping[str, float] | None]
) -> Iterator[Column]:
    for label in labels:
        cells = [None if each is None else each[label] for each in shares]
        yield Column(f"{prefix}_{label}", "number", cells)


EVENT_COLUMNS: Final[Mapping[str, Kind]] = {
    "type": "text",
    "leg": "text",
    "start": "number",
    "end": "number",
    "label": "text",
    "state": "text",
    "emotion": "text",
    "mean_probability": "number",
    "peak_probability": "number",
    "windows": "whole",
    "note": "text",
    "clock": "time",
}
"""Of the table of episodes, alerts, marks and gaps."""


def event_table(timeline: Timeline) -> list[Column]:
    """Give episodes, alerts, marks and gaps, ordered by start; times in whole milliseconds."""
    journal, clock = timeline.journal, SessionClock.of(timeline.journal.header)
    lines: list[dict[str, Any]] = [
        {
            "type": "episode", "leg": track.plan.name, "start": each.start, "end": each.end,
            "label": each.kind, "state": each.state, "emotion": each.emotion,
            "mean_probability": _rounded(each.mean_probability),
            "peak_probability": _rounded(each.peak_probability),
            "windows": each.num_windows,
        }
        for track in timeline.tracks
        for each in track.episodes
    ]  # fmt: skip
    lines += [
        {
            "type": "alert", "leg": each.leg, "start": each.onset_seconds, "end": each.at_seconds,
            "label": each.label, "emotion": each.label, "peak_probability": _rounded(each.probability),
            "note": each.rule,
        }
        for each in journal.alerts
    ]  # fmt: skip
    lines += [
        {"type": "mark", "start": each.at_seconds, "end": each.at_seconds, "note": each.note}
        for each in journal.marks
    ]
    lines += [
        {"type": "gap", "leg": each.leg, "start": each.start, "end": each.end, "note": each.cause}
        for each in journal.gaps
    ]
    lines.sort(key=lambda line: (line["start"], line["end"]))
    for line in lines:
        line["clock"] = clock.at(line["start"])
        line["start"], line["end"] = ms(line["start"]) / 1000, ms(line["end"]) / 1000
    return [Column(name, kind, [line.get(name) for line in lines]) for name, kind in EVENT_COLUMNS.items()]


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def csv_table(timeline: Timeline) -> bytes:
    """Write CSV in UTF-8 with a line of names; no cell of text is a formula to a spreadsheet."""
    columns = row_table(timeline) if timeline.is_windows else event_table(timeline)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_harmless(column.name) for column in columns])
    writer.writerows(zip(*(map(_IN_CSV[each.kind], each.cells) for each in columns), strict=True))
    return file.getvalue().encode()


# OWASP, "CSV injection": the first character decides, full-width forms count, and so do tabs and line breaks,
# which are no part of a text here.
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001


@lru_cache(maxsize=1024)
def _harmless(text: str | None) -> str | None:
    """Put an apostrophe before what a spreadsheet would compute."""
    plain = None if text is None else printable(text)
    return f"'{plain}" if plain is not None and plain.startswith(_FORMULA_SIGNS) else plain


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")


_IN_CSV: Final[Mapping[Kind, Callable[[Any], object]]] = {
    "text": _harmless,
    "time": _iso,
    "whole": lambda cell: cell,
    "number": lambda cell: cell,
}


def parquet(timeline: Timeline) -> bytes:
    """Write the rows as Parquet; the header of the journal is in the metadata of the file, key `callmood`."""
    arrow, arrow_parquet = require("pyarrow", EXTRA), require("pyarrow.parquet", EXTRA)
    types = {
        "text": arrow.string(),
        "whole": arrow.int64(),
        "number": arrow.float64(),
        "time": arrow.timestamp("ms", tz="UTC"),
    }
    columns = row_table(timeline)
    table = arrow.table(
        [arrow.array(column.cells, types[column.kind]) for column in columns],
        arrow.schema(
            [(column.name, types[column.kind]) for column in columns],
            metadata={"callmood": to_json(info_values(timeline.journal.header))},
        ),
    )
    file = io.BytesIO()
    arrow_parquet.write_table(table, file, compression="zstd")
    return file.getvalue()


def audformat_database(timeline: Timeline, folder: Path) -> int:
    """Write an audformat database into a folder that is there: a segmented table a leg, alerts and marks.

    Tables are Parquet files: a spreadsheet opens none, and no text in them is a formula. A segment is in a
    table once: give the number of windows that were left out because an earlier one has their times.
    """
    audformat, pandas = require("audformat", EXTRA), require("pandas", EXTRA)
    journal = timeline.journal
    header = journal.header
    database = audformat.Database(
        one_line(timeline.name) or "session",
        source=one_line(f"callmood {header.callmood_version}, model {header.model}"),
        usage=audformat.define.Usage.RESTRICTED,
        description="Emotion in speech, as a model estimated it",
        meta={"session": _text(header.session), "model_notes": list(map(_text, header.model_notes))},
    )
    types = audformat.define.DataType
    database.schemes["state"] = audformat.Scheme(labels=list(STATES))
    database.schemes["emotion"] = audformat.Scheme(labels=list(dict.fromkeys(map(_text, header.labels))))
    database.schemes["probability"] = audformat.Scheme(types.FLOAT, minimum=0, maximum=1)
    for kind, dtype in (("text", types.STRING), ("whole", types.INTEGER), ("number", types.FLOAT)):
        database.schemes[kind] = audformat.Scheme(dtype)
    database.schemes["time"] = audformat.Scheme(types.TIME)
    names = _table_names(timeline)
    num_left_out = 0
    for track, name in zip(timeline.analysed, names, strict=True):
        recording = timeline.recordings[track.plan.source]
        columns = _leg_columns(timeline, track)
        starts, ends = (
            pandas.to_timedelta([ms(cell) for cell in columns.pop(key).cells], unit="ms")
            for key in ("start", "end")
        )
        index = audformat.segmented_index([recording.seen_from(folder)] * len(starts), starts, ends)
        is_first = ~index.duplicated()
        num_left_out += len(is_first) - int(is_first.sum())
        channel = recording.channels.get(track.plan.name)
        where = "all channels mixed" if channel is None else f"channel {channel + 1}"
        table = audformat.Table(
            index[is_first], description=f"Leg {one_line(track.plan.name)}: {where} of the file"
        )
        database[name] = table
        for column in columns.values():
            table[column.name] = audformat.Column(scheme_id=_scheme(column))
            cells = map(_text, column.cells) if column.kind == "text" else column.cells
            table[column.name].set([cell for cell, is_kept in zip(cells, is_first, strict=True) if is_kept])
    _add_events(database, timeline)
    database.save(str(folder))
    return num_left_out


def _text(text: str | None) -> str | None:
    """Make a text one that YAML gives back."""
    return None if text is None else one_line(text)


def _table_names(timeline: Timeline) -> list[str]:
    """Name the tables, and so their files, by the legs, in characters that any file system takes."""
    taken = [re.sub(r"[^A-Za-z0-9_-]", "_", track.plan.name)[:40] for track in timeline.analysed]
    return [name.replace(" ", "_") for name in unique([*_EVENTS, *taken])[len(_EVENTS) :]]


_EVENTS: Final = ("alerts", "marks")


def _leg_columns(timeline: Timeline, track: LegTrack) -> dict[str, Column]:
    if timeline.is_windows:
        left_out = {"leg", "clock", "start_sample", "end_sample", "lag_seconds"}
        columns = [column for column in row_table(timeline, track.rows) if column.name not in left_out]
    else:
        columns = [
            Column("start", "number", [each.start for each in track.episodes]),
            Column("end", "number", [each.end for each in track.episodes]),
            Column("state", "text", [each.state for each in track.episodes]),
            Column("emotion", "text", [each.emotion for each in track.episodes]),
            Column("mean_probability", "number", [each.mean_probability for each in track.episodes]),
            Column("peak_probability", "number", [each.peak_probability for each in track.episodes]),
            Column("windows", "whole", [each.num_windows for each in track.episodes]),
        ]
    return {column.name: column for column in columns}


def _scheme(column: Column) -> str:
    if column.name in {"state", "emotion"}:
        return column.name
    is_share = column.name.startswith(("probability_", "smoothed_")) or column.name.endswith("_probability")
    return "probability" if is_share else column.kind


def _add_events(database: Any, timeline: Timeline) -> None:
    """Add tables of alerts and marks that are of no file."""
    audformat, pandas = require("audformat", EXTRA), require("pandas", EXTRA)
    journal = timeline.journal
    tables: dict[str, dict[str, tuple[str, list[Any]]]] = {
        "alerts": {
            "leg": ("text", [_text(each.leg) for each in journal.alerts]),
            "label": ("text", [_text(each.label) for each in journal.alerts]),
            "rule": ("text", [_text(each.rule) for each in journal.alerts]),
            "onset": ("time", [each.onset_seconds for each in journal.alerts]),
            "at": ("time", [each.at_seconds for each in journal.alerts]),
            "probability": ("probability", [each.probability for each in journal.alerts]),
        },
        "marks": {
            "at": ("time", [each.at_seconds for each in journal.marks]),
            "note": ("text", [_text(each.note) for each in journal.marks]),
        },
    }
    for name, columns in tables.items():
        num_lines = len(columns["at"][1])
        index = pandas.Index(range(num_lines), dtype="Int64", name="number")
        table = database[name] = audformat.MiscTable(index)
        for column, (scheme, cells) in columns.items():
            values = pandas.to_timedelta(list(map(ms, cells)), unit="ms") if scheme == "time" else cells
            table[column] = audformat.Column(scheme_id=scheme)
            table[column].set(values)
