"""What is printed off a terminal, for people and as JSON: rows, alerts, skipped windows, the summary."""

import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from emotion.errors import OutputError
from streamer.events import Absence, Alert, Complaint, Event, Failure, Gap, LineFit, Mark, Pause, Row, Skip
from streamer.leg_plan import LegPlan
from streamer.session_info import LegLine, LegSummary, Summary
from streamer.sinks.base import Sink
from streamer.sinks.group import SinkGroup
from streamer.sinks.journal import JournalWriter, JsonLines
from streamer.sinks.text import PlainLines, WarningLines, duration_text, summary_text
from streamer.sinks.writer import LinePrinter
from tests.alert_material import alert
from tests.session_material import STARTED, SUMMARY, facts, silent_row, speech_row

GAP = Gap(0.3, 0.55, 300, 550, leg="mono", cause="overrun", estimated=True)


def told(sink: PlainLines | JsonLines, legs: Sequence[LegPlan] = (LegPlan(),)) -> None:
    sink.open(facts(channels=2, legs=legs))
    sink.handle(speech_row(0))
    sink.handle(silent_row(1))
    sink.handle(speech_row(2, emotion="happy", probability=1.0))
    sink.handle(GAP)
    sink.handle(Mark(0.6, STARTED + 0.6))
    sink.handle(Pause(0.7, STARTED + 0.7, paused=True))
    sink.handle(Pause(0.7, STARTED + 9.7, paused=False))
    sink.handle(Failure("cannot write clips: the disk is full"))
    sink.close(SUMMARY)
    sink.close(SUMMARY)


def test_plain_lines_say_what_must_be_said_first() -> None:
    stream = io.StringIO()
    told(PlainLines(LinePrinter(stream)))
    head = stream.getvalue().splitlines()[:5]
    assert head == [
        "session   20261123T025959Z-0abc",
        "source    a source — with ünicode, 1000 Hz, 2 channels",
        "          note: two channels mixed down to one",
        "model     speech-classic (classic-speech/1), win 0.2 s, step 0.05 s",
        "          note: weights: non-commercial use only",
    ]


def test_plain_lines_are_aligned_and_without_colour() -> None:
    stream = io.StringIO()
    told(PlainLines(LinePrinter(stream)))
    spoken, silent, sure, gap, mark, paused, resumed, failed = (
        line.partition("  ")[2] for line in stream.getvalue().splitlines()[5:13]
    )
    assert spoken == "  0:00:00.2  angry     angry  70%  happy  10%  neutral  10%  sad  10%   -23.5 dBFS"
    assert silent == "  0:00:00.2  silence   angry    -  happy    -  neutral    -  sad    -  -120.0 dBFS"
    assert sure == "  0:00:00.3  happy     angry   0%  happy 100%  neutral   0%  sad   0%   -23.5 dBFS"
    assert gap == "  0:00:00.3  gap: about 0.250 s not heard (overrun)"
    assert mark == "  0:00:00.6  mark"
    assert paused == "  0:00:00.7  paused: nothing is analysed or saved"
    assert resumed == "  0:00:00.7  resumed"
    assert failed == ""
    assert "failed: cannot write clips: the disk is full" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_where_there_is_no_clock_lines_begin_with_stream_time() -> None:
    stream = io.StringIO()
    sink = PlainLines(LinePrinter(stream))
    sink.open(replace(facts(), clock="stream"))
    sink.handle(speech_row(0))
    sink.handle(Mark(0.6, STARTED + 0.6))
    assert [line[:18] for line in stream.getvalue().splitlines()[-2:]] == [
        "  0:00:00.2  angry",
        "  0:00:00.6  mark",
    ]


def test_a_line_is_told_at_the_start_and_where_it_does_not_fit() -> None:
    two = (LegPlan("me", channel=0), LegPlan("them", channel=1))
    lines = {"them": LegLine("trunk\x1b", "wideband", 1)}
    for kind, heads in ((PlainLines, ["line      them: trunk? (wideband), 1 voice"]), (WarningLines, [])):
        stream = io.StringIO()
        sink = kind(LinePrinter(stream))
        sink.open(facts(channels=2, legs=two, lines=lines))
        sink.handle(LineFit("them", 1.5, fits=False))
        sink.handle(LineFit("them", 2.5, fits=True))
        found = [line for line in stream.getvalue().splitlines() if "line" in line]
        assert found[:-2] == heads
        assert found[-2].endswith("  0:00:01.5  them: line does not fit: not used")
        assert found[-1].endswith("  0:00:02.5  them: line fits again: used")
    stream = io.StringIO()
    sink = PlainLines(LinePrinter(stream))
    sink.open(facts(lines={"mono": LegLine("trunk", "wideband", 0)}))
    sink.handle(LineFit("mono", 1.5, fits=False))
    assert "\nline      trunk (wideband), 0 voices\n" in stream.getvalue()
    assert stream.getvalue().endswith("  0:00:01.5  line does not fit: not used\n")


def test_warning_lines_are_those_of_gaps_and_failures_each_once() -> None:
    stream = io.StringIO()
    sink = WarningLines(LinePrinter(stream))
    sink.open(facts())
    sink.handle(speech_row(0))
    sink.handle(GAP)
    sink.handle(alert())
    sink.handle(Mark(0.6, STARTED))
    sink.handle(Pause(0.7, STARTED, paused=True))
    sink.handle(Absence(0, "a microphone", 0.8, "it was unplugged"))
    sink.handle(Failure("cannot write clips: the disk is full"))
    failures = ("cannot write clips: the disk is full", "cannot write the journal")
    summary = replace(SUMMARY, failures=failures, complaints=("a late complaint",))
    sink.close(summary)
    sink.close(summary)
    first, second, *others = stream.getvalue().splitlines()
    assert first.endswith("  0:00:00.3  gap: about 0.250 s not heard (overrun)")
    assert second.endswith("  0:00:00.8  waiting for a microphone: it was unplugged")
    assert others == [
        "failed: cannot write clips: the disk is full",
        "note: a late complaint",
        "failed: cannot write the journal",
    ]


def test_the_summary_is_printed_once() -> None:
    stream = io.StringIO()
    told(PlainLines(LinePrinter(stream)))
    assert stream.getvalue().endswith(summary_text(SUMMARY, facts()) + "\n")
    assert stream.getvalue().count("windows   3") == 1


def test_a_files_name_cannot_play_with_the_terminal() -> None:
    stream = io.StringIO()
    sink = PlainLines(LinePrinter(stream))
    named = facts()
    sink.open(replace(named, sources=(replace(named.sources[0], name="a\x1b[31m\nb\udcff.wav"),)))
    sink.close(SUMMARY)
    assert stream.getvalue().count("a?[31m?b?.wav") == 2


def test_two_legs_are_told_apart() -> None:
    stream = io.StringIO()
    sink = PlainLines(LinePrinter(stream))
    sink.open(facts(legs=(LegPlan("customer", channel=0), LegPlan("me", channel=1))))
    sink.handle(replace(speech_row(), leg="me"))
    assert "  me        angry     angry  70%" in stream.getvalue()


def test_json_lines_are_those_of_the_journal_in_ascii() -> None:
    stream = io.StringIO()
    told(JsonLines(LinePrinter(stream)))
    assert stream.getvalue().isascii()
    kinds = [json.loads(line)["type"] for line in stream.getvalue().splitlines()]
    assert kinds == ["header", "row", "row", "row", "gap", "mark", "pause", "resume", "failure", "summary"]


def test_a_stream_without_the_letters_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    PlainLines(LinePrinter(stream)).open(facts())
    assert b"a source \\u2014 with \\xfcnicode" in raw.getvalue()


@pytest.mark.parametrize("make", [PlainLines, JsonLines])
def test_a_reader_that_leaves_is_noticed(make: Callable[[LinePrinter], PlainLines | JsonLines]) -> None:
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor is no path
        printer = LinePrinter(stream)
        told: list[bool] = []
        printer.when_reader_leaves(lambda: told.append(printer.reader_gone))
        sink = make(printer)
        sink.open(facts())
        gone = [printer.reader_gone]
        os.close(reading)
        with pytest.raises(OutputError, match="nobody reads the output any more"):
            sink.handle(speech_row())
        assert [*gone, printer.reader_gone] == [False, True]
        assert told == [True]
        # What is left in the buffer has nowhere to go when the file is closed.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, writing)
        os.close(nowhere)


def test_a_full_disk_behind_the_output_is_named() -> None:
    with open("/dev/full", "w", encoding="utf-8") as stream:  # noqa: PTH123 - no path of ours
        printer = LinePrinter(stream)
        with pytest.raises(OutputError, match="cannot write the output: No space left on device"):
            PlainLines(printer).open(facts())
        assert not printer.reader_gone
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def test_the_summary_names_what_happened() -> None:
    assert summary_text(SUMMARY, facts()).splitlines() == [
        "session   20261123T025959Z-0abc, 0:01:03.5 of a source — with ünicode, model speech-classic",
        "windows   3: speech 2, silence 1",
        "emotions  angry 1, sad 1",
        "missing   2 gaps, 1 overrun, 0.25 s dropped, 3.00 s paused",
        "leg       mono: talk 0.1 s; angry 0.1 s, sad 0.1 s; strongest angry 88% at 0:01:01.0 for 1.2 s",
        "marks     1",
        "speed     0.021 of real time, longest lag 0.034 s",
        "written   call.jsonl",
    ]


def test_the_summary_leaves_out_what_did_not_happen() -> None:
    quiet = replace(
        SUMMARY,
        windows=0,
        states={},
        emotions={},
        overruns=0,
        gaps=0,
        marks=0,
        dropped_seconds=0.0,
        paused_seconds=0.0,
        slip_seconds=-0.25,
        non_finite_samples=2,
        files=(),
        failures=("cannot write x: No space left on device",),
        legs={"mono": LegSummary(0, {}, {}, 0.0)},
        hints=("52 clips overlap; --moments speech would have saved 9",),
    )
    assert summary_text(quiet, facts()).splitlines()[1:] == [
        "windows   0",
        "emotions  none shown",
        "missing   2 non-finite samples taken as 0",
        "leg       mono: talk 0.0 s",
        "slip      -0.25 s of sound against the clock",
        "speed     0.021 of real time, longest lag 0.034 s",
        "failed    cannot write x: No space left on device",
        "hint      52 clips overlap; --moments speech would have saved 9",
    ]


def test_the_summary_says_how_long_a_change_takes_where_that_was_measured() -> None:
    lines = summary_text(SUMMARY, replace(facts(), shows_change_after_seconds=1.63)).splitlines()
    assert "delay     shows a change after 1.6 s, as measured" in lines
    assert not any(line.startswith("delay") for line in summary_text(SUMMARY, facts()).splitlines())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0:00:00.0"),
        (59.96, "0:01:00.0"),
        (3599.94, "0:59:59.9"),
        (3600.0, "1:00:00.0"),
        (360_000.25, "100:00:00.2"),
    ],
)
def test_durations_carry_over(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


SKIPS = [
    Skip(at / 20, at / 20 + 0.2, 50 * at, 50 * at + 200, leg="mono", window=at, lag_seconds=1.25, demand=1.4)
    for at in (1, 2, 4, 300)
]


def told_of_skips(sink: Sink) -> None:
    group = SinkGroup([sink])
    group.open(facts())
    events: list[Row | Skip] = [speech_row(0), *SKIPS[:2], speech_row(3), *SKIPS[2:]]
    for event in events:
        group.handle(event)
    group.close(replace(SUMMARY, skipped=len(SKIPS)))


def test_the_journal_and_json_have_a_line_for_each_in_its_place(tmp_path: Path) -> None:
    stream = io.StringIO()
    told_of_skips(JsonLines(LinePrinter(stream)))
    told_of_skips(JournalWriter(tmp_path / "call.jsonl"))
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
    told_of_skips(PlainLines(LinePrinter(stream)))
    said = [line.partition("  ")[2] for line in stream.getvalue().splitlines() if "too slow" in line]
    assert said == [
        "  0:00:00.2  too slow: x1.4; windows are skipped from here on",
        "  0:00:15.2  too slow: x1.4; windows are skipped from here on",
    ]


def test_the_closing_words_count_them() -> None:
    assert "4 windows skipped" in summary_text(replace(SUMMARY, skipped=4), facts())
    assert "1 window skipped" in summary_text(replace(SUMMARY, skipped=1), facts())
    assert "skipped" not in summary_text(SUMMARY, facts())


class Complaining(Sink):
    def __init__(self, *complaints: str) -> None:
        self.alerts: list[Alert] = []
        self.heard: list[str] = []
        self._complaints = complaints

    def complain(self, *complaints: str) -> None:
        self._complaints = complaints

    def handle(self, event: Event) -> None:
        if isinstance(event, Complaint):
            self.heard.append(event.message)
        elif isinstance(event, Alert):
            self.alerts.append(event)

    @property
    def complaints(self) -> tuple[str, ...]:
        return self._complaints


def test_every_sink_hears_of_an_alert_and_is_heard_with_its_complaints() -> None:
    first, second = Complaining("a", "b"), Complaining("c")
    group = SinkGroup([first, Sink(), second])
    group.open(facts())
    group.handle(alert())
    assert first.alerts == second.alerts == [alert()]
    assert group.complaints == ("a", "b", "c")
    assert group.failures == ()
    group.close(None)
    assert group.complaints == ("a", "b", "c"), "also once all are closed"


def test_what_could_not_be_delivered_is_told_to_all_once() -> None:
    first, second = Complaining(), Complaining("b")
    group = SinkGroup([first, second])
    group.open(facts())
    group.tell_complaints()
    first.complain("a")
    group.tell_complaints()
    group.tell_complaints()
    first.complain("a", "2 more")
    group.tell_complaints()
    first.complain("a", "3 more")
    group.tell_complaints()
    assert first.heard == second.heard == ["b", "a", "2 more", "3 more"]
    group.close(None)


def test_the_summary_has_each_complaint_as_it_is_at_the_end() -> None:
    class Late(Complaining):
        def close(self, summary: Summary | None) -> None:
            self.complain("a", "2 more")

    class Reader(Sink):
        complaints_read: tuple[str, ...] = ()

        def close(self, summary: Summary | None) -> None:
            assert summary is not None
            self.complaints_read = summary.complaints

    reader = Reader()
    group = SinkGroup([Sink(), Late("a", "1 more"), reader])
    group.open(facts())
    group.close(replace(SUMMARY, complaints=("of a source",)))
    assert reader.complaints_read == ("of a source", "a", "2 more")


def test_a_complaint_is_a_line_of_the_journal_and_of_what_is_printed(tmp_path: Path) -> None:
    stream = io.StringIO()
    sinks: list[Sink] = [JournalWriter(tmp_path / "call.jsonl"), PlainLines(LinePrinter(stream))]
    for sink in sinks:
        sink.open(facts())
        sink.handle(Complaint("alert command '/a\x1b[2J', alert at 15.0 s: exit status 1"))
    line = json.loads((tmp_path / "call.jsonl").read_text().splitlines()[-1])
    assert line == {
        "type": "complaint",
        "message": "alert command '/a\x1b[2J', alert at 15.0 s: exit status 1",
    }
    assert stream.getvalue().endswith("note: alert command '/a?[2J', alert at 15.0 s: exit status 1\n")
    for sink in sinks:
        sink.close(None)


def test_the_journal_has_a_line_of_its_own_for_it(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "call.jsonl")
    journal.open(facts())
    journal.handle(alert())
    line = json.loads((tmp_path / "call.jsonl").read_text().splitlines()[1])
    assert list(line.items()) == [
        ("type", "alert"),
        ("leg", "customer"),
        ("rule", "angry>0.7 for 5s"),
        ("label", "angry"),
        ("onset", 10.0),
        ("at", 15.0),
        ("delay_seconds", 5.0),
        ("probability", 0.82),
        ("window", 26),
        ("onset_sample", 80_000),
        ("end_sample", 120_000),
    ]
    journal.close(None)


def test_it_is_printed_in_one_line() -> None:
    stream = io.StringIO()
    printed = PlainLines(LinePrinter(stream))
    printed.open(facts())
    printed.handle(alert(75.0))
    last = stream.getvalue().splitlines()[-1]
    assert last.split(None, 2)[1:] == [
        "0:01:15.0",
        "alert: customer angry 0.82 for 5.0 s (angry>0.7 for 5s)",
    ]
