"""Windows that were skipped: a line each for programs, one where it begins for people, a count for both."""

import io
import json
from dataclasses import replace
from pathlib import Path

from streamer.lines.journal import Journal
from streamer.lines.json_lines import JsonLines
from streamer.lines.line_printer import LinePrinter
from streamer.lines.plain_lines import PlainLines
from streamer.lines.summary_text import summary_text
from streamer.row import Row, Skip
from streamer.sink import Sink
from streamer.sink_group import SinkGroup
from tests.session_material import SUMMARY, facts, speech_row

SKIPS = [
    Skip("mono", at, at / 20, at / 20 + 0.2, 50 * at, 50 * at + 200, lag_seconds=1.25, demand=1.4)
    for at in (1, 2, 4, 300)
]


def told(sink: Sink) -> None:
    group = SinkGroup([sink])
    group.open(facts())
    events: list[Row | Skip] = [speech_row(0), *SKIPS[:2], speech_row(3), *SKIPS[2:]]
    for event in events:
        group.take(event)
    group.close(replace(SUMMARY, skipped=len(SKIPS)))


def test_the_journal_and_json_have_a_line_for_each_in_its_place(tmp_path: Path) -> None:
    stream = io.StringIO()
    told(JsonLines(LinePrinter(stream)))
    told(Journal(tmp_path / "call.jsonl"))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    journal = [json.loads(line) for line in (tmp_path / "call.jsonl").read_text("utf-8").splitlines()]
    assert journal[:-1] == lines[:-1]
    assert journal[-1]["skipped"] == lines[-1]["skipped"] == 4
    assert [line["type"] for line in lines] == [
        *("header", "row", "skip", "skip", "row", "skip", "skip", "summary"),
    ]
    assert [line["window"] for line in lines[1:-1]] == [0, 1, 2, 3, 4, 300]
    assert lines[2] == {
        "type": "skip",
        "leg": "mono",
        "window": 1,
        "start": 0.05,
        "end": 0.25,
        "start_sample": 50,
        "end_sample": 250,
        "lag_seconds": 1.25,
        "demand": 1.4,
    }


def test_plain_lines_say_where_it_begins() -> None:
    stream = io.StringIO()
    told(PlainLines(LinePrinter(stream)))
    said = [line.partition("  ")[2] for line in stream.getvalue().splitlines() if "too slow" in line]
    assert said == [
        "  0:00:00.2  too slow: x1.4; windows are skipped from here on",
        "  0:00:15.2  too slow: x1.4; windows are skipped from here on",
    ]


def test_the_closing_words_count_them() -> None:
    assert "4 windows skipped" in summary_text(replace(SUMMARY, skipped=4), facts())
    assert "1 window skipped" in summary_text(replace(SUMMARY, skipped=1), facts())
    assert "skipped" not in summary_text(SUMMARY, facts())
