"""An alert reaches every sink; the journal and the printed lines say the same of it."""

import io
import json
from dataclasses import replace
from pathlib import Path

from streamer.alerts.alert import Alert
from streamer.lines.journal import Journal
from streamer.lines.line_printer import LinePrinter
from streamer.lines.plain_lines import PlainLines
from streamer.session_facts import Summary
from streamer.sink import Sink
from streamer.sink_group import SinkGroup
from tests.session_material import SUMMARY, facts
from tests.streamer.alerts.alert_rows import alert


class Complaining(Sink):
    def __init__(self, *complaints: str) -> None:
        self.alerts: list[Alert] = []
        self.heard: list[str] = []
        self._complaints = complaints

    def complain(self, *complaints: str) -> None:
        self._complaints = complaints

    def take_complaint(self, message: str) -> None:
        self.heard.append(message)

    def take_alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    @property
    def complaints(self) -> tuple[str, ...]:
        return self._complaints


def test_every_sink_hears_of_an_alert_and_is_heard_with_its_complaints() -> None:
    first, second = Complaining("a", "b"), Complaining("c")
    group = SinkGroup([first, Sink(), second])
    group.open(facts())
    group.take(alert())
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
    sinks: list[Sink] = [Journal(tmp_path / "call.jsonl"), PlainLines(LinePrinter(stream))]
    for sink in sinks:
        sink.open(facts())
        sink.take_complaint("alert command '/a\x1b[2J', alert at 15.0 s: exit status 1")
    line = json.loads((tmp_path / "call.jsonl").read_text().splitlines()[-1])
    assert line == {
        "type": "complaint",
        "message": "alert command '/a\x1b[2J', alert at 15.0 s: exit status 1",
    }
    assert stream.getvalue().endswith("note: alert command '/a?[2J', alert at 15.0 s: exit status 1\n")
    for sink in sinks:
        sink.close(None)


def test_the_journal_has_a_line_of_its_own_for_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "call.jsonl")
    journal.open(facts())
    journal.take_alert(alert())
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
    printed.take_alert(alert(75.0))
    last = stream.getvalue().splitlines()[-1]
    assert last.split(None, 2)[1:] == [
        "0:01:15.0",
        "alert: customer angry 0.82 for 5.0 s (angry>0.7 for 5s)",
    ]
