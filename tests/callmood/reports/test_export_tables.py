"""Exports of tables, each read back by a library of its field."""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given

from callmood.reports.export_tables import audformat_database, csv_table, parquet
from emotion.errors import printable
from streamer.events import Mark, Row
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import Journal
from streamer.session_info import SessionClock
from tests.export_material import (
    CALL,
    Shown,
    assert_shows,
    episodes,
    exported,
    journal,
    journals,
    row,
    shown,
    windows,
)
from tests.session_material import STARTED
from tests.spoiling import fuzzed

ROW_COLUMNS = [
    *("leg", "window", "start", "end", "start_sample", "end_sample", "state", "emotion"),
    *("probability_angry", "probability_sad", "smoothed_angry", "smoothed_sad"),
    *("level_dbfs", "lag_seconds", "voice_known", "clock"),
]


SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001


def lines_of_csv(content: bytes) -> list[dict[str, str]]:
    """Read CSV as the standard library does, and let no cell be one that a spreadsheet computes."""
    file = io.StringIO(content.decode(), newline="")
    rows = list(csv.reader(file, strict=True))
    for cell in (cell for line in rows for cell in line):
        is_number = cell.lstrip("+-")[:1].isdigit() and not cell.startswith("+")
        assert is_number or not cell.startswith((*SIGNS, "\t", "\r", "\n"))
    names, *lines = rows
    return [dict(zip(names, line, strict=True)) for line in lines]


def raw(cell: str) -> str:
    """Take away the apostrophe that keeps a cell from being computed."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(SIGNS) else cell


def in_ms(seconds: float | str) -> int:
    at = float(seconds) * 1000
    assert abs(at - round(at)) < 1e-6
    return round(at)


def test_csv_has_episodes_alerts_marks_and_gaps_by_time() -> None:
    lines = lines_of_csv(csv_table(exported(CALL)))
    assert [(line["type"], line["leg"], line["start"], line["end"]) for line in lines] == [
        ("episode", "clerk", "0.0", "0.275"),
        ("episode", "customer", "0.0", "0.375"),
        ("alert", "customer", "0.1", "0.4"),
        ("alert", "clerk", "0.2", "0.4"),
        ("episode", "clerk", "0.275", "0.55"),
        ("episode", "customer", "0.375", "0.475"),
        ("mark", "", "0.45", "0.45"),
        ("mark", "", "0.45", "0.45"),
        ("episode", "customer", "0.475", "0.7"),
        ("gap", "clerk", "0.55", "1.0"),
        ("mark", "", "0.7", "0.7"),
        ("episode", "clerk", "1.0", "1.3"),
    ]
    by_start = {(line["type"], line["leg"], line["start"]): line for line in lines}
    angry = by_start["episode", "customer", "0.0"]
    assert (angry["label"], angry["mean_probability"], angry["peak_probability"], angry["windows"]) == (
        "angry", "0.7", "0.7", "6",
    )  # fmt: skip
    assert by_start["alert", "clerk", "0.2"]["note"] == '"=cmd">0.6'
    assert by_start["gap", "clerk", "0.55"]["note"] == "pause"
    assert by_start["episode", "clerk", "1.0"]["emotion"] == "'=cmd"


@fuzzed(20)
@given(of=journals())
def test_csv_reads_back_what_each_leg_showed(of: Journal) -> None:
    lines = lines_of_csv(csv_table(exported(of)))
    for leg in of.header.legs:
        wanted = episodes(of, leg.name)
        found = [
            line for line in lines if line["type"] == "episode" and raw(line["leg"]) == printable(leg.name)
        ]
        assert [raw(line["label"]) for line in found] == [printable(each.kind) for each in wanted]
        spans = [(in_ms(line["start"]), in_ms(line["end"]), "") for line in found]
        assert_shows(spans, [Shown(each.start_ms, each.end_ms, "") for each in wanted])
    notes = {raw(line["note"]) for line in lines if line["type"] == "mark"}
    assert notes == {printable(mark.note or "") for mark in of.marks}


@pytest.mark.parametrize("sign", SIGNS)
def test_no_text_of_a_csv_is_a_formula(sign: str) -> None:
    text = f"{sign}cmd|' /C calc'!A0"
    rows = [row(text, window, text, labels=[text, "sad"]) for window in range(2)]
    of = journal(rows, legs=[LegPlan(text)], labels=[text, "sad"], marks=[Mark(0.1, STARTED, text)])
    [episode, mark] = lines_of_csv(csv_table(exported(of)))
    assert (episode["leg"], episode["label"], episode["emotion"]) == (f"'{text}",) * 3
    assert mark["note"] == f"'{text}"


@pytest.mark.parametrize("character", ["\t", "\r", "\n", "\0", "\u2028"])
def test_no_text_of_a_csv_breaks_a_line(character: str) -> None:
    """A journal has no such character, as it is read; a Python program may make one."""
    of = journal(marks=[Mark(0.1, STARTED, f"{character}=cmd{character}")])
    content = csv_table(exported(of))
    assert content.count(b"\n") == 2
    [mark] = lines_of_csv(content)
    assert mark["note"] == "?=cmd?"


def two_labels(*rows: Row, **head: Any) -> Journal:
    return journal(rows, labels=("angry", "sad"), **head)


def with_shares(window: int, kind: str) -> Row:
    return row("mono", window, kind, labels=("angry", "sad"))


def test_windows_as_csv_have_the_values_of_the_journal() -> None:
    rows = [with_shares(0, "angry"), with_shares(1, "silence"), with_shares(2, "unsure")]
    lines = lines_of_csv(csv_table(exported(two_labels(*rows), windows=True)))
    assert list(lines[0]) == ROW_COLUMNS
    for line, each in zip(lines, rows, strict=True):
        for name in ("start", "end", "level_dbfs", "lag_seconds", "voice_known"):
            assert float(line[name]) == getattr(each, name)
        for name in ("window", "start_sample", "end_sample"):
            assert int(line[name]) == getattr(each, name)
        assert line["smoothed_angry"] == ("" if each.smoothed is None else str(each.smoothed["angry"]))
    assert [line["emotion"] for line in lines] == ["angry", "", ""]


def test_the_clock_is_that_of_the_session_and_empty_where_it_is_not_known() -> None:
    of = two_labels(with_shares(2, "angry"))
    wanted = SessionClock.of(of.header).at(0.1)
    assert wanted is not None
    [line] = lines_of_csv(csv_table(exported(of)))
    assert datetime.fromisoformat(line["clock"]) == wanted
    [line] = lines_of_csv(csv_table(exported(replace(of, header=replace(of.header, clock="stream")))))
    assert line["clock"] == ""


def test_parquet_has_the_rows_and_the_header_of_the_journal(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow.parquet")
    rows = [with_shares(0, "angry"), with_shares(1, "silence"), with_shares(2, "unsure")]
    of = two_labels(*rows)
    path = tmp_path / "call.parquet"
    path.write_bytes(parquet(exported(of)))
    table = arrow.read_table(path)
    assert table.column_names == ROW_COLUMNS
    for line, each in zip(table.to_pylist(), rows, strict=True):
        for name in ("leg", "window", "start", "end", "start_sample", "end_sample", "state", "emotion"):
            assert line[name] == getattr(each, name)
        assert line["probability_sad"] == (each.probabilities and each.probabilities["sad"])
        assert line["clock"] == datetime.fromtimestamp(STARTED + each.start, line["clock"].tzinfo)
    assert json.loads(table.schema.metadata[b"callmood"])["session"] == of.header.session


@fuzzed(20)
@given(of=journals())
def test_parquet_reads_back_every_row(of: Journal) -> None:
    arrow = pytest.importorskip("pyarrow.parquet")
    table = arrow.read_table(io.BytesIO(parquet(exported(of))))
    names = ("leg", "window", "start", "end", "start_sample", "end_sample", "state", "emotion")
    found = [tuple(line[name] for name in names) for line in table.to_pylist()]
    assert found == [tuple(getattr(each, name) for name in names) for each in of.rows]
    for label in of.header.labels:
        shares = [each.smoothed and each.smoothed[label] for each in of.rows]
        assert table.column(f"smoothed_{label}").to_pylist() == shares


def test_pandas_reads_the_parquet_as_journals_to_pandas_gives_it(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "call.parquet"
    path.write_bytes(parquet(exported(CALL)))
    table = pandas.read_parquet(path).drop(columns="clock")
    pandas.testing.assert_frame_equal(table, CALL.to_pandas(), check_dtype=False)


# audformat loads tables by a call that pandas 3.1 deprecates.
QUIET = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.set_index:DeprecationWarning")


def loaded(of: Journal, folder: Path, **options: Any) -> Any:
    audformat = pytest.importorskip("audformat")
    folder.mkdir(exist_ok=True)
    audformat_database(exported(of, **options), folder)
    return audformat.Database.load(str(folder))


@QUIET
def test_audformat_has_a_segmented_table_a_leg_and_tables_of_alerts_and_marks(tmp_path: Path) -> None:
    database = loaded(CALL, tmp_path / "call.audformat", audio="calls/call.wav")
    assert sorted(database.tables) == ["clerk", "customer"]
    assert sorted(database.misc_tables) == ["alerts", "marks"]
    table = database["clerk"].df.reset_index()
    assert list(table["file"]) == ["calls/call.wav"] * 3
    assert [each / timedelta(milliseconds=1) for each in table["start"]] == [0.0, 275.0, 1000.0]
    assert [each / timedelta(milliseconds=1) for each in table["end"]] == [275.0, 550.0, 1300.0]
    assert list(table["state"]) == ["silence", "speech", "speech"]
    assert list(table["emotion"].astype(object).where(table["emotion"].notna(), None)) == [
        None,
        "=cmd",
        "=cmd",
    ]
    assert list(table["windows"]) == [4, 4, 3]
    assert table["mean_probability"].isna().tolist() == [True, False, False]
    assert database["clerk"].description == "Leg clerk: channel 2 of the file"
    alerts = database["alerts"].df
    assert list(alerts["rule"]) == ["angry>0.7", '"=cmd">0.6']
    assert [each / timedelta(milliseconds=1) for each in alerts["onset"]] == [100.0, 200.0]
    assert list(database["marks"].df["note"].fillna("-")) == ['see "item [1]" --> <b>', "-", "-"]


CONTROLS = journal(
    [row("a\x85", 0, "b\x85", labels=["b\x85", "c"])], legs=[LegPlan("a\x85", 0, 0)], labels=["b\x85", "c"]
)


@QUIET
@fuzzed(4)
@example(of=CONTROLS)
@given(of=journals())
def test_audformat_reads_back_what_each_leg_showed(
    of: Journal, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for wanted, is_windows in ((episodes, False), (windows, True)):
        folder = tmp_path_factory.mktemp("any")
        database = loaded(of, folder, windows=is_windows, audio="call.wav")
        assert {path.parent for path in folder.iterdir()} == {folder}
        assert len(database.tables) == len(of.header.legs)
        by_leg = {table.description: table.df.reset_index() for table in database.tables.values()}
        assert len(by_leg) == len(of.header.legs)
        for number, leg in enumerate(of.header.legs):
            [table] = [
                df for text, df in by_leg.items() if text.endswith(f"channel {number + 1} of the file")
            ]
            found = [
                (start // timedelta(milliseconds=1), end // timedelta(milliseconds=1), "")
                for start, end in zip(table["start"], table["end"], strict=True)
            ]
            expected = wanted(of, leg.name)
            assert_shows(found, [Shown(each.start_ms, each.end_ms, "") for each in expected])
            emotions = table["emotion"].astype(object).where(table["emotion"].notna(), table["state"])
            assert list(emotions) == [shown(each.kind) for each in expected]


@QUIET
@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "x\ny", " ", "\\", "None", "1.5", "=", "\u202eevil", "عميل", "alerts", "a\tb"],
)
def test_no_name_leaves_the_folder_of_the_database(name: str, tmp_path: Path) -> None:
    of = journal([row(name, 0, "angry")], legs=[LegPlan(name), LegPlan(f"{name}/x")])
    database = loaded(of, tmp_path / "db", name=name, audio=name)
    assert [path.name for path in tmp_path.iterdir()] == ["db"]
    assert len(database.tables) == 2
    assert all(path.is_file() for path in (tmp_path / "db").iterdir())


@QUIET
@pytest.mark.parametrize("is_windows", [False, True])
def test_a_window_that_is_there_twice_is_one_segment(is_windows: bool, tmp_path: Path) -> None:
    rows = [row("mono", 0, "angry"), row("mono", 0, "angry"), row("mono", 1, "angry")]
    database = loaded(journal(rows), tmp_path / "db", windows=is_windows)
    assert len(database["mono"].df) == (2 if is_windows else 1)


@QUIET
def test_tables_without_lines_are_read_back(tmp_path: Path) -> None:
    database = loaded(journal(legs=[LegPlan("me"), LegPlan("agent", analysed=False)]), tmp_path / "db")
    assert {name: len(table.df) for name, table in database.tables.items()} == {"me": 0}
    assert len(database["alerts"].df) == 0
    assert lines_of_csv(csv_table(exported(journal()))) == []
    assert lines_of_csv(csv_table(exported(journal(), windows=True))) == []
