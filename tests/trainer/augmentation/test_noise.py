"""Noise at a known distance below speech whose level is known."""

import numpy as np
import pytest

from emotion.arrays import Samples
from tests.trainer.augmentation.material import RATE_HZ, bursts, rms, tone
from trainer.augmentation.catalogue import apply_condition
from trainer.augmentation.noise import active_level_dbfs, add_noise, babble, pink, white
from trainer.synthesis.sounds import SoundMaker


def with_pauses(speech: Samples, pause_seconds: float) -> Samples:
    silence = np.zeros(round(pause_seconds * RATE_HZ), dtype=np.float32)
    return np.concatenate([silence, speech, silence])


def test_a_steady_tone_s_active_level_is_its_level() -> None:
    assert active_level_dbfs(tone(440.0, amplitude=0.5), RATE_HZ) == pytest.approx(
        20 * np.log10(0.5 / np.sqrt(2)), abs=0.1
    )


def test_pauses_do_not_count() -> None:
    speech = tone(300.0, 4.0)
    alone = active_level_dbfs(speech, RATE_HZ)
    # P.56 lets activity hang over by 200 ms: here a twentieth of the time, 0.2 dB.
    assert active_level_dbfs(with_pauses(speech, 10.0), RATE_HZ) == pytest.approx(alone, abs=0.5)
    assert 20 * np.log10(rms(with_pauses(speech, 10.0)) / rms(speech)) < -7.0


@pytest.mark.parametrize("gain_db", [-40.0, -7.0, 6.0])
def test_a_gain_moves_the_active_level_by_itself(gain_db: float) -> None:
    speech = with_pauses(bursts(5.0), 2.0)
    louder = (speech * 10 ** (gain_db / 20)).astype(np.float32)
    expected = active_level_dbfs(speech, RATE_HZ) + gain_db
    assert active_level_dbfs(louder, RATE_HZ) == pytest.approx(expected, abs=0.01)


def test_silence_and_nothing_lie_at_the_lowest_level() -> None:
    assert active_level_dbfs(np.zeros(1000, dtype=np.float32), RATE_HZ) == -120.0
    assert active_level_dbfs(np.zeros(0, dtype=np.float32), RATE_HZ) == -120.0
    assert np.isfinite(active_level_dbfs(np.eye(1, 50_000, 25_000, dtype=np.float32)[0], RATE_HZ))


@pytest.mark.parametrize("make", [white, pink, babble])
@pytest.mark.parametrize("snr_db", [5.0, 10.0, 20.0])
def test_the_distance_is_exact(make: SoundMaker, snr_db: float) -> None:
    speech = with_pauses(bursts(6.0), 1.0)
    noise = add_noise(speech, RATE_HZ, snr_db, make, np.random.default_rng(0)) - speech
    level = 20 * np.log10(rms(noise))
    assert active_level_dbfs(speech, RATE_HZ) - level == pytest.approx(snr_db, abs=0.001)


def test_noise10_is_pink_ten_below_and_goes_on_in_the_pauses() -> None:
    speech = with_pauses(bursts(6.0), 2.0)
    noise = apply_condition("noise10", speech, RATE_HZ, np.random.default_rng(0)) - speech
    level = active_level_dbfs(speech, RATE_HZ)
    assert 20 * np.log10(rms(noise)) == pytest.approx(level - 10.0, abs=0.001)
    assert 20 * np.log10(rms(noise[: 2 * RATE_HZ])) == pytest.approx(level - 10.0, abs=1.5)


@pytest.mark.parametrize(("make", "fall_db"), [(white, 0.0), (pink, 3.0)])
def test_the_colour_of_the_noise(make: SoundMaker, fall_db: float) -> None:
    noise = make(RATE_HZ * 20, RATE_HZ, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequencies = np.fft.rfftfreq(len(noise), 1 / RATE_HZ)
    octaves = [
        10 * np.log10(power[(frequencies >= f) & (frequencies < 2 * f)].mean())
        for f in (125, 250, 500, 1000, 2000, 4000)
    ]
    np.testing.assert_allclose(np.diff(octaves), -fall_db, atol=0.5)


def test_babble_has_the_spectrum_of_speech_and_swells() -> None:
    noise = babble(RATE_HZ * 20, RATE_HZ, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequencies = np.fft.rfftfreq(len(noise), 1 / RATE_HZ)
    assert power[frequencies < 1500].sum() > 0.9 * power.sum()
    levels = {
        name: 10 * np.log10(np.mean(sound[: 100 * 3200].reshape(100, 3200) ** 2, axis=1)).std()
        for name, sound in (
            ("babble", noise),
            ("steady", white(RATE_HZ * 20, RATE_HZ, np.random.default_rng(0))),
        )
    }
    assert levels["babble"] > 1.0 > levels["steady"]


def test_noise_for_fitting_changes_its_kind() -> None:
    speech = bursts(240.0)
    noise = apply_condition("noise15", speech, RATE_HZ, np.random.default_rng(0)) - speech
    high = [
        np.abs(np.fft.rfft(part))[len(part) // 4 :].sum() / np.abs(np.fft.rfft(part)).sum()
        for part in noise.reshape(24, -1)
    ]
    # Half of white noise lies in the upper half of the band; of pink and babble far less.
    assert max(high) > 0.4
    assert min(high) < 0.2
