"""The legs of one source: each as if it were alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.model import EmotionModel
from streamer.analysis.leg import Leg
from streamer.analysis.source_legs import LevelLeg, SourceLegs
from streamer.events import AudioBlock, Gap, LegEvent, LegOutput, Row
from streamer.leg_plan import LegPlan
from streamer.sources.base import SourceInfo
from tests.model_maker import tone_of
from tests.session_material import blocks

RATE = 22_050
PLANS = (LegPlan("customer", channel=0), LegPlan("friend", channel=1))
SECONDS = 2.5
CALL = np.stack([tone_of("angry", 1, RATE, SECONDS), tone_of("sad", 2, RATE, SECONDS)], axis=1)


def source_legs(model: EmotionModel, channels: int, plans: Sequence[LegPlan]) -> SourceLegs:
    info = SourceInfo("call.wav", RATE, channels, "FLOAT", None, live=False)
    return SourceLegs(0, info, plans, lambda plan: Leg(plan.name, model, model.card.grid(), RATE))


def events_of(legs: SourceLegs, sound: Sequence[AudioBlock]) -> list[LegOutput | AudioBlock]:
    return [*(event for block in sound for event in legs.take(block)), *legs.finish()]


def rows_of(events: Sequence[object], leg: str) -> list[LegEvent]:
    """Give the events of one leg, as if its name were mono."""
    found = [event for event in events if isinstance(event, Row | Gap) and event.leg == leg]
    return [
        replace(each, leg="mono", lag_seconds=0.0) if isinstance(each, Row) else replace(each, leg="mono")
        for each in found
    ]


@settings(max_examples=20)
@given(
    cuts=st.lists(st.integers(1, len(CALL) - 1), max_size=8),
    lost=st.integers(0, 3000),
    at=st.integers(0, len(CALL)),
)
def test_two_legs_are_exactly_two_mono_recordings(
    tiny_model: EmotionModel, cuts: list[int], lost: int, at: int
) -> None:
    def cut(samples: Samples) -> list[AudioBlock]:
        return [*blocks(samples[:at], cuts), *blocks(samples[at:], cuts, at + lost)]

    together = events_of(source_legs(tiny_model, 2, PLANS), cut(CALL))
    for channel, plan in enumerate(PLANS):
        alone = events_of(source_legs(tiny_model, 1, [LegPlan()]), cut(CALL[:, channel : channel + 1].copy()))
        assert rows_of(together, plan.name) == rows_of(alone, "mono")
    assert sum(isinstance(event, Row) for event in together) >= 4


def test_of_a_leg_that_is_not_analysed_nothing_but_the_level_is_there(tiny_model: EmotionModel) -> None:
    plans = (PLANS[0], replace(PLANS[1], analysed=False))
    legs = source_legs(tiny_model, 2, plans)
    events = events_of(legs, list(blocks(CALL, [1000, 20_000])))
    assert {event.leg for event in events if isinstance(event, Row | Gap)} == {"customer"}
    kept = np.concatenate([event.samples for event in events if isinstance(event, AudioBlock)])
    np.testing.assert_array_equal(kept, CALL[:, :1])
    assert isinstance(legs.legs[1], LevelLeg)
    expected = 10 * np.log10(np.var(CALL[-2205:, 1]))
    assert legs.legs[1].noise_floor.latest_dbfs == pytest.approx(expected, abs=0.01)


def test_where_nothing_is_analysed_sinks_get_nothing(tiny_model: EmotionModel) -> None:
    legs = source_legs(tiny_model, 2, [replace(plan, analysed=False) for plan in PLANS])
    assert events_of(legs, list(blocks(CALL, []))) == []


def test_a_channel_that_no_leg_names_is_not_kept(tiny_model: EmotionModel) -> None:
    events = events_of(source_legs(tiny_model, 2, [PLANS[1]]), list(blocks(CALL, [])))
    kept = [event.samples for event in events if isinstance(event, AudioBlock)]
    np.testing.assert_array_equal(np.concatenate(kept), CALL[:, 1:])


def test_in_a_pause_no_leg_is_analysed(tiny_model: EmotionModel) -> None:
    legs = source_legs(tiny_model, 2, PLANS)
    first, rest = list(blocks(CALL, [RATE * 2]))
    assert sum(isinstance(event, Row) for event in legs.take(first)) == 8
    assert sum(isinstance(event, Row) for event in legs.pause()) == 2, "those that the resampler held back"
    assert list(legs.take(rest)) == []
    assert (legs.paused_samples, legs.analysed_samples) == (RATE // 2, 2 * RATE)
    assert list(legs.finish()) == []
