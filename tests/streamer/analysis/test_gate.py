"""Speech, silence, noise and clipped sound are distinguished, however the sound is cut."""

import time
import tracemalloc
import weakref
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples, read_only
from emotion.audio_io import read_mono
from emotion.errors import UsageError
from emotion.features.catalogue import feature_set
from emotion.signal import level_dbfs
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import FULL_SCALE_LEVEL, ClippingMeter, Gate, NoiseFloor, PieceCutter
from streamer.analysis.windows import GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import AudioBlock, State
from tests.spoken import DEMO
from tests.strategies import cuts
from trainer.synthesis.sounds import KINDS, synthesise_sound


@given(st.data(), st.integers(1, 50), st.integers(1, 50), st.integers(0, 400))
def test_pieces_follow_each_other_without_loss(
    data: st.DataObject, first: int, then: int, num_samples: int
) -> None:
    samples = np.arange(num_samples, dtype=np.float32)
    cutter = PieceCutter(first, then)
    pieces = [piece for cut in data.draw(cuts(num_samples)) for piece in cutter.push(samples[cut])]
    assert [len(piece) for piece in pieces] == ([first] + [then] * len(pieces))[: len(pieces)]
    joined = np.concatenate([np.empty(0, np.float32), *pieces])
    assert np.array_equal(joined, samples[: len(joined)])
    rest = num_samples - len(joined)
    assert 0 <= rest < (then if pieces else first)


def test_a_small_rest_does_not_keep_a_large_block() -> None:
    cutter = PieceCutter(10, 10)
    block = np.zeros(1_000_005, np.float32)
    alive = weakref.ref(block)
    for piece in cutter.push(block):
        assert len(piece) == 10
    del block, piece
    assert cutter.num_missing == 5, "five samples are kept"
    assert alive() is None


def test_it_tells_how_much_the_next_piece_lacks() -> None:
    cutter = PieceCutter(10, 5)
    missing = [cutter.num_missing]
    for length in (3, 7, 4):
        assert sum(1 for _ in cutter.push(np.zeros(length, np.float32))) == (length == 7)
        missing.append(cutter.num_missing)
    assert missing == [10, 7, 5, 1]


def loud(num_samples: int, seed: int, channels: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(0, 0.6, (num_samples, channels)), -1, 1).astype(np.float32)


@given(st.data())
def test_the_share_is_counted_in_samples_of_the_source(data: st.DataObject) -> None:
    sound = loud(data.draw(st.integers(1, 3_000)), 3, data.draw(st.integers(1, 3)))
    origin = data.draw(st.integers(0, 10**9))
    meter = ClippingMeter()
    for cut in data.draw(cuts(len(sound))):
        meter.push(sound[cut], origin + cut.start)
    starts = sorted(data.draw(st.lists(st.integers(0, len(sound) - 1), min_size=1, max_size=5)))
    for start in starts:
        end = min(len(sound), start + 500)
        expected = float(np.mean(np.any(np.abs(sound[start:end]) >= FULL_SCALE_LEVEL, axis=1)))
        assert meter.share(origin + start, origin + end) == pytest.approx(expected)


@pytest.mark.parametrize(("value", "share"), [(0.96, 0.0), (0.98, 1.0), (-0.98, 1.0)])
def test_the_loudest_code_of_a_telephone_is_full_scale(value: float, share: float) -> None:
    meter = ClippingMeter()
    meter.push(np.full((100, 1), value, np.float32), 0)
    assert meter.share(0, 100) == share


def test_what_lies_before_the_window_is_forgotten() -> None:
    meter, block = ClippingMeter(), np.ones((100, 1), np.float32)

    def take(first_samples: range) -> None:
        for first in first_samples:
            meter.push(block, first)
            assert meter.share(max(0, first - 900), first + 100) == 1.0

    take(range(0, 10_000, 100))
    tracemalloc.start()
    try:
        take(range(10_000, 110_000, 100))
        assert tracemalloc.get_traced_memory()[0] < 50_000, "a thousand blocks would be 800 kB"
    finally:
        tracemalloc.stop()


RATE = 16_000
GRID = WindowGrid.from_seconds(2.0, 0.5, RATE)


def states_of(samples: Samples, rate: int = RATE, lengths: tuple[int, ...] = ()) -> list[State]:
    """Give the state of each window, the sound handed over in blocks of given lengths, then the rest."""
    analyser = WindowAnalyser("mono", feature_set("acoustic"), GRID, rate, WindowOptions(gate="voice"))
    states: list[State] = []
    first = 0
    for length in (*lengths, len(samples)):
        part = samples[first : first + length, None].copy()
        if len(part):
            given_back = analyser.push(AudioBlock(read_only(part), first, time.monotonic()))
            states += [each.state for each in given_back if isinstance(each, GatedWindow)]
        first += len(part)
    return states + [each.state for each in analyser.finish() if isinstance(each, GatedWindow)]


@pytest.mark.parametrize("kind", KINDS)
def test_sound_without_speech_is_no_speech(kind: str) -> None:
    counts = Counter(
        state for seed in range(6) for state in states_of(synthesise_sound(kind, 8.0, RATE, seed))
    )
    assert set(counts) <= {"noise", "silence", "speech"}
    assert counts["speech"] <= 0.02 * counts.total()


@pytest.mark.parametrize("seed", [3019, 3056, 3084])
def test_a_siren_is_no_speech_though_its_pitch_moves_as_a_voice_does(seed: int) -> None:
    assert "speech" not in states_of(synthesise_sound("sirens", 20.0, RATE, seed))


@pytest.mark.parametrize(
    ("cut", "early"), [(87_696, 1_600), (108_928, 1_600), (278_784, 0), (342_480, 0), (342_480, 1_600)]
)
def test_a_window_that_only_follows_a_voice_is_no_speech(cut: int, early: int) -> None:
    speech, rate = demo_speech()
    assert rate == RATE
    end = 3 * RATE - early
    begin = int(np.flatnonzero(np.abs(speech) > 0.02)[0]) + cut - end
    sound = synthesise_sound("steady noise", 8.0, RATE, 1, rms_dbfs=-50.0)
    sound[max(0, -begin) : end] += speech[max(0, begin) : begin + end]
    states = states_of(sound)
    assert set(states[:4]) == {"speech"}
    assert "speech" not in states[6:], f"they begin {early} samples after the voice has ended, or later"


def test_nothing_and_nearly_nothing_is_silence() -> None:
    assert set(states_of(np.zeros(6 * RATE, np.float32))) == {"silence"}
    assert set(states_of(synthesise_sound("steady noise", 8.0, RATE, 1, rms_dbfs=-65.0))) == {"silence"}


@pytest.mark.parametrize("gain_db", [0.0, -20.0, -34.0])
def test_speech_is_speech_however_quiet(gain_db: float) -> None:
    speech, rate = demo_speech()
    states = Counter(states_of(speech * np.float32(10 ** (gain_db / 20)), rate))
    # A sixth of it are pauses.
    assert states["speech"] >= 0.8 * states.total()


@pytest.mark.parametrize("over_db", [20.0, 30.0])
def test_speech_at_full_scale_is_clipped(over_db: float) -> None:
    speech, rate = demo_speech()
    loud = speech / np.abs(speech).max() * np.float32(10 ** (over_db / 20))
    states = Counter(states_of(np.clip(loud, -1.0, 1.0), rate))
    assert states["clipped"] >= 0.75 * states.total()


def test_half_a_second_of_speech_after_long_noise_is_speech_in_the_first_window_that_holds_it() -> None:
    speech, rate = demo_speech()
    assert rate == RATE
    word = speech[np.flatnonzero(np.abs(speech) > 0.02)[0] :][: RATE // 2]
    room = synthesise_sound("steady noise", 10.0, RATE, 0, rms_dbfs=-50.0)
    sound = np.concatenate([room, word])
    assert states_of(sound)[-1] == "speech", "half a second of it, at the very end"
    assert "speech" not in states_of(room)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_states_do_not_depend_on_how_the_sound_is_cut(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    rate = data.draw(st.sampled_from((8_000, 16_000, 44_100)))
    sound = synthesise_sound(kind, data.draw(st.floats(1.9, 4.0)), rate, 1)
    lengths = tuple(cut.stop - cut.start for cut in data.draw(cuts(len(sound))))
    assert states_of(sound, rate, lengths) == states_of(sound, rate)


def test_a_gate_for_voices_wants_the_rate_of_its_network() -> None:
    with pytest.raises(UsageError, match=r"16000 Hz, and this model hears at 22050 Hz: .* `level`"):
        Gate("voice", WindowGrid.from_seconds(2.0, 0.5, 22_050))


def demo_speech() -> tuple[Samples, int]:
    """Give the speech of a synthesiser, at a usual level."""
    audio = read_mono(DEMO)
    return audio.samples, audio.sample_rate


WIN_SECONDS, STEP_SECONDS = 2.0, 0.5
GATE = Gate("level", WindowGrid.from_seconds(WIN_SECONDS, STEP_SECONDS, RATE))


def states(samples: Samples) -> list[State]:
    """Give the state of each window of 2 s, each 0.5 s."""
    floor = NoiseFloor(RATE)
    found: list[State] = []
    win, step = round(WIN_SECONDS * RATE), round(STEP_SECONDS * RATE)
    begin = 0
    for end in range(win, len(samples) + 1, step):
        floor.push(samples[begin:end])
        begin = end
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
    """Give six syllables of a buzz, a breath, six syllables, ...; of this loudness while they sound."""
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


def test_a_quarter_of_a_second_of_speech_is_enough() -> None:
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
