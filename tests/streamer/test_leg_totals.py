"""The totals of a leg are those of all its rows, and its moments those of the lane that reports draw."""

import tracemalloc
from collections import Counter

import pytest
from hypothesis import given

from emotion.card import LABELS
from streamer.episodes import find_episodes, side_by_side
from streamer.events import STATES, LegEvent, Row
from streamer.leg_totals import MOST_MOMENTS, LegTotals
from streamer.session_info import StrongMoment
from tests.row_streams import streams
from tests.session_material import silent_row, speech_row

STEP = 0.05


@given(streams())
def test_they_are_those_of_the_whole_stream(events: list[LegEvent]) -> None:
    totals = LegTotals(LABELS, STEP)
    for event in events:
        totals.take(event)
    found = totals.summary(talk_seconds=1.5)
    rows = [event for event in events if isinstance(event, Row)]
    states, emotions = Counter(row.state for row in rows), Counter(row.emotion for row in rows)
    assert (found.windows, found.talk_seconds) == (len(rows), 1.5)
    assert found.state_seconds == {state: pytest.approx(states[state] * STEP) for state in STATES}
    assert found.emotion_seconds == {label: pytest.approx(emotions[label] * STEP) for label in LABELS}
    lane = side_by_side(find_episodes(events, exclusive=True))
    for label in LABELS:
        moments = [moment for moment in found.moments if moment.emotion == label]
        best = sorted(
            (each for each in lane if each.emotion == label),
            key=lambda each: (-(each.peak_probability or 0.0), each.start - each.end),
        )
        assert moments == [
            StrongMoment(
                label, each.start, each.end, each.mean_probability or 0.0, each.peak_probability or 0.0
            )
            for each in best[:MOST_MOMENTS]
        ]
    assert [moment.emotion for moment in found.moments] == sorted(
        (moment.emotion for moment in found.moments), key=LABELS.index
    )


def test_the_strongest_is_no_neutral_one_unless_there_is_no_other() -> None:
    totals = LegTotals(LABELS, STEP)
    totals.take(speech_row(0, emotion="neutral", probability=0.99))
    assert totals.summary(0.2).strongest == StrongMoment("neutral", 0.0, 0.2, 0.99, 0.99)
    totals.take(speech_row(10, emotion="sad", probability=0.6))
    totals.take(speech_row(20, emotion="angry", probability=0.7))
    assert totals.summary(0.2).strongest == StrongMoment("angry", 1.0, 1.2, 0.7, 0.7)
    assert LegTotals(LABELS, STEP).summary(0.0).strongest is None


def test_memory_has_a_bound() -> None:
    totals = LegTotals(LABELS, STEP)
    rows = [speech_row(0, emotion=label, probability=0.6) for label in LABELS] + [silent_row(0)]
    for row in rows * 20:
        totals.take(row)
    tracemalloc.start()
    for row in rows * 2_000:
        totals.take(row)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 20_000
    assert totals.summary(0.0).windows == 2_020 * len(rows)
