"""What is printed off a terminal: plain lines for people, JSON for programs."""

import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from emotion.errors import OutputError
from streamer.leg_plan import LegPlan
from streamer.lines.duration_text import duration_text
from streamer.lines.json_lines import JsonLines
from streamer.lines.line_printer import LinePrinter
from streamer.lines.plain_lines import PlainLines
from streamer.lines.summary_text import summary_text
from streamer.row import Gap
from tests.session_material import STARTED, SUMMARY, facts, silent_row, speech_row

GAP = Gap("mono", 0.3, 0.55, 300, 550, "overrun", estimated=True)


def told(sink: PlainLines | JsonLines, legs: Sequence[LegPlan] = (LegPlan(),)) -> None:
    sink.open(facts(channels=2, legs=legs))
    sink.take_row(speech_row(0))
    sink.take_row(silent_row(1))
    sink.take_row(speech_row(2, emotion="happy", probability=1.0))
    sink.take_gap(GAP)
    sink.take_mark(0.6, STARTED + 0.6)
    sink.take_pause(0.7, STARTED + 0.7, paused=True)
    sink.take_pause(0.7, STARTED + 9.7, paused=False)
    sink.take_failure("cannot write clips: the disk is full")
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
    sink.take_row(replace(speech_row(), leg="me"))
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
            sink.take_row(speech_row())
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
    )
    assert summary_text(quiet, facts()).splitlines()[1:] == [
        "windows   0",
        "emotions  none shown",
        "missing   2 non-finite samples taken as 0",
        "slip      -0.25 s of sound against the clock",
        "speed     0.021 of real time, longest lag 0.034 s",
        "failed    cannot write x: No space left on device",
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
