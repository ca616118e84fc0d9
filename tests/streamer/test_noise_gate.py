"""Silence is what is quiet, or no louder than the room; see docs/decisions/0007-noise-gate.md."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.level import level_dbfs
from emotion.window_grid import WindowGrid
from streamer.gate.gate import Gate
from streamer.noise_floor import NoiseFloor
from streamer.row import State
from tests.strategies import cuts

RATE = 16_000
WIN_SECONDS, STEP_SECONDS = 2.0, 0.5
GATE = Gate("level", WindowGrid.from_seconds(WIN_SECONDS, STEP_SECONDS, RATE))


def states(samples: Samples) -> list[State]:
    """Give the state of each window of 2 s, each 0.5 s."""
    floor = NoiseFloor(RATE)
    found: list[State] = []
    win, step = round(WIN_SECONDS * RATE), round(STEP_SECONDS * RATE)
    heard = 0
    for end in range(win, len(samples) + 1, step):
        floor.push(samples[heard:end])
        heard = end
        found.append(GATE.state(level_dbfs(samples[end - win : end]), floor.dbfs, 0.0))
    return found


def noise(seconds: float, dbfs: float, *, slope: float = 0.0, seed: int = 0) -> Samples:
    """Give noise whose amplitude falls with frequency to the power of slope: 0 white, 0.5 pink, 1 brown."""
    num_samples = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(num_samples))
    spectrum /= np.maximum(np.fft.rfftfreq(num_samples, 1 / RATE), 20.0) ** slope
    shaped = np.fft.irfft(spectrum, num_samples)
    scaled: Samples = (shaped / np.std(shaped) * 10 ** (dbfs / 20)).astype(np.float32)
    return scaled


def syllables(seconds: float, dbfs: float, *, seed: int = 1) -> Samples:
    """Give six syllables of a buzz, a breath, six syllables, ...; as loud as told while they sound."""
    time = np.arange(round(seconds * RATE)) / RATE
    rng = np.random.default_rng(seed)
    buzz = sum(np.sin(2 * np.pi * 140 * k * time + rng.uniform(0, 6)) / k for k in range(1, 12))
    gain = (
        (time % 2 < 1.5)
        * (time * 4 % 1 < 0.72)
        * rng.uniform(0.5, 1.0, int(seconds * 4) + 1)[(time * 4).astype(int)]
    )
    burst = np.asarray(buzz * gain)
    scaled: Samples = (burst / np.sqrt(np.mean(burst[gain > 0] ** 2)) * 10 ** (dbfs / 20)).astype(np.float32)
    return scaled


def test_digital_silence_is_silence() -> None:
    assert set(states(np.zeros(RATE * 20, np.float32))) == {"silence"}


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("dbfs", [-70, -60, -50, -40])
def test_a_room_is_silence_from_the_first_window_on(dbfs: float, slope: float) -> None:
    assert set(states(noise(40, dbfs, slope=slope))) == {"silence"}


def test_a_room_with_dc_is_silence_all_the_same() -> None:
    assert set(states(noise(20, -50) + np.float32(0.5))) == {"silence"}


@pytest.mark.parametrize("room_dbfs", [-75, -55, -48])
def test_speech_over_a_room_is_speech_and_the_room_after_it_is_not(room_dbfs: float) -> None:
    sound = noise(30, room_dbfs)
    sound[RATE * 10 : RATE * 20] += syllables(10, -23)
    found = states(sound)
    ends = [WIN_SECONDS + STEP_SECONDS * k for k in range(len(found))]
    for end, state in zip(ends, found, strict=True):
        if 11 <= end <= 21:
            assert state == "speech", f"at least half of the window before {end} s is speech"
        if end <= 10 or end >= 22:
            assert state == "silence", f"the window before {end} s is room"


def test_one_word_in_a_window_is_heard() -> None:
    sound = noise(20, -50)
    sound[RATE * 15 : RATE * 15 + RATE // 4] += syllables(0.25, -23)
    found = states(sound)
    assert [WIN_SECONDS + STEP_SECONDS * k for k, state in enumerate(found) if state == "speech"] == [
        15.5,
        16.0,
        16.5,
        17.0,
    ]


def test_a_start_in_the_middle_of_speech_is_speech() -> None:
    assert set(states(syllables(10, -23) + noise(10, -55))) == {"speech"}


@pytest.mark.parametrize("dbfs", [-28, -20, -6])
def test_loud_sound_without_a_pause_is_never_called_silence(dbfs: float) -> None:
    tone = (np.sin(np.arange(RATE * 60) * 0.2) * 10 ** (dbfs / 20) * np.sqrt(2)).astype(np.float32)
    assert set(states(tone)) == {"speech"}


def test_a_quiet_steady_hum_is_the_room() -> None:
    hum = (np.sin(np.arange(RATE * 20) * 2 * np.pi * 50 / RATE) * 0.01).astype(np.float32)
    assert set(states(hum)) == {"silence"}


def test_a_louder_room_is_known_after_the_memory() -> None:
    found = states(np.concatenate([noise(30, -60), noise(30, -42, seed=1)]))
    speech = [WIN_SECONDS + STEP_SECONDS * k for k, state in enumerate(found) if state == "speech"]
    assert speech[0] == 30.5
    assert speech[-1] <= 30 + 12


def test_a_quieter_room_is_known_within_two_seconds() -> None:
    quiet_speech = noise(30, -75, seed=1)
    quiet_speech[RATE * 2 :] += syllables(28, -48)
    found = states(np.concatenate([noise(30, -45), quiet_speech]))
    first_word = round((32 - WIN_SECONDS) / STEP_SECONDS)
    assert set(found[first_word + 2 : first_word + 50]) == {"speech"}


@pytest.mark.parametrize(
    ("level", "floor", "state"),
    [
        (-60.1, -120.0, "silence"),
        (-60.0, -120.0, "speech"),
        (-44.1, -50.0, "silence"),
        (-44.0, -50.0, "speech"),
        (-29.0, -35.0, "speech"),
    ],
)
def test_the_two_bounds_of_the_gate(level: float, floor: float, state: State) -> None:
    assert GATE.state(level, floor, 0.0) == state


@given(st.data(), st.integers(0, 30_000), st.sampled_from((noise, syllables)))
def test_the_floor_does_not_depend_on_how_the_sound_is_cut(
    data: st.DataObject, num_samples: int, kind: Callable[[float, float], Samples]
) -> None:
    sound = kind(2.0, -40)[:num_samples]
    whole, cut_up = NoiseFloor(RATE), NoiseFloor(RATE)
    whole.push(sound)
    for cut in data.draw(cuts(len(sound))):
        cut_up.push(sound[cut])
    assert cut_up.dbfs == whole.dbfs


def test_the_floor_survives_a_gap_but_glues_nothing_across_it() -> None:
    floor = NoiseFloor(RATE)
    assert floor.dbfs == -120.0
    floor.push(noise(1.05, -50))
    known = floor.dbfs
    assert known == pytest.approx(-50, abs=0.5)
    floor.restart_after_gap()
    assert floor.dbfs == known
    floor.push(np.zeros(RATE // 20, np.float32))
    assert floor.dbfs == known, "half a slice before the gap and half after it are no slice"
