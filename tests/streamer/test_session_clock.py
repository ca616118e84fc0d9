"""Stamps: of the wall clock live, of the recording where its start is given, and else stream time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.model import EmotionModel
from streamer.events import Mark, Pause
from streamer.leg_plan import LegPlan
from streamer.pipeline import SessionOptions
from streamer.session import describe_session
from streamer.session_info import SessionClock, SessionInfo, split_time
from streamer.sinks.alert_actions import alert_variables
from streamer.sinks.journal import event_values, info_values
from streamer.sources.base import SourceInfo
from tests.alert_material import alert
from tests.session_material import STARTED, facts

BERLIN = timezone(timedelta(hours=2))
GIVEN = replace(facts(), started=0.0, clock="given", utc_offset_seconds=7200.0)
STREAM = replace(facts(), clock="stream")


def described(model: EmotionModel, live: Sequence[bool], started: datetime | None = None) -> SessionInfo:
    sources = [SourceInfo("a", 16_000, 1, "FLOAT", None, live=each) for each in live]
    plans = [LegPlan(f"leg{number}", source=number) for number in range(len(live))]
    options = SessionOptions(callmood_version="0.1.0", started=started)
    return describe_session(sources, plans, model, model.card.grid(), options)


def test_a_replay_is_as_long_as_its_longest_source() -> None:
    info = facts()
    sources = [replace(info.sources[0], seconds=seconds) for seconds in (55.0, 60.0, None)]
    assert replace(info, sources=tuple(sources[:2])).seconds == 60.0
    assert replace(info, sources=tuple(sources)).seconds is None


def test_a_live_session_has_the_wall_clock_and_a_replay_none(tiny_model: EmotionModel) -> None:
    before = datetime.now(UTC)
    live, replay = described(tiny_model, [True]), described(tiny_model, [False])
    assert (live.clock, replay.clock) == ("wall", "stream")
    assert described(tiny_model, [False, True]).clock == "wall"
    for info in (live, replay):
        assert before.timestamp() - 1 <= info.started <= datetime.now(UTC).timestamp() + 1


def test_the_start_that_was_given_is_the_sessions_and_its_id_is_of_today(tiny_model: EmotionModel) -> None:
    started = datetime(2020, 7, 1, 7, 12, tzinfo=BERLIN)
    info = described(tiny_model, [False], started)
    assert (info.clock, info.started, info.utc_offset_seconds) == ("given", started.timestamp(), 7200.0)
    assert info.session[:4] == f"{datetime.now(UTC):%Y}"
    assert info_values(info)["started"] == "2020-07-01T07:12:00.000+02:00"
    assert info_values(info)["clock"] == "given"


def stamps(info: SessionInfo) -> tuple[str, str, str]:
    """The stamps of an alert after 15 s, and of a mark and the end of a pause after 20 s."""
    clock = SessionClock.of(info)
    mark = event_values(Mark(20.0, STARTED + 1.0), clock)["clock"]
    resume = event_values(Pause(20.0, STARTED + 1.0, paused=False), clock)["clock"]
    return alert_variables(alert(15.0), info)["CALLMOOD_CLOCK"], mark, resume


def test_stamps_are_those_of_the_clock_that_there_is() -> None:
    key = SessionClock.of(facts()).text_at(1.0)
    assert stamps(GIVEN) == ("1970-01-01T02:00:15.000+02:00", *["1970-01-01T02:00:20.000+02:00"] * 2)
    assert stamps(STREAM) == ("00:00:15.000", key, key)
    assert stamps(facts()) == (SessionClock.of(facts()).text_at(15.0), key, key)


def test_the_offset_is_kept_over_the_end_of_summer_time() -> None:
    clock = SessionClock.of(GIVEN)
    assert [clock.text_at(hours * 3600.0)[11:] for hours in (0, 9000)] == ["02:00:00.000+02:00"] * 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "00:00:00.000"), (0.3, "00:00:00.300"), (59.9996, "00:00:59.999"), (360_061.5, "100:01:01.500")],
)
def test_stream_time_is_truncated_and_may_have_any_number_of_hours(seconds: float, text: str) -> None:
    assert SessionClock.of(STREAM).text_at(seconds) == text


@given(st.integers(0, 10**9))
def test_whole_milliseconds_are_split_exactly(milliseconds: int) -> None:
    hours, minutes, seconds, rest = split_time(milliseconds / 1000)
    assert ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest == milliseconds
    assert max(minutes, seconds) < 60
    assert rest < 1000
