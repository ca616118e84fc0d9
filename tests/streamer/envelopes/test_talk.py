"""Who talks is told step by step, though a window's state looks back."""

import numpy as np
import pytest

from emotion.arrays import Samples
from streamer.envelopes.envelope import MEMORY_SECONDS
from streamer.envelopes.talk import talks
from streamer.row import STATES, State
from tests.streamer.envelopes.material import RATE, envelope, noise, talk

STEP = 50


def steps(sound: Samples, state: State = "speech", *, rate: int = RATE) -> list[bool]:
    """Tell of the last half second of each window of 2 s; all of them in one state."""
    ends = np.arange(2.0, len(sound) / rate + 0.01, 0.5).tolist()
    flags = []
    for end in ends:
        # Heard as it comes: an envelope does not keep all that a test is made of.
        heard = envelope(sound[: round(end * rate)], 0, rate)
        flags.append(talks(heard.frames(end - MEMORY_SECONDS, end), STEP, state))
    return flags


@pytest.mark.parametrize("room_dbfs", [-75, -60, -45])
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_talk_is_told_from_the_pause_after_it_step_by_step(room_dbfs: float, rate: int) -> None:
    sound = noise(9.5, room_dbfs, 1, rate)
    sound[4 * rate : 8 * rate] += talk(4.0, -26, 2, rate, breaths=0)
    # All these windows hold some of the talk.
    assert steps(sound, rate=rate)[5:] == [True] * 8 + [False] * 3


def test_who_begins_is_told_in_the_same_step() -> None:
    sound = noise(6.0, -60, 1)
    sound[round(3.65 * RATE) : round(4.1 * RATE)] += talk(0.45, -26, 3, breaths=0)
    assert steps(sound)[3:6] == [True, False, False]


def test_one_click_is_not_talk() -> None:
    sound = noise(6.0, -60, 1)
    sound[2 * RATE : 4 * RATE] += talk(2.0, -26, 3, breaths=0)
    sound[round(4.7 * RATE) : round(4.72 * RATE)] += noise(0.02, -6, 2)
    assert not steps(sound)[5]


def test_a_click_does_not_hide_the_talk_around_it() -> None:
    sound = noise(6.0, -70, 1) + talk(6.0, -36, 3, breaths=0)
    quiet = steps(sound)
    sound[round(3.7 * RATE) : round(3.72 * RATE)] += noise(0.02, -3, 2)
    assert steps(sound) == quiet == [True] * 9


def test_who_talks_without_a_breath_talks() -> None:
    tremble = np.sin(2 * np.pi * 4 * np.arange(10 * RATE) / RATE) * 0.3 + 1.0
    assert all(steps(noise(10.0, -26, 5) * tremble.astype(np.float32)))


@pytest.mark.parametrize("state", STATES)
def test_without_a_voice_in_the_window_nobody_talks(state: State) -> None:
    flags = steps(talk(4.0, -26, 4, breaths=0), state)
    assert flags == [state in {"speech", "unsure", "clipped"}] * len(flags)


def test_exact_silence_is_no_talk() -> None:
    sound = np.concatenate([talk(3.0, -26, 4, breaths=0), np.zeros(3 * RATE, np.float32)])
    assert steps(sound) == [True] * 3 + [False] * 6


def test_what_was_not_heard_is_no_talk() -> None:
    past = envelope(talk(4.0, -26, 4, breaths=0)).frames(0.0, 4.0)
    assert talks(past, STEP, "speech")
    past[-STEP:] = np.nan
    assert not talks(past, STEP, "speech")
    assert not talks(np.full(800, np.nan), STEP, "speech")


@pytest.mark.parametrize("decibels", [-60, -20, 20])
@pytest.mark.parametrize("ends", [0, 1, 3])
def test_loudness_alone_changes_nothing(decibels: int, ends: int) -> None:
    sound = noise(6.0, -60, 1)
    sound[2 * RATE : 4 * RATE] += talk(2.0, -26, 3, breaths=0)
    past = envelope(sound).frames(0.0, 4.0 + ends * 0.5)
    assert talks(past * 10.0 ** (decibels / 10), STEP, "speech") == talks(past, STEP, "speech") == (ends == 0)
