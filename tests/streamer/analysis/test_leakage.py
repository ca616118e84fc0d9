"""Power envelopes, a leak distinguished from a voice by when it goes up and down, and who talks right now."""

import tracemalloc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.model import EmotionModel
from streamer.analysis.leakage import (
    MEMORY_SECONDS,
    REACH_SECONDS,
    Envelope,
    LeakageDetector,
    Powers,
    is_leakage,
    talks,
)
from streamer.events import STATES, State
from tests.session_parts import Rows, Watched, session_of
from tests.spoken import DEMO, SAMPLE_RATE
from tests.strategies import cuts, signals

RATE = 16_000


def envelope(samples: Samples, first_sample: int = 0, rate: int = RATE) -> Envelope:
    """Give the envelope of sound that came at once."""
    made = Envelope(rate)
    made.push(samples, first_sample)
    return made


def noise(seconds: float, dbfs: float, seed: int, rate: int = RATE) -> Samples:
    """Give white noise."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return np.asarray(white * 10 ** (dbfs / 20), dtype=np.float32)


def talk(seconds: float, dbfs: float, seed: int, rate: int = RATE, *, breaths: float = 0.15) -> Samples:
    """Give syllables of noise: about five a second, of many levels, a breath after some of them."""
    rng = np.random.default_rng(seed)
    num_samples = round(seconds * rate)
    gain = np.zeros(num_samples)
    at = 0
    while at < num_samples:
        length = round(rng.uniform(0.08, 0.25) * rate)
        shape = np.sin(np.linspace(0, np.pi, length)) ** 0.7 * 10 ** (rng.normal(0, 5) / 20)
        gain[at : at + length] = shape[: num_samples - at]
        at += length + round(
            (rng.uniform(0.2, 0.5) if rng.random() < breaths else rng.uniform(0, 0.06)) * rate
        )
    sound = rng.standard_normal(num_samples) * gain
    return np.asarray(sound * 10 ** (dbfs / 20) / np.sqrt(np.mean(sound**2)), dtype=np.float32)


def leaked(samples: Samples, decibels: float, *, delay_seconds: float, room: int | None = None) -> Samples:
    """Give what leaks of a leg into the other one, at 16 kHz; in a room of 0.4 s where its seed is given."""
    answer = np.ones(1)
    if room is not None:
        decay = 10 ** (-3 * np.arange(round(0.4 * RATE)) / (0.4 * RATE))
        answer = np.random.default_rng(room).standard_normal(len(decay)) * decay / np.sqrt(np.sum(decay**2))
    size = 1 << (len(samples) + len(answer)).bit_length()
    echoed = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(answer, size), size)
    late = np.concatenate([np.zeros(round(delay_seconds * RATE)), echoed])[: len(samples)]
    return np.asarray(late * 10 ** (decibels / 20), dtype=np.float32)


RATES = st.sampled_from((8_000, 11_025, 44_100, 48_000))


def frame_by_frame(samples: Samples, origin: int, rate: int) -> dict[int, float]:
    """Give the power of each whole frame, from the definition."""
    members: dict[int, list[float]] = {}
    for index, value in enumerate(samples.tolist(), origin):
        members.setdefault(index * 100 // rate, []).append(value)
    for cut_off in {(origin - 1) * 100 // rate, (origin + len(samples)) * 100 // rate}:
        members.pop(cut_off, None)
    return {frame: float(np.var(values)) for frame, values in members.items()}


def all_frames(made: Envelope, origin: int, num_samples: int, rate: int) -> tuple[int, Powers]:
    """Give the frames of a span and a little more on both sides, and the number of the first."""
    first = max(0, origin * 100 // rate - 2)
    end = (origin + num_samples) * 100 // rate + 3
    return first, made.frames(first / 100, end / 100)


@given(st.data(), RATES, st.integers(0, 10**8))
def test_frames_are_those_of_the_definition_however_the_sound_is_cut(
    data: st.DataObject, rate: int, origin: int
) -> None:
    sound = data.draw(signals(max_samples=4_000, kinds=("noise", "tone", "clicks", "constant")))
    cut_up = Envelope(rate)
    for cut in data.draw(cuts(len(sound))):
        cut_up.push(sound[cut], origin + cut.start)
    first, found = all_frames(cut_up, origin, len(sound), rate)
    expected = frame_by_frame(sound, origin, rate)
    for index, power in enumerate(found, first):
        assert power == pytest.approx(expected.get(index, np.nan), rel=1e-9, abs=1e-14, nan_ok=True)
    np.testing.assert_array_equal(
        found, all_frames(envelope(sound, origin, rate), origin, len(sound), rate)[1]
    )


@given(RATES, st.integers(0, 10**6), st.integers(0, 4_000), st.integers(1, 6_000))
def test_a_gap_leaves_frames_that_are_no_number_and_shifts_none(
    rate: int, origin: int, before: int, missing: int
) -> None:
    sound = np.random.default_rng(before).standard_normal(before + missing + 3_000).astype(np.float32)
    end_of_gap = before + missing
    made = Envelope(rate)
    made.push(sound[:before], origin)
    made.push(sound[end_of_gap:], origin + end_of_gap)
    first, whole = all_frames(envelope(sound, origin, rate), origin, len(sound), rate)
    _, found = all_frames(made, origin, len(sound), rate)
    for index, (with_gap, without) in enumerate(zip(found, whole, strict=True), first):
        begins, ends = -(-index * rate // 100) - origin, -(-(index + 1) * rate // 100) - origin
        if ends <= before or begins >= end_of_gap:
            np.testing.assert_equal(with_gap, without)
        else:
            assert np.isnan(with_gap)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
def test_eight_seconds_are_kept_and_no_more(rate: int) -> None:
    made = Envelope(rate)
    block = np.full(rate // 20, 0.5, np.float32) * np.resize([1, -1], rate // 20).astype(np.float32)
    tracemalloc.start()
    try:
        for first_sample in range(0, 20 * rate, len(block)):
            made.push(block, first_sample)
        assert tracemalloc.get_traced_memory()[0] < 12_000, "twenty seconds would be 16 kB"
    finally:
        tracemalloc.stop()
    found = made.frames(0.0, 25.0)
    assert len(found) == 2_500
    assert np.isnan(found[:1_200]).all()
    np.testing.assert_allclose(found[1_210:1_990], 0.25, rtol=0.01)
    assert np.isnan(found[2_006:]).all()


def test_after_a_long_gap_nothing_old_stands_in_its_place() -> None:
    made = Envelope(8_000)
    made.push(np.ones(8_000, np.float32), 0)
    made.push(np.ones(8_000, np.float32), 8_000 * 9)
    found = made.frames(2.0, 10.0)
    assert np.isnan(found[:700]).all()
    assert (found[700:] == 0.0).all()


def test_more_than_is_kept_may_come_at_once() -> None:
    loud = np.random.default_rng(1).standard_normal(8_000 * 30).astype(np.float32)
    found = envelope(loud, 0, 8_000).frames(20.0, 30.0)
    assert np.isnan(found[:200]).all()
    np.testing.assert_allclose(found[200:], np.var(loud[8_000 * 22 :].reshape(-1, 80).astype(float), axis=1))


def test_windows_of_one_length_have_as_many_frames_wherever_they_begin() -> None:
    made = Envelope(8_000)
    starts = np.random.default_rng(2).uniform(0, 10_000, 200)
    assert {len(made.frames(start, start + 2.0)) for start in starts} == {200}
    assert len(made.frames(-0.35, 2.0)) == 235


def test_a_source_that_counts_backwards_is_refused() -> None:
    made = envelope(np.zeros(100, np.float32), 1_000)
    with pytest.raises(ValueError, match="1099 was told as the next sample after 1100"):
        made.push(np.zeros(10, np.float32), 1_099)


def test_the_blocks_may_be_used_again_by_who_gave_them() -> None:
    block = np.resize(np.array([0.5, -0.5], np.float32), 120)
    made = envelope(block, 0, 8_000)
    block[:] = 0.0
    made.push(np.resize(np.array([0.5, -0.5], np.float32), 40), 120)
    np.testing.assert_allclose(made.frames(0.0, 0.02), 0.25)


SECONDS = 6.0
WIN_SECONDS = 2.0


def verdicts(own: Samples, other: Samples) -> list[bool]:
    """Ask about windows of 2 s, each 0.5 s."""
    mine, theirs = envelope(own), envelope(other)
    ends = np.arange(WIN_SECONDS, len(own) / RATE + 0.01, 0.5)
    return [
        is_leakage(
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
        assert not is_leakage(np.full(200, power * 0.01), np.full(235, power))


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
    assert is_leakage(envelope(own).frames(0.0, WIN_SECONDS), first)


@given(st.integers(0, 40), st.integers(0, 40))
def test_where_a_tenth_is_missing_the_rest_decides(own_from: int, other_from: int) -> None:
    mine, theirs = (frames.copy() for frames in leak_and_source())
    mine[own_from * 4 : own_from * 4 + 20] = np.nan
    theirs[other_from * 5 : other_from * 5 + 20] = np.nan
    assert is_leakage(mine, theirs)


def test_where_too_much_is_missing_nothing_is_a_leak() -> None:
    mine, theirs = (frames.copy() for frames in leak_and_source())
    assert is_leakage(mine, theirs)
    for frames in (mine, theirs):
        missing = frames.copy()
        missing[60:150] = np.nan
        assert not is_leakage(missing if frames is mine else mine, missing if frames is theirs else theirs)
    assert not is_leakage(np.full(200, np.nan), theirs)
    assert not is_leakage(mine, np.full(235, np.nan))
    assert not is_leakage(mine[:4], theirs[:39])


@pytest.mark.parametrize("decibels", [-60, -20, 20])
def test_loudness_alone_changes_nothing(decibels: int) -> None:
    other = talk(2.5, -26, 9)
    theirs = envelope(other).frames(0.15, 2.5)
    for own, expected in ((leaked(other, -20, delay_seconds=0.1), True), (talk(2.5, -46, 10), False)):
        mine = envelope(own).frames(0.5, 2.5)
        assert is_leakage(mine * 10.0 ** (decibels / 10), theirs * 10.0 ** (decibels / 10)) == expected


STEP = 50


def steps(sound: Samples, state: State = "speech", *, rate: int = RATE) -> list[bool]:
    """Tell of the last half second of each window of 2 s; all of them in one state."""
    ends = np.arange(2.0, len(sound) / rate + 0.01, 0.5).tolist()
    flags = []
    for end in ends:
        # Pushed as it comes: an envelope does not keep all that a test is made of.
        so_far = envelope(sound[: round(end * rate)], 0, rate)
        flags.append(talks(so_far.frames(end - MEMORY_SECONDS, end), STEP, state))
    return flags


@pytest.mark.parametrize("room_dbfs", [-75, -60, -45])
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_talk_is_distinguished_from_the_pause_after_it_step_by_step(room_dbfs: float, rate: int) -> None:
    sound = noise(9.5, room_dbfs, 1, rate)
    sound[4 * rate : 8 * rate] += talk(4.0, -26, 2, rate, breaths=0)
    # All these windows hold some of the talk.
    assert steps(sound, rate=rate)[5:] == [True] * 8 + [False] * 3


def test_who_begins_talks_in_the_same_step() -> None:
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


def test_missing_sound_is_no_talk() -> None:
    past = envelope(talk(4.0, -26, 4, breaths=0)).frames(0.0, 4.0)
    assert talks(past, STEP, "speech")
    past[-STEP:] = np.nan
    assert not talks(past, STEP, "speech")
    assert not talks(np.full(800, np.nan), STEP, "speech")


@pytest.mark.parametrize("decibels", [-60, -20, 20])
@pytest.mark.parametrize("ends", [0, 1, 3])
def test_loudness_alone_changes_nothing_of_talk(decibels: int, ends: int) -> None:
    sound = noise(6.0, -60, 1)
    sound[2 * RATE : 4 * RATE] += talk(2.0, -26, 3, breaths=0)
    past = envelope(sound).frames(0.0, 4.0 + ends * 0.5)
    assert talks(past * 10.0 ** (decibels / 10), STEP, "speech") == talks(past, STEP, "speech") == (ends == 0)


@pytest.fixture(scope="module")
def leak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's first seconds on the left; on the right what leaks of them, a tenth as loud, 50 ms late."""
    demo, _ = soundfile.read(DEMO, dtype="float32", frames=11 * SAMPLE_RATE)
    late = np.concatenate([np.zeros(SAMPLE_RATE // 20, np.float32), demo])[: len(demo)]
    path = tmp_path_factory.mktemp("leak") / "leak.wav"
    soundfile.write(path, np.stack([demo, 0.1 * late], axis=1), SAMPLE_RATE)
    return path


def test_headphones_are_advised_once(leak: Path, tiny_model: EmotionModel) -> None:
    screen, rows = Watched(), Rows()
    session_of(leak, tiny_model, rows, screen=screen).run()
    messages = screen.snapshots[-1].messages
    assert messages == ("right hears the other leg; headphones would help",)
    by_leg = {leg: [row.state for row in rows.rows if row.leg == leg] for leg in ("left", "right")}
    assert "speech" in by_leg["left"]
    assert "speech" not in by_leg["right"]
    assert screen.snapshots[-1].overlap_seconds == 0.0


def test_missing_sound_leaks_nowhere() -> None:
    leakage = LeakageDetector({"left": SAMPLE_RATE, "right": SAMPLE_RATE})
    noise = np.random.default_rng(0).normal(0, 0.1, (3 * SAMPLE_RATE, 1)).astype(np.float32)
    leakage.push("left", noise, 0)
    assert not leakage.is_leak("left", 0.5, 2.5)
    assert not leakage.is_leak("right", 0.5, 2.5)
    assert list(leakage.leaking) == []
