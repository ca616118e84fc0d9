"""A leak is told from a voice by when it goes up and down."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from streamer.envelopes.bleed import REACH_SECONDS, bleeds
from streamer.envelopes.envelope import Powers
from tests.spoken import DEMO
from tests.streamer.envelopes.material import RATE, envelope, leaked, noise, talk

SECONDS = 6.0
WIN_SECONDS = 2.0


def verdicts(own: Samples, other: Samples) -> list[bool]:
    """Ask about windows of 2 s, each 0.5 s."""
    mine, theirs = envelope(own), envelope(other)
    ends = np.arange(WIN_SECONDS, len(own) / RATE + 0.01, 0.5)
    return [
        bleeds(
            mine.frames(end - WIN_SECONDS, end),
            theirs.frames(end - WIN_SECONDS - REACH_SECONDS, end),
        )
        for end in ends.tolist()
    ]


def spoken() -> Iterator[tuple[Samples, Samples]]:
    """Give the demo's sentences against each other."""
    speech, _ = soundfile.read(DEMO, dtype="float32")
    for own, other in ((0.5, 15.5), (15.5, 0.5), (8.5, 20.0), (20.5, 3.0)):
        yield tuple(speech[round(at * RATE) : round((at + SECONDS) * RATE)] for at in (own, other))


@cache
def leak_and_source() -> tuple[Powers, Powers]:
    """Give the frames of a window that holds a leak; not to be changed."""
    other = talk(2.5, -26, 7)
    mine = envelope(leaked(other, -20, delay_seconds=0.05)).frames(0.5, 2.5)
    return mine, envelope(other).frames(0.5 - REACH_SECONDS, 2.5)


@pytest.mark.parametrize("room", [None, 5])
@pytest.mark.parametrize("delay_seconds", [0.0, 0.02, 0.1, 0.25])
@pytest.mark.parametrize("decibels", [-10.5, -20, -30])
def test_what_leaks_is_found(decibels: float, delay_seconds: float, room: int | None) -> None:
    found: list[bool] = []
    for which in range(4):
        other = talk(SECONDS, -26, which)
        own = leaked(other, decibels, delay_seconds=delay_seconds, room=room)
        found += verdicts(own + noise(SECONDS, -26 + decibels - 12, which), other)
    assert np.mean(found) >= 0.9


def test_speech_that_leaks_is_found() -> None:
    found = [
        verdict
        for _, other in spoken()
        for room in (None, 1, 2)
        for verdict in verdicts(
            leaked(other, -20, delay_seconds=0.12, room=room) + noise(SECONDS, -60, 1), other
        )
    ]
    assert np.mean(found) >= 0.9


def test_a_leak_that_comes_a_little_before_its_source_is_found() -> None:
    other = talk(SECONDS, -26, 1)
    late = np.concatenate([np.zeros(round(0.04 * RATE), np.float32), other])[: len(other)]
    assert np.mean(verdicts(leaked(other, -20, delay_seconds=0.0), late)) >= 0.9


@pytest.mark.parametrize("decibels", [0, -6, -10, -15, -20])
def test_who_talks_while_another_talks_is_kept(decibels: float) -> None:
    for which in range(10):
        own, other = talk(SECONDS, -26 + decibels, 100 + which), talk(SECONDS, -26, which)
        assert not any(verdicts(own, other))
    for own, other in spoken():
        assert not any(verdicts(own * np.float32(10 ** (decibels / 20)), other))


@pytest.mark.parametrize("decibels", [0, -8])
def test_who_talks_over_a_leak_is_kept(decibels: float) -> None:
    for which in range(8):
        own, other = talk(SECONDS, -26 + decibels, 100 + which), talk(SECONDS, -26, which)
        assert not any(verdicts(own + leaked(other, -20, delay_seconds=0.1, room=which), other))


def test_two_who_take_turns_are_kept() -> None:
    turns = (np.arange(round(SECONDS * RATE)) // round(1.3 * RATE) % 2).astype(np.float32)
    for which in range(8):
        own, other = talk(SECONDS, -36, 100 + which) * turns, talk(SECONDS, -26, which) * (1 - turns)
        assert not any(verdicts(own + noise(SECONDS, -75, which), other))


def test_one_sound_on_both_legs_is_no_leak() -> None:
    sound = talk(SECONDS, -26, 1)
    assert not any(verdicts(sound, sound))
    assert not any(verdicts(sound * np.float32(0.5), sound))
    assert all(verdicts(sound * np.float32(0.3), sound))


@pytest.mark.parametrize("own", [np.zeros(round(SECONDS * RATE), np.float32), noise(SECONDS, -70, 3)])
def test_a_leg_without_ups_and_downs_holds_no_leak(own: Samples) -> None:
    for other in (talk(SECONDS, -26, 1), noise(SECONDS, -30, 4), np.zeros_like(own)):
        assert not any(verdicts(own, other))


def test_a_steady_tone_on_both_legs_is_no_leak() -> None:
    for power in np.random.default_rng(6).uniform(1e-6, 1.0, 50):
        assert not bleeds(np.full(200, power * 0.01), np.full(235, power))


def test_a_leak_by_way_of_a_room_with_an_echo_is_found_as_well() -> None:
    found: list[bool] = []
    for which in range(6):
        other = talk(SECONDS, -26, which)
        found += verdicts(leaked(other, -20, delay_seconds=0.1, room=which), other)
    assert np.mean(found) >= 0.97


def test_a_leak_is_found_from_the_beginning_of_a_stream_on() -> None:
    other = talk(SECONDS, -26, 7)
    own = leaked(other, -20, delay_seconds=0.05, room=3)
    first = envelope(other).frames(-REACH_SECONDS, WIN_SECONDS)
    assert np.isnan(first[:35]).all()
    assert bleeds(envelope(own).frames(0.0, WIN_SECONDS), first)


@given(st.integers(0, 40), st.integers(0, 40))
def test_where_a_tenth_was_not_heard_the_rest_tells(own_from: int, other_from: int) -> None:
    mine, theirs = (frames.copy() for frames in leak_and_source())
    mine[own_from * 4 : own_from * 4 + 20] = np.nan
    theirs[other_from * 5 : other_from * 5 + 20] = np.nan
    assert bleeds(mine, theirs)


def test_where_too_little_was_heard_nothing_is_said() -> None:
    mine, theirs = (frames.copy() for frames in leak_and_source())
    assert bleeds(mine, theirs)
    for frames in (mine, theirs):
        missing = frames.copy()
        missing[60:150] = np.nan
        assert not bleeds(missing if frames is mine else mine, missing if frames is theirs else theirs)
    assert not bleeds(np.full(200, np.nan), theirs)
    assert not bleeds(mine, np.full(235, np.nan))
    assert not bleeds(mine[:4], theirs[:39])


@pytest.mark.parametrize("decibels", [-60, -20, 20])
def test_loudness_alone_changes_nothing(decibels: int) -> None:
    other = talk(2.5, -26, 9)
    theirs = envelope(other).frames(0.15, 2.5)
    for own, expected in ((leaked(other, -20, delay_seconds=0.1), True), (talk(2.5, -46, 10), False)):
        mine = envelope(own).frames(0.5, 2.5)
        assert bleeds(mine * 10.0 ** (decibels / 10), theirs * 10.0 ** (decibels / 10)) == expected
