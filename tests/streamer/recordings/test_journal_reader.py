"""Journals are read back as the events that were written, whatever a crash or a stranger did to them."""

import json
import math
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.errors import JournalError, MissingExtraError
from streamer.events import Complaint, Failure, Mark
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import MAX_LINE_BYTES, Journal, read_journal
from streamer.session_info import LegLine, SessionInfo
from streamer.sinks.journal import JournalWriter
from tests.command import callmood
from tests.journal_material import ALERT, EVENTS, GAP, ROWS, SKIP, written_journal
from tests.session_material import SUMMARY, facts, silent_row
from tests.spoiling import fuzzed, little_memory, spoiled, spoiled_values
from tests.spoken import DEMO


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = written_journal(tmp_path_factory.mktemp("good") / "call.jsonl")
    return path.read_bytes().splitlines(keepends=True)


def read_bytes(folder: Path, raw: bytes) -> Journal:
    path = folder / "given.jsonl"
    path.write_bytes(raw)
    return read_journal(path)


def told_by_a_journal(info: SessionInfo) -> SessionInfo:
    """Leave out what a header does not have."""
    return replace(info, learns_voice=False, shows_change_after_seconds=None, started=round(info.started, 3))


def test_every_event_comes_back(tmp_path: Path) -> None:
    journal = read_journal(str(written_journal(tmp_path / "call.jsonl")))
    assert journal.rows == ROWS
    assert (journal.skips, journal.gaps, journal.alerts) == ((SKIP,), (GAP,), (ALERT,))
    assert journal.marks == (EVENTS[6],)
    assert (journal.pauses, journal.line_fits) == (EVENTS[7:9], (EVENTS[9],))
    assert (journal.absences, journal.failures, journal.complaints) == tuple(
        (event,) for event in EVENTS[10:]
    )
    assert journal.header == told_by_a_journal(facts())
    assert journal.summary == SUMMARY
    assert (journal.path, journal.num_broken) == (tmp_path / "call.jsonl", 0)


def test_staff_and_what_was_announced_come_back_and_older_journals_have_staff_by_name(tmp_path: Path) -> None:
    legs = (LegPlan("me", channel=0, staff=True, analysed=False), LegPlan("agent", channel=1, staff=True))
    path = written_journal(tmp_path / "call.jsonl", legs=legs, announced="We analyse this.", events=())
    header = read_journal(path).header
    assert (header.legs, header.staff, header.announced) == (legs, ("me", "agent"), "We analyse this.")
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    older = {key: value for key, value in json.loads(first).items() if key not in {"staff", "announced"}}
    path.write_text("\n".join([json.dumps(older), *rest]), encoding="utf-8")
    header = read_journal(path).header
    assert (header.legs[1], header.staff, header.announced) == (legs[1], ("agent",), None)


def test_lines_come_back_and_older_journals_have_none(tmp_path: Path) -> None:
    lines = {"mono": LegLine("b\u00fcro", "opus", 3)}
    path = written_journal(tmp_path / "call.jsonl", lines=lines, events=())
    assert read_journal(path).header.lines == lines
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    older = {key: value for key, value in json.loads(first).items() if key != "lines"}
    path.write_text("\n".join([json.dumps(older), *rest]), encoding="utf-8")
    assert read_journal(path).header.lines == {}


@pytest.mark.parametrize("rules", [(), ("angry>0.7 for 5s", "me:sad>0.5")])
def test_the_alert_rules_come_back_and_older_journals_do_not_say(
    rules: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "call.jsonl"
    sink = JournalWriter(path)
    sink.open(replace(facts(), alerts=rules))
    sink.close(SUMMARY)
    assert read_journal(path).header.alerts == rules
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    older = {key: value for key, value in json.loads(first).items() if key != "alerts"}
    path.write_text("\n".join([json.dumps(older), *rest]), encoding="utf-8")
    assert read_journal(path).header.alerts is None


def test_the_clock_comes_back_and_older_journals_have_one_where_they_were_live(tmp_path: Path) -> None:
    given = replace(facts(), started=7200.5, clock="given", utc_offset_seconds=-5400.0)
    sink = JournalWriter(tmp_path / "given.jsonl")
    sink.open(given)
    sink.handle(Mark(20.0, 1.8e9))
    sink.close(SUMMARY)
    journal = read_journal(tmp_path / "given.jsonl")
    assert journal.header == told_by_a_journal(given)
    assert (journal.header.utc_offset_seconds, journal.marks) == (-5400.0, (Mark(20.0, 7220.5),))
    first, *rest = (tmp_path / "given.jsonl").read_text(encoding="utf-8").splitlines()
    for live, clock in ((True, "wall"), (False, "stream")):
        older = json.loads(first)
        del older["clock"]
        older["sources"][0]["live"] = live
        path = tmp_path / "older.jsonl"
        path.write_text("\n".join([json.dumps(older), *rest]), encoding="utf-8")
        assert read_journal(path).header.clock == clock


def test_older_journals_have_no_totals_of_legs(lines: list[bytes], tmp_path: Path) -> None:
    older = json.loads(lines[-1])
    assert list(older["legs"]) == ["mono"]
    del older["legs"]
    journal = read_bytes(tmp_path, b"".join([*lines[:-1], json.dumps(older).encode()]))
    assert journal.summary == replace(SUMMARY, legs={})


@pytest.mark.parametrize("rate", [4_000, 11_025, 44_100, 192_000])
@pytest.mark.parametrize("origin", [0, 1, 12_345_678_901])
def test_samples_are_counted_back_from_seconds(rate: int, origin: int, tmp_path: Path) -> None:
    """As `SegmentTime` counts them, whose grid lies at 16 kHz here."""
    rows = []
    for window in range(0, 100, 7):
        places = (333 * window, 333 * window + 3_333)
        start, end = ((origin * 16_000 + place * rate) / (rate * 16_000) for place in places)
        first, last = (origin - (-place * rate // 16_000) for place in places)
        rows.append(replace(silent_row(window), start=start, end=end, start_sample=first, end_sample=last))
    path = written_journal(tmp_path / "call.jsonl", rows, sample_rate=rate)
    assert read_journal(path).rows == tuple(rows)


def test_a_session_that_was_killed_has_no_summary(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "call.jsonl", summary=None)
    assert read_journal(path).summary is None
    assert read_journal(path).rows == ROWS


def test_cut_anywhere_behind_its_header_it_is_read_as_far_as_it_goes(
    lines: list[bytes], tmp_path: Path
) -> None:
    whole = b"".join(lines)
    rows_of_lines = [number for number, line in enumerate(lines) if b'"type": "row"' in line]
    # Around each line break, and inside each line at every ninth byte.
    breaks = [0, *accumulate(map(len, lines))]
    near = {place + offset for place in breaks for offset in range(-12, 25)}
    for end in sorted({*near, *range(0, len(whole), 9)} & {*range(len(whole) + 1)}):
        cut = whole[:end]
        if end < len(lines[0]) - 1:
            with pytest.raises(JournalError):
                read_bytes(tmp_path, cut)
            continue
        journal = read_bytes(tmp_path, cut)
        # The last line may be whole but for its break.
        num_whole = sum(cut.startswith(b"".join(lines[: number + 1])[:-1]) for number in range(len(lines)))
        assert len(journal.rows) == sum(number < num_whole for number in rows_of_lines), end
        is_cut = len(cut) > len(b"".join(lines[:num_whole]))
        assert journal.num_broken == is_cut, end


def test_zeros_at_the_end_are_no_line(lines: list[bytes], tmp_path: Path) -> None:
    journal = read_bytes(tmp_path, b"".join(lines[:-1]) + bytes(5_000))
    assert (journal.rows, journal.num_broken, journal.summary) == (ROWS, 1, None)


def test_log_rotation_begins_with_the_header_again(lines: list[bytes], tmp_path: Path) -> None:
    """Also after a truncation that left the beginning of a line."""
    half = lines[2][: len(lines[2]) // 2] + b"\n"
    journal = read_bytes(tmp_path, b"".join([*lines[:2], half, lines[0], half, lines[0], *lines[2:]]))
    assert (journal.rows, journal.num_broken) == (ROWS, 2)
    assert journal.summary is not None


def test_what_a_later_callmood_may_add_is_left_out(lines: list[bytes], tmp_path: Path) -> None:
    values = [json.loads(line) | {"new": [1]} for line in lines]
    more = [*values[:2], {"type": "later", "at": 1}, *values[2:]]
    assert read_bytes(tmp_path, as_lines(more)).rows == ROWS
    for line in values:
        for key in ("voice_known", "skipped"):
            line.pop(key, None)
    assert read_bytes(tmp_path, as_lines(values)).rows == tuple(replace(row, voice_known=0.0) for row in ROWS)


def as_lines(values: Sequence[object]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def test_names_that_cannot_be_shown_are_shown_as_question_marks(tmp_path: Path) -> None:
    """They come from file names and devices: our own journals have them."""
    path = written_journal(tmp_path / "call.jsonl", [Failure("a\x1b[2Jb"), Complaint("x\udc80\n")])
    journal = read_journal(path)
    assert journal.failures == (Failure("a?[2Jb"),)
    assert [complaint.message for complaint in journal.complaints] == ["x??"]


Change = Callable[[list[dict[str, Any]]], object]
NO_JOURNALS: dict[str, tuple[Change, str]] = {
    "another format": (lambda lines: lines[0].update(format=3), "line 1: it is of format 3.*update callmood"),
    "an older format": (lambda lines: lines[0].update(format=1), "an older callmood wrote it"),
    "no header": (lambda lines: lines.pop(0), "line 1: a journal begins with its header"),
    "another session": (
        lambda lines: lines.append(lines[0] | {"session": "20270101T000000Z-ffff"}),
        "it holds the sessions .* and 20270101T000000Z-ffff",
    ),
    "a leg of nobody": (
        lambda lines: lines[1].update(leg="other"),
        "line 2: leg 'other' is not in the header",
    ),
    "a source too many": (lambda lines: lines[0]["legs"][0].update(source=1), "a source that is not there"),
    "a rate": (
        lambda lines: lines[0]["sources"][0].update(sample_rate=2**40),
        r"sample_rate is 1099511627776, expected a whole number <= 384000",
    ),
    "a rate that no spectrogram has": (lambda lines: lines[0]["sources"][0].update(sample_rate=7), ">= 100"),
    "a step": (
        lambda lines: lines[0].update(step_seconds=0),
        "line 1: step_seconds is 0, expected .* >= 0.001",
    ),
    "a win": (lambda lines: lines[0].update(win_seconds=1e-300), "line 1: win_seconds is 1e-300"),
    "too many legs": (lambda lines: lines[0]["legs"].extend(lines[0]["legs"] * 8), "legs is .* <= 8"),
    "too many labels": (lambda lines: lines[0]["labels"].extend("a" * 30), "labels is .* <= 32"),
    "a century": (lambda lines: lines[1].update(end=3.2e9), "line 2: end is 3200000000"),
    "a state": (lambda lines: lines[1].update(state="sleeping"), "line 2: state is 'sleeping'"),
    "an emotion": (lambda lines: lines[2].update(emotion="bored"), "line 3: emotion 'bored' is none"),
    "other labels": (
        lambda lines: lines[2]["smoothed"].update(bored=0.0),
        "line 3: .*smoothed has other labels",
    ),
    "a probability": (lambda lines: lines[2]["smoothed"].update(sad=1.5), "line 3: smoothed"),
    "a time": (lambda lines: lines[1].update(start=-1), "line 2: start is -1"),
    "a clock": (lambda lines: lines[7].update(clock="2026-11-23 10:00"), "line 8: clock is"),
    "no lines": (lambda lines: lines.clear(), "it is empty"),
}


@pytest.mark.parametrize("case", NO_JOURNALS)
def test_what_is_no_journal_is_refused_with_its_line(case: str, lines: list[bytes], tmp_path: Path) -> None:
    change, message = NO_JOURNALS[case]
    values = [json.loads(line) for line in lines]
    change(values)
    with pytest.raises(JournalError, match=message) as refused:
        read_bytes(tmp_path, as_lines(values))
    assert str(refused.value).startswith(f"{tmp_path}/given.jsonl: ")
    assert "\n" not in str(refused.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    for raw, message in (
        (DEMO.read_bytes(), "not readable as JSON"),
        (b"[1]\n", "expected an object"),
        (b"", "it is empty"),
        (b'{"type": "row"}\n{', "begins with its header"),
        (b"x" * (MAX_LINE_BYTES + 1), "longer than"),
    ):
        with pytest.raises(JournalError, match=message):
            read_bytes(tmp_path, raw)
    for path in (tmp_path / "missing.jsonl", tmp_path, Path("/dev/zero"), tmp_path / "a\0b"):
        with pytest.raises(JournalError, match="cannot be read"):
            read_journal(path)


def test_the_same_values_are_read_however_they_are_written(lines: list[bytes], tmp_path: Path) -> None:
    values = [json.loads(line) for line in lines]
    plain = read_bytes(tmp_path, b"".join(lines))
    compact = b"".join(json.dumps(value, separators=(",", ":")).encode() + b"\n" for value in values)
    turned = as_lines([dict(reversed(value.items())) for value in values])
    escaped = b"".join(lines).replace(b'"row"', b'"\\u0072ow"')
    for raw in (compact, turned, escaped):
        assert read_bytes(tmp_path, raw) == plain


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (b'"window": 1,', b'"window": 1, "window": 1,', "window"),
        (b'"angry": ', b'"angry": 0.5, "angry": ', "angry"),
        (b'"voice_known": ', b'"start": ', "start"),
        (b'"voice_known": ', b'"new": {"a": 1, "a": 2}, "voice_known": ', "a"),
    ],
)
def test_a_field_that_is_there_twice_is_refused(
    old: bytes, new: bytes, name: str, lines: list[bytes], tmp_path: Path
) -> None:
    spoiled_line = lines[2].replace(old, new, 1)
    assert spoiled_line != lines[2]
    with pytest.raises(JournalError, match=f"line 3: field '{name}' is there twice"):
        read_bytes(tmp_path, b"".join([*lines[:2], spoiled_line, *lines[3:]]))


def test_a_number_that_is_none_is_refused(lines: list[bytes], tmp_path: Path) -> None:
    for number, message in ((b"NaN", "NaN is no number"), (b"1e999", "too big"), (b"-Infinity", "no number")):
        for name in (b'"lag_seconds": ', b'"new": '):
            row = lines[2].replace(b'"voice_known": ', name + number + b', "voice_known": ', 1)
            row = row.replace(b'"lag_seconds": 0', b'"lag": 0', 1)
            with pytest.raises(JournalError, match=f"line 3: .*{message}"):
                read_bytes(tmp_path, b"".join([*lines[:2], row, *lines[3:]]))


@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"a": ', b"}")])
def test_deep_nesting_is_refused(begin: bytes, end: bytes, lines: list[bytes], tmp_path: Path) -> None:
    for depth in (40, 100_000):
        deep = b'"new": ' + begin * depth + b"1" + end * depth
        row = lines[2].replace(b'"voice_known": ', deep + b', "voice_known": ', 1)
        with pytest.raises(JournalError, match=r"line 3: .*(nested deeper|recursion)"):
            read_bytes(tmp_path, b"".join([*lines[:2], row, *lines[3:]]))


def test_a_broken_line_that_is_no_beginning_is_refused(lines: list[bytes], tmp_path: Path) -> None:
    for broken in (b'"leg": "mono"}\n', b'{"type": "row", "leg": }\n', b"hello\n"):
        with pytest.raises(JournalError, match="line 3: not readable as JSON"):
            read_bytes(tmp_path, b"".join([*lines[:2], broken, *lines[2:]]))


@fuzzed(40)
@given(data=st.data())
def test_spoiled_bytes(
    data: st.DataObject, lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = data.draw(spoiled([b"".join(lines)]))
    with little_memory(), suppress(JournalError):
        read_bytes(tmp_path_factory.getbasetemp(), raw)


@fuzzed(60)
@given(data=st.data())
def test_spoiled_values(
    data: st.DataObject, lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    values = [json.loads(line) for line in lines]
    number = data.draw(st.integers(0, len(values) - 1))
    values[number] = data.draw(spoiled_values(values[number]))
    with little_memory(), suppress(JournalError):
        journal = read_bytes(tmp_path_factory.getbasetemp(), as_lines(values))
        assert all(math.isfinite(row.start) and row.leg == "mono" for row in journal.rows)


def test_the_lines_of_a_real_session_are_rows(tmp_path: Path) -> None:
    done = callmood(
        *("replay", DEMO, "--fast", "--duration", "6", "--model", "speech-light", "--json"), cwd=tmp_path
    )
    journal = read_bytes(tmp_path, done.stdout.encode())
    assert journal.header.legs == (LegPlan(),)
    assert journal.header.model == "speech-light"
    assert journal.summary is not None
    assert journal.summary.windows == len(journal.rows) > 5
    assert [row.start_sample for row in journal.rows[:2]] == [0, 8_000]


def test_without_pandas_it_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    journal = read_journal(written_journal(tmp_path / "call.jsonl"))
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        journal.to_pandas()


def test_a_table_has_a_column_for_each_field_and_label(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    table = read_journal(written_journal(tmp_path / "call.jsonl")).to_pandas()
    assert list(table["window"]) == [0, 1, 3]
    assert list(table["state"]) == ["silence", "speech", "unsure"]
    assert math.isnan(table["smoothed_angry"][0])
    assert table["probability_sad"][1] == 0.25
    assert list(table["start_sample"]) == [0, 50, 150]
    empty = read_journal(written_journal(tmp_path / "empty.jsonl", [])).to_pandas()
    assert list(empty.columns) == list(table.columns)
