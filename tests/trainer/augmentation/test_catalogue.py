"""Every condition keeps length, range and determinism."""

import numpy as np
import pytest

from emotion.arrays import Samples
from emotion.errors import UsageError
from emotion.signal import level_dbfs
from tests.trainer.augmentation.material import RATE_HZ, bursts, delay_of, rms, tone
from trainer.augmentation.catalogue import (
    CONDITIONS,
    EVALUATION_CONDITIONS,
    LARGEST_CHANGE,
    apply_condition,
    apply_to_clip,
    speed,
)
from trainer.augmentation.channel import LONGEST_SECONDS, SHORTEST_SECONDS, in_passages

OF_STREAMS = [name for name, condition in CONDITIONS.items() if not condition.of_clips]


@pytest.mark.parametrize("name", [*OF_STREAMS, "reverb+phone"])
def test_sound_keeps_its_length_its_place_and_its_kind(name: str) -> None:
    speech = bursts(12.3)
    before = speech.copy()
    heard = apply_condition(name, speech, RATE_HZ, np.random.default_rng(3))
    np.testing.assert_array_equal(speech, before)
    assert heard.dtype == np.float32
    assert heard.shape == speech.shape
    assert np.isfinite(heard).all()
    assert abs(delay_of(heard, speech)) <= 1
    assert (name == "clean") == np.array_equal(heard, speech)


@pytest.mark.parametrize("name", OF_STREAMS)
def test_the_seed_decides_about_every_bit(name: str) -> None:
    speech = bursts(6.0)
    first, second, other = (
        apply_condition(name, speech, RATE_HZ, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, second)
    assert np.array_equal(first, other) == (name in {"clean", "phone", "gsm"})


@pytest.mark.parametrize("name", OF_STREAMS)
@pytest.mark.parametrize("num_samples", [0, 1, 2, 100, 4001])
def test_the_shortest_sound_passes(name: str, num_samples: int) -> None:
    speech = bursts(1.0)[3000 : 3000 + num_samples]
    assert apply_condition(name, speech, RATE_HZ, np.random.default_rng(0)).shape == (num_samples,)


@pytest.mark.parametrize("name", OF_STREAMS)
def test_silence_stays_far_below_any_speech(name: str) -> None:
    heard = apply_condition(name, np.zeros(RATE_HZ, dtype=np.float32), RATE_HZ, np.random.default_rng(0))
    assert level_dbfs(heard) < -80.0


def test_what_evaluation_hears_is_known_by_name() -> None:
    assert set(EVALUATION_CONDITIONS) <= set(OF_STREAMS)


def test_an_unknown_condition_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'fax'.*clean, phone, noise10"):
        apply_condition("phone+fax", bursts(1.0), RATE_HZ, np.random.default_rng(0))


@pytest.mark.parametrize("name", ["speed+phone", "phone+speed"])
def test_what_is_of_clips_befalls_clips_and_the_rest_streams(name: str) -> None:
    speech = bursts(3.0)
    of_stream, phone = (
        apply_condition(each, speech, RATE_HZ, np.random.default_rng(0)) for each in (name, "phone")
    )
    np.testing.assert_array_equal(of_stream, phone)
    of_clip, speed = (
        apply_to_clip(each, speech, RATE_HZ, np.random.default_rng(0)) for each in (name, "speed")
    )
    np.testing.assert_array_equal(of_clip, speed)
    assert len(of_clip) != len(speech)
    assert apply_to_clip("phone", speech, RATE_HZ, np.random.default_rng(0)) is speech


def test_another_rate_is_refused() -> None:
    with pytest.raises(UsageError, match="16000 Hz, not 8000 Hz"):
        apply_condition("phone", bursts(1.0), 8000, np.random.default_rng(0))


def test_joined_conditions_come_one_after_another() -> None:
    speech = bursts(3.0)
    rng = np.random.default_rng(1)
    by_hand = apply_condition("phone", apply_condition("noise20", speech, RATE_HZ, rng), RATE_HZ, rng)
    joined = apply_condition("noise20+phone", speech, RATE_HZ, np.random.default_rng(1))
    np.testing.assert_array_equal(joined, by_hand)


def test_passages_are_neither_short_nor_long_and_lose_nothing() -> None:
    lengths: list[int] = []

    @in_passages
    def note(passage: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
        lengths.append(len(passage))
        return passage

    ramp = np.arange(300 * 100, dtype=np.float32)
    np.testing.assert_array_equal(note(ramp, 100, np.random.default_rng(0)), ramp)
    assert len(lengths) > 5
    assert min(lengths) >= SHORTEST_SECONDS * 100
    assert max(lengths[:-1]) <= LONGEST_SECONDS * 100
    assert lengths[-1] <= (SHORTEST_SECONDS + LONGEST_SECONDS) * 100


def test_gain_lies_in_its_bounds_and_differs_between_passages() -> None:
    speech = np.full(200 * RATE_HZ, 0.01, dtype=np.float32)
    factors_db = 20 * np.log10(
        np.unique(apply_condition("gain", speech, RATE_HZ, np.random.default_rng(0)) / 0.01)
    )
    assert len(factors_db) > 3
    assert factors_db.min() > -30.01
    assert factors_db.max() < 10.01


def test_gain_passes_no_full_scale() -> None:
    loud = [
        np.abs(apply_condition("gain", bursts(1.0, amplitude=0.9), RATE_HZ, np.random.default_rng(s))).max()
        for s in range(20)
    ]
    assert max(loud) == 1.0


def test_clipping_cuts_a_few_percent() -> None:
    speech = bursts(10.0)
    for seed in range(10):
        heard = apply_condition("clip", speech, RATE_HZ, np.random.default_rng(seed))
        share = float(np.mean(heard != speech))
        assert 0.004 < share < 0.051
        assert len(np.unique(np.abs(heard[heard != speech]))) == 1


def test_reverberation_fills_the_pauses_and_keeps_the_level() -> None:
    speech = bursts(10.0)
    pauses = np.flatnonzero(np.abs(speech) == 0.0)
    for seed in range(5):
        heard = apply_condition("reverb", speech, RATE_HZ, np.random.default_rng(seed))
        assert rms(heard) == pytest.approx(rms(speech), rel=1e-4)
        assert rms(heard[pauses]) > 0.003 * rms(speech)


def test_opus_at_a_low_rate_is_heard() -> None:
    speech = bursts(5.0)
    error = apply_condition("opus", speech, RATE_HZ, np.random.default_rng(0)) - speech
    assert -25.0 < 20 * np.log10(rms(error) / rms(speech)) < 0.0


def test_varied_passages_go_through_chains_of_all_kinds() -> None:
    speech = bursts(3.0)
    pauses = np.flatnonzero(np.abs(speech) == 0.0)
    narrow, quiet = set(), set()
    for seed in range(30):
        heard = apply_condition("varied", speech, RATE_HZ, np.random.default_rng(seed))
        power = np.abs(np.fft.rfft(heard)) ** 2
        above_4_khz = power[len(power) // 2 :].sum() / power.sum()
        narrow.add(bool(above_4_khz < 1e-4))
        quiet.add(bool(rms(heard[pauses]) < 0.02 * rms(speech)))
    assert narrow == quiet == {False, True}


def test_what_becomes_shorter_becomes_higher() -> None:
    ratios = []
    for seed in range(40):
        heard = speed(tone(500.0), RATE_HZ, np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
        hertz = spectrum.argmax() * RATE_HZ / len(heard)
        ratios.append(len(tone(500.0)) / len(heard))
        assert hertz == pytest.approx(500.0 * ratios[-1], abs=0.6 * RATE_HZ / len(heard))
    changes = np.log(ratios)
    assert np.abs(changes).max() <= LARGEST_CHANGE + 1e-4
    assert changes.min() < -0.1
    assert changes.max() > 0.1


def test_the_generator_decides_about_every_bit() -> None:
    first, second, other = (speed(tone(500.0), RATE_HZ, np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert len(first) != len(other)
    assert first.dtype == np.float32


@pytest.mark.parametrize("num_samples", [0, 1, 100])
def test_the_shortest_clip_passes(num_samples: int) -> None:
    heard = speed(tone(500.0)[:num_samples], RATE_HZ, np.random.default_rng(0))
    assert abs(len(heard) - num_samples) <= 0.18 * num_samples + 1
