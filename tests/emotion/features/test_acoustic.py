"""`acoustic` as a whole: what it does not hear, and what it hears in sounds that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.arrays import Samples
from emotion.features.catalogue import feature_set
from emotion.features.windows_of_clip import window_vectors
from emotion.window_grid import WindowGrid
from tests.emotion.features.closeness import assert_close
from tests.emotion.features.sounds import SOUNDS, recorded
from tests.strategies import signals

ACOUSTIC = feature_set("acoustic")
GRID = WindowGrid(16_000, 5_000, 16_000)
RATE = 16_000


def values_of(samples: Samples) -> dict[str, float]:
    return dict(zip(ACOUSTIC.feature_names, ACOUSTIC.clip_vector(samples).tolist(), strict=True))


@given(signals(16_000, 30_000, kinds=("noise", "chirp", "pauses"), levels=(0.1, 0.02)), st.floats(-40, 20))
def test_a_gain_changes_nothing(samples: Samples, gain_db: float) -> None:
    louder = samples * np.float32(10 ** (gain_db / 20))
    assert_close(ACOUSTIC, window_vectors(ACOUSTIC, GRID, louder), window_vectors(ACOUSTIC, GRID, samples))


@pytest.mark.parametrize("gain_db", [-40, -20, -6, 20])
@pytest.mark.parametrize("name", SOUNDS)
def test_a_gain_changes_nothing_of_a_recording(name: str, gain_db: float) -> None:
    samples = recorded(name)
    louder = samples * np.float32(10 ** (gain_db / 20))
    assert_close(ACOUSTIC, ACOUSTIC.clip_vector(louder), ACOUSTIC.clip_vector(samples))


@pytest.mark.parametrize("offset", [-0.3, 0.01, 0.5])
def test_a_microphones_dc_changes_nothing(offset: float) -> None:
    samples = recorded("speech-like")[:40_000]
    shifted = ACOUSTIC.clip_vector(samples + np.float32(offset))
    assert_close(ACOUSTIC, shifted, ACOUSTIC.clip_vector(samples))


def test_names_lie_in_their_groups() -> None:
    assert ACOUSTIC.feature_names == tuple(sorted(ACOUSTIC.feature_names))


def voice(seconds: float, pitch_hz: float = 150) -> NDArray[np.float64]:
    time = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(
        0.1 * np.sum([np.sin(2 * np.pi * k * pitch_hz * time) / k for k in range(1, 11)], axis=0)
    )


def heard(samples: NDArray[np.float64]) -> dict[str, float]:
    noise = np.random.default_rng(1).standard_normal(len(samples))
    return values_of((samples + 1e-5 * noise).astype(np.float32))


def test_a_steady_voice_is_steady() -> None:
    values = heard(voice(2))
    assert values["voiced_pitch.semitones.p50"] == pytest.approx(12 * np.log2(150 / 160), abs=0.02)
    assert values["voiced.time.share"] == 1
    assert values["pause.time.share"] == 0
    for name in ("flux.mel.p90", "jitter.local.mean", "shimmer.local.mean", "level.frame.std"):
        assert values[name] < 0.1, name
    assert all(level < -45 for name, level in values.items() if name.startswith("modulation_"))


@pytest.mark.parametrize("rate_hz", [2, 4, 8, 12])
@pytest.mark.parametrize("pitch_hz", [180, 700])
@pytest.mark.parametrize("group", ["modulation_loudness", "modulation_rms"])
def test_the_articles_modulations_are_told_apart(group: str, rate_hz: int, pitch_hz: float) -> None:
    time = np.arange(2 * RATE) / RATE
    tone = np.sin(2 * np.pi * pitch_hz * time) * (1 + 0.3 * np.sin(2 * np.pi * rate_hz * time))
    values = heard(0.3 * tone)
    levels = {name: value for name, value in values.items() if name.startswith(f"{group}.")}
    strongest = max(levels, key=levels.__getitem__)
    assert strongest == f"{group}.hz_{rate_hz:02d}.level"
    assert levels[strongest] > 8 + max(level for name, level in levels.items() if name != strongest)


def test_pauses_have_the_lengths_they_were_given() -> None:
    pieces = [piece for _ in range(3) for piece in (voice(0.6), np.zeros(int(0.4 * RATE)))]
    values = heard(np.concatenate(pieces))
    # A frame counts by its middle 32 ms, and the taper is not asked: 20 dB under takes nearly all of them.
    assert values["pause.length.mean"] == pytest.approx(0.37, abs=0.03)
    assert values["pause.stretches.rate"] == pytest.approx(1, abs=0.05)
    assert values["voiced.length.mean"] == pytest.approx(0.6, abs=0.05)
    assert values["voiced.stretches.rate"] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("snr_db", [0, 6, 12])
def test_harmonicity_follows_the_noise(snr_db: float) -> None:
    clean = voice(3)
    noise = np.random.default_rng(1).standard_normal(len(clean))
    power = np.mean(clean**2)
    values = heard(clean + noise * np.sqrt(power / 10 ** (snr_db / 10)))
    # The low band, 1 kHz of 8, holds nearly all the voice and 1/8 of the noise.
    assert values["voiced_harmonicity.ratio.p50"] == pytest.approx(snr_db + 9, abs=2)


def test_silence_is_defined() -> None:
    values = values_of(np.zeros(2 * RATE, dtype=np.float32))
    assert values["voiced.time.share"] == 0
    assert values["voiced_pitch.semitones.p50"] == 0
    assert values["spectrum.entropy.mean"] == pytest.approx(1, abs=1e-4)
    assert values["modulation_loudness.hz_04.level"] <= 0
