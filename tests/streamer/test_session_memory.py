"""What a session remembers: its strip, its event log, the totals of legs; and the longer histories."""

import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.card import LABELS
from streamer.analysis.gate import NoiseFloor
from streamer.episodes import side_by_side
from streamer.events import STATES, Absence, Alert, Gap, GapCause, LegEvent, Mark, Pause, Row, Skip, State
from streamer.session_info import StrongMoment
from streamer.session_memory import (
    MAX_BINS,
    MAX_LOG_ENTRIES,
    MAX_TICKS,
    MOST_MOMENTS,
    SessionMemory,
    SessionStrip,
    dominant_kind,
)
from streamer.snapshot import ZOOMS, LegViews, TalkTime, Tick, bin_seconds_of
from tests.row_streams import find_episodes, streams
from tests.session_material import silent_row, speech_row

WIN, STEP = 2.0, 0.5


def row(window: int, kind: str, leg: str = "me", offset: float = 0.0) -> Row:
    """Give a window of 2 s each half second that shows an emotion or a state."""
    start = offset + window * STEP
    of = speech_row(window, emotion=kind)
    if kind not in LABELS:
        of = replace(silent_row(window), state=cast("State", kind))
    return replace(
        of,
        leg=leg,
        start=start,
        end=start + WIN,
        start_sample=round(1000 * start),
        end_sample=round(1000 * (start + WIN)),
    )


def gap(start: float, end: float, cause: GapCause = "drop", leg: str = "me") -> Gap:
    """Give missing sound."""
    return Gap(
        leg=leg,
        start=start,
        end=end,
        start_sample=round(1000 * start),
        end_sample=round(1000 * end),
        cause=cause,
        estimated=False,
    )


def memory_of(*events: Row | Gap | Skip, legs: tuple[str, ...] = ("me", "them")) -> SessionMemory:
    """Give what is remembered of events."""
    memory = SessionMemory(legs, LABELS, STEP)
    for event in events:
        memory.take(event)
    return memory


def test_a_lane_shows_emotions_states_gaps_and_pauses() -> None:
    rows = [row(window, "angry") for window in range(5)] + [row(5, "silence"), row(6, "silence")]
    after = [row(window, "unsure", offset=10.0) for window in range(3)]
    memory = memory_of(*rows, gap(5.0, 8.0), gap(8.0, 10.0, "pause"), *after)
    strip = memory.strip
    assert strip.bin_seconds == 1.0
    assert strip.kinds["me"] == (
        *["angry"] * 4,
        "silence",
        *["gap"] * 3,
        *["pause"] * 2,
        *["unsure"] * 3,
    )
    assert strip.kinds["them"] == ()


def test_an_emotion_is_shown_where_it_takes_a_quarter() -> None:
    assert dominant_kind(Counter(silence=75, angry=20, sad=5), LABELS) == "angry"
    assert dominant_kind(Counter(silence=76, angry=20, sad=4), LABELS) == "silence"
    assert dominant_kind(Counter(), LABELS) == ""


@given(st.lists(st.floats(0.1, 5000.0), min_size=1, max_size=30), st.integers(0, 99))
def test_the_strip_of_days_stays_small_and_covers_all(lengths: list[float], seed: int) -> None:
    strip = SessionStrip(["me"], LABELS)
    at = 0.0
    for number, length in enumerate(lengths):
        strip.take(gap(at, at + length, "pause" if (number + seed) % 2 else "drop"))
        strip.tick(Tick(at, "mark"))
        at += length
        view = strip.view
        assert len(view.kinds["me"]) <= MAX_BINS
        assert len(view.ticks) <= MAX_BINS
        assert len(view.kinds["me"]) * view.bin_seconds == pytest.approx(at, abs=view.bin_seconds)
        assert all(view.kinds["me"][:-1]), "of the last bin less than a millisecond may be there"


def test_half_as_many_bins_show_the_same() -> None:
    strip = SessionStrip(["me"], LABELS)
    kinds = ["angry", "sad"]
    for minute in range(60):
        for window in range(120):
            strip.take(row(window, kinds[minute % 2], offset=60.0 * minute))
    view = strip.view
    assert view.bin_seconds == 8.0
    middles = [view.kinds["me"][int((60 * minute + 30) / view.bin_seconds)] for minute in range(60)]
    assert middles == kinds * 30


def test_the_log_has_episodes_marks_alerts_gaps_and_pauses_by_time() -> None:
    memory = memory_of(*[row(window, "angry") for window in range(5)])
    alert = Alert("me", "angry>0.7", "angry", 0.5, 3.0, 0.82, 2.5, 4, 500, 3000)
    memory.note(alert)
    memory.note(Mark(3.5, 0.0))
    memory.note(Mark(1.0, 0.0, "asks for money back"))
    memory.take(gap(4.0, 6.0))
    memory.take(gap(4.0, 6.0, leg="them"))
    memory.note(Pause(7.0, 0.0, paused=True))
    memory.note(Pause(8.0, 0.0, paused=False))
    memory.note(Absence(0, "headset", 9.0, "unplugged"))
    memory.note_load(
        Skip(
            leg="me", window=9, start=8.0, end=10.0, start_sample=0, end_sample=1, lag_seconds=2.0, demand=1.4
        )
    )
    memory.take(gap(12.0, 22.0, "jump"))
    assert [(entry.at_seconds, entry.kind, entry.text) for entry in memory.log] == [
        (0.0, "episode", "me angry 4.0 s"),
        (1.0, "mark", "mark: asks for money back"),
        (3.0, "alert", "me angry 0.82 for 2.5 s"),
        (3.5, "mark", "mark"),
        (4.0, "gap", "drop: 2.00 s missing"),
        (7.0, "pause", "off the record"),
        (8.0, "pause", "on the record"),
        (9.0, "device", "headset is away: unplugged"),
        (10.0, "load", "too slow: x1.4"),
        (12.0, "gap", "jumped 10.0 s on"),
    ]
    assert memory.ticks == (Tick(3.0, "alert", "me"), Tick(3.5, "mark"), Tick(1.0, "mark"))


def test_neutral_is_no_event_and_one_leg_needs_no_name() -> None:
    kinds = ["neutral"] * 6 + ["sad"] * 3 + ["silence"] * 9
    memory = memory_of(*[row(window, kind) for window, kind in enumerate(kinds)], legs=("me",))
    # From the middle of the overlap with "neutral" to that with "silence".
    [entry] = memory.log
    assert (entry.at_seconds, entry.text, entry.emotion) == (3.75, "sad 1.5 s", "sad")


@given(streams())
def test_the_log_has_the_episodes_of_the_lane_that_reports_draw(events: list[LegEvent]) -> None:
    memory = SessionMemory(["mono"], LABELS, STEP)
    for event in events:
        memory.take(event)
    memory.interrupt()
    lane = side_by_side(find_episodes(events, exclusive=True))
    expected = [
        (each.start, f"{each.emotion} {each.end - each.start:.1f} s", each.emotion)
        for each in lane
        if each.emotion not in {None, "neutral"}
    ]
    found = [(entry.at_seconds, entry.text, entry.emotion) for entry in memory.log if entry.kind == "episode"]
    assert found == expected


def test_off_the_record_ends_what_was_going_on() -> None:
    memory = memory_of(row(0, "sad"))
    assert not memory.log
    memory.interrupt()
    assert [entry.text for entry in memory.log] == ["me sad 2.0 s"]


def test_log_and_ticks_keep_the_latest() -> None:
    memory = SessionMemory(["me"], LABELS, STEP)
    for number in range(1000):
        memory.note(Mark(float(number), 0.0))
    assert len(memory.log) == MAX_LOG_ENTRIES
    assert memory.log[-1].at_seconds == 999.0
    assert len(memory.ticks) == MAX_TICKS


def test_longer_histories_are_means_of_their_bins_and_bounded() -> None:
    views = LegViews({"me": NoiseFloor(16_000)}, LABELS, TalkTime(["me"], STEP))
    for window in range(9000):
        views.take(row(window, "angry" if window % 5 else "silence"))
    [view] = views.views
    end = view.history[-1].end
    assert len(view.long_histories) == len(ZOOMS) - 1
    for zoom, points in zip(ZOOMS[1:], view.long_histories, strict=True):
        assert 239 <= len(points) <= 240
        assert points[-1].end == end
        assert points[0].end > end - zoom
        assert {point.emotion for point in points[1:-1]} == {"angry"}
        expected = pytest.approx(tuple(speech_row(emotion="angry").smoothed.values()))  # type: ignore[union-attr]
        assert points[100].smoothed == expected
        steps = {round(after.end - before.end, 6) for before, after in pairwise(points[:-1])}
        assert steps == {bin_seconds_of(zoom)}


def test_a_bin_of_silence_alone_has_no_probabilities() -> None:
    views = LegViews({"me": NoiseFloor(16_000)}, LABELS, TalkTime(["me"], STEP))
    for window in range(20):
        views.take(row(window, "silence"))
    [view] = views.views
    assert {(point.emotion, point.smoothed) for point in view.long_histories[0]} == {(None, None)}


TOTALS_STEP = 0.05


def strongest(memory: SessionMemory) -> StrongMoment | None:
    """Give the strongest moment of the only leg."""
    return memory.leg_summaries({"mono": 0.2})["mono"].strongest


@given(streams())
def test_totals_are_those_of_the_whole_stream(events: list[LegEvent]) -> None:
    memory = SessionMemory(["mono"], LABELS, TOTALS_STEP)
    for event in events:
        memory.take(event)
    found = memory.leg_summaries({"mono": 1.5})["mono"]
    rows = [event for event in events if isinstance(event, Row)]
    states, emotions = Counter(row.state for row in rows), Counter(row.emotion for row in rows)
    assert (found.windows, found.talk_seconds) == (len(rows), 1.5)
    assert found.state_seconds == {state: pytest.approx(states[state] * TOTALS_STEP) for state in STATES}
    assert found.emotion_seconds == {label: pytest.approx(emotions[label] * TOTALS_STEP) for label in LABELS}
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
    memory = SessionMemory(["mono"], LABELS, TOTALS_STEP)
    memory.take(speech_row(0, emotion="neutral", probability=0.99))
    assert strongest(memory) == StrongMoment("neutral", 0.0, 0.2, 0.99, 0.99)
    memory.take(speech_row(10, emotion="sad", probability=0.6))
    memory.take(speech_row(20, emotion="angry", probability=0.7))
    assert strongest(memory) == StrongMoment("angry", 1.0, 1.2, 0.7, 0.7)
    nothing = SessionMemory(["mono"], LABELS, TOTALS_STEP)
    assert nothing.leg_summaries({"mono": 0.0})["mono"].strongest is None


def test_the_memory_of_totals_has_a_bound() -> None:
    memory = SessionMemory(["mono"], LABELS, TOTALS_STEP)
    rows = [speech_row(0, emotion=label, probability=0.6) for label in LABELS] + [silent_row(0)]
    for row in rows * 20:
        memory.take(row)
    tracemalloc.start()
    for row in rows * 2_000:
        memory.take(row)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 20_000
    assert memory.leg_summaries({"mono": 0.0})["mono"].windows == 2_020 * len(rows)
