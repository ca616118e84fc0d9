"""An alert reaches every sink; the journal and the printed lines say the same of it."""

import io
import json
from pathlib import Path

from streamer.alerts.alert import Alert
from streamer.lines.journal import Journal
from streamer.lines.line_printer import LinePrinter
from streamer.lines.plain_lines import PlainLines
from streamer.sink import Sink
from streamer.sink_group import SinkGroup
from tests.session_material import facts
from tests.streamer.alerts.alert_rows import alert


class Complaining(Sink):
    def __init__(self, *complaints: str) -> None:
        self.alerts: list[Alert] = []
        self._complaints = complaints

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
