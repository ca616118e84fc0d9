"""Sounds that are no speech: of their level, the same by seed, and what their names say."""

import numpy as np
import pytest

from emotion.signal import level_dbfs
from trainer.synthesis.sounds import KINDS, synthesise_sound

RATE = 16_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [8_000, 22_050])
def test_a_sound_has_its_length_and_level_and_comes_again(kind: str, rate: int) -> None:
    sound = synthesise_sound(kind, 3.0, rate, seed=4, rms_dbfs=-32.0)
    assert sound.shape == (3 * rate,)
    assert sound.dtype == np.float32
    assert level_dbfs(sound) == pytest.approx(-32.0, abs=0.3)
    assert np.array_equal(sound, synthesise_sound(kind, 3.0, rate, seed=4, rms_dbfs=-32.0))
    assert not np.array_equal(sound, synthesise_sound(kind, 3.0, rate, seed=5, rms_dbfs=-32.0))


@pytest.mark.parametrize("kind", KINDS)
def test_no_sound_passes_full_scale(kind: str) -> None:
    assert np.abs(synthesise_sound(kind, 3.0, RATE, seed=1, rms_dbfs=-1.0)).max() <= np.float32(0.98)


def peakedness(kind: str) -> float:
    """Give the share of the power in the strongest hundredth of the spectrum."""
    shares = []
    for seed in range(5):
        power = np.sort(np.abs(np.fft.rfft(synthesise_sound(kind, 4.0, RATE, seed))) ** 2)
        shares.append(power[-len(power) // 100 :].sum() / power.sum())
    return float(np.median(shares))


def test_tones_are_tones_and_noises_are_none() -> None:
    for kind in ("tones", "telephone tones"):
        assert peakedness(kind) > 0.8, kind
    for kind in ("breath", "knocks"):
        assert peakedness(kind) < 0.5, kind
