"""Clips played faster or slower: other voices out of the same recordings."""

import numpy as np
import pytest

from tests.trainer.conditions.material import RATE_HZ, tone
from trainer.conditions.speed import LARGEST_CHANGE, speed


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
