"""What a leg says of a call, and which alerts it raises."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from emotion.arrays import read_only
from emotion.model import EmotionModel
from evaluation.streams.sound import RATE_HZ
from scripts.live.turning_calls import TurningCall
from streamer.alerts.alert import Alert
from streamer.alerts.alert_rule import AlertRule
from streamer.alerts.alerting import Alerting
from streamer.block import AudioBlock
from streamer.leg import Leg
from streamer.row import Row

LEG: Final = "customer"
BLOCK_SECONDS: Final = 0.1
"""Handed over at once, as a sound card would."""


@dataclass(frozen=True, slots=True, eq=False)
class WatchedCall:
    """A call that was heard.

    Attributes
    ----------
    call : TurningCall
        What was heard.
    rows : tuple of Row
        Of all its windows.
    alerts : mapping of tuple of str and float to tuple of Alert
        By the text of the rule and the cool-down, s.
    """

    call: TurningCall
    rows: tuple[Row, ...]
    alerts: Mapping[tuple[str, float], tuple[Alert, ...]]


def hear_call(
    call: TurningCall, model: EmotionModel, rules: Sequence[AlertRule], cooldowns: Sequence[float]
) -> WatchedCall:
    """Hear a call as a session does, and watch it by each rule under each cool-down.

    Parameters
    ----------
    call : TurningCall
        Of a voice that is new to the leg.
    model : EmotionModel
        Of windows.
    rules : sequence of AlertRule
        Each is watched by itself.
    cooldowns : sequence of float
        Seconds.

    Returns
    -------
    WatchedCall
        A row's lag is what its windows took to compute: blocks arrive when the leg is ready for them.

    Raises
    ------
    ModelError
        If the model was fitted on whole clips.
    """
    grid = model.card.grid()
    leg = Leg(LEG, model, grid, RATE_HZ)
    rows = []
    length = round(BLOCK_SECONDS * RATE_HZ)
    for first in range(0, len(call.samples), length):
        samples = read_only(call.samples[first : first + length, None].copy())
        block = AudioBlock(samples, first, time.monotonic())
        rows += [each for each in leg.push(block) if isinstance(each, Row)]
    rows += [each for each in leg.finish() if isinstance(each, Row)]
    step_seconds = grid.step / grid.sample_rate
    alerts = {
        (rule.text, cooldown): raised(rows, Alerting([rule], [LEG], step_seconds, cooldown))
        for rule in rules
        for cooldown in cooldowns
    }
    return WatchedCall(call, tuple(rows), alerts)


def raised(rows: Sequence[Row], alerting: Alerting) -> tuple[Alert, ...]:
    """Hand rows to an alerting.

    Parameters
    ----------
    rows : sequence of Row
        In the order of the stream.
    alerting : Alerting
        That has seen none yet.

    Returns
    -------
    tuple of Alert
        In their order.
    """
    return tuple(alert for row in rows for alert in alerting.take(row))
