"""Rules on legs: each has its own alerts, and those whose episodes go on are told."""

import pytest

from emotion.errors import UsageError
from streamer.alerts.alert_rule import AlertRule
from streamer.alerts.alerting import Alerting
from tests.streamer.alerts.alert_rows import STEP_SECONDS, angry_row

LEGS = ("customer", "agent")
OVER, BELOW = 0.8, 0.1
COOLDOWN_SECONDS = 10.0


def alerting(*rules: str) -> Alerting:
    return Alerting([AlertRule.parse(rule) for rule in rules], LEGS, STEP_SECONDS, COOLDOWN_SECONDS)


def test_each_rule_is_followed_on_each_of_its_legs() -> None:
    following = alerting("angry>0.5", "agent:angry>0.6")
    assert (following.num_alerts, following.holding) == (0, ())
    assert [(each.leg, each.rule) for each in following.take(angry_row(0, OVER, leg="agent"))] == [
        ("agent", "angry>0.5"),
        ("agent", "agent:angry>0.6"),
    ]
    assert [(each.leg, each.rule) for each in following.take(angry_row(0, OVER))] == [
        ("customer", "angry>0.5")
    ]
    assert following.take(angry_row(1, OVER)) == []
    assert following.num_alerts == 3
    assert following.holding == (
        "customer angry 0.80 for 2.0 s (angry>0.5)",
        "agent angry 0.80 for 2.0 s (angry>0.5)",
        "agent angry 0.80 for 2.0 s (agent:angry>0.6)",
    )


def test_the_cool_down_and_the_step_are_those_given() -> None:
    following = alerting("angry>0.5 for 3s")
    rows = [angry_row(number, BELOW if number == 10 else OVER) for number in range(60)]
    raised = [alert for row in rows for alert in following.take(row)]
    assert [alert.at_seconds for alert in raised] == [3.0, 13.0]


def test_a_gap_ends_the_episodes_of_its_leg_alone() -> None:
    following = alerting("angry>0.5")
    for leg in LEGS:
        following.take(angry_row(0, OVER, leg=leg))
    following.interrupt("agent")
    assert following.holding == ("customer angry 0.80 for 2.0 s (angry>0.5)",)
    following.take(angry_row(1, BELOW))
    assert not following.holding


def test_a_rule_for_a_leg_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="those analysed are customer, agent; name"):
        alerting("boss:angry>0.5")
