"""What the thread beside the session does with a bug: it says so and goes on."""

from streamer.alerts.alert import Alert
from streamer.alerts.background import BackgroundSink
from streamer.session_facts import SessionFacts
from tests.session_material import facts
from tests.streamer.alerts.alert_rows import alert


class Broken(BackgroundSink):
    def __init__(self) -> None:
        super().__init__("broken", patience_seconds=30.0)
        self.delivered: list[float] = []

    def deliver(self, alert: Alert, facts: SessionFacts) -> None:
        self.delivered.append(alert.at_seconds)
        raise ZeroDivisionError(alert.at_seconds)


def test_a_bug_in_a_delivery_is_complained_of_and_the_next_one_is_tried() -> None:
    sink = Broken()
    sink.open(facts())
    sink.take_alert(alert(1.0))
    sink.take_alert(alert(2.0))
    sink.close(None)
    assert sink.delivered == [1.0, 2.0]
    assert sink.complaints == (
        "broken, alert at 1.0 s: ZeroDivisionError(1.0)",
        "broken, alert at 2.0 s: ZeroDivisionError(2.0)",
        "broken: 2 of 2 alerts not delivered",
    )
