"""Dates from any clock and in any time zone."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion import wall_clock

FIRST, LAST = wall_clock.utc(-1e300), wall_clock.utc(1e300)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test set the time zone."""
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def set_zone(zone: pytest.MonkeyPatch, name: str) -> None:
    zone.setenv("TZ", name)
    time.tzset()


def test_now_is_now() -> None:
    assert wall_clock.now() == pytest.approx(time.time(), abs=5)
    assert not wall_clock.is_beyond_python()


def test_a_moment_in_utc() -> None:
    assert wall_clock.utc(1_795_402_798.5) == datetime(2026, 11, 23, 2, 59, 58, 500_000, UTC)


@given(st.floats(allow_nan=False))
def test_every_moment_has_a_date_of_four_digits_and_none_comes_before_an_earlier_one(seconds: float) -> None:
    moment = wall_clock.utc(seconds)
    assert FIRST <= moment <= LAST
    assert len(f"{moment:%Y%m%dT%H%M%S}") == 15
    assert wall_clock.utc(seconds / 2) <= moment if seconds > 0 else wall_clock.utc(seconds / 2) >= moment


@pytest.mark.parametrize(
    ("name", "offset"),
    [("XXX-23:59", timedelta(hours=23, minutes=59)), ("XXX-25", timedelta(0)), ("XXX+24", timedelta(0))],
)
@pytest.mark.parametrize("seconds", [0.0, 1_795_402_798.5, 1.357e10, 253_402_300_799.0, 1e18, -1e18])
def test_a_zone_a_day_away_is_utc(
    zone: pytest.MonkeyPatch, name: str, offset: timedelta, seconds: float
) -> None:
    set_zone(zone, name)
    moment = wall_clock.local(seconds)
    assert moment == wall_clock.utc(seconds)
    assert moment.utcoffset() == offset


def test_the_zone_is_the_user_s(zone: pytest.MonkeyPatch) -> None:
    set_zone(zone, "CET-1CEST,M3.5.0,M10.5.0/3")
    assert wall_clock.local(1_795_402_798.5).isoformat() == "2026-11-23T03:59:58.500000+01:00"
    assert wall_clock.local(1_780_000_000.0).isoformat() == "2026-05-28T22:26:40+02:00"


@given(st.floats(0.0, 1e300))
def test_what_is_later_is_never_past_the_last_moment(seconds: float) -> None:
    for moment in (FIRST, wall_clock.utc(0.0), LAST, wall_clock.local(1e300)):
        later = wall_clock.later(moment, seconds)
        assert moment <= later <= LAST
        assert later.tzinfo == moment.tzinfo
