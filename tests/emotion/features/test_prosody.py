"""Pitch and voicing on sounds whose pitch is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.features.prosody import NUM_TAPS, LowBand, PitchTracker, low_pass_taps

RATE, LENGTH, HOP = 16_000, 960, 160
TRACKER = PitchTracker(RATE, LENGTH, HOP)
VOICED = 0.5


def frames_of(samples: Samples) -> FloatArray:
    return np.lib.stride_tricks.sliding_window_view(samples, LENGTH)[::HOP]


def track(samples: Samples) -> tuple[FloatArray, FloatArray]:
    frames = frames_of(samples)
    return TRACKER(frames, frames.var(axis=1))


def with_noise(clean: NDArray[np.float64], snr_db: float | None) -> Samples:
    if snr_db is not None:
        noise = np.random.default_rng(1).standard_normal(len(clean))
        clean = clean + noise * np.sqrt(np.mean(clean**2) / 10 ** (snr_db / 10))
    return (0.1 * clean).astype(np.float32)


def harmonic_glide(seconds: float, low_hz: float, high_hz: float) -> tuple[NDArray[np.float64], FloatArray]:
    """Give ten harmonics falling as 1/k, and the pitch in the middle of each frame."""
    time = np.arange(int(seconds * RATE)) / RATE
    pitch_hz = low_hz * (high_hz / low_hz) ** (time / seconds)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE
    clean = np.sum([np.sin(k * phase) / k for k in range(1, 11)], axis=0)
    middles = np.arange((len(time) - LENGTH) // HOP + 1) * HOP + LENGTH // 2
    return clean, pitch_hz[middles].astype(np.float32)


@pytest.mark.parametrize("seconds", [1, 3, 10])
@pytest.mark.parametrize("ends", [(80, 400), (400, 80)])
@pytest.mark.parametrize("snr_db", [None, 10])
def test_a_glide_is_followed(seconds: float, ends: tuple[float, float], snr_db: float | None) -> None:
    clean, wanted = harmonic_glide(seconds, *ends)
    pitch_hz, strength = track(with_noise(clean, snr_db))
    voiced = strength > VOICED
    cents = 1200 * np.log2(pitch_hz[voiced] / wanted[voiced])
    octave_errors = np.count_nonzero(np.abs(np.abs(cents) - 1200) < 100)
    assert voiced.mean() > 0.98
    assert np.mean(np.abs(cents) < 50) >= 0.98
    assert octave_errors <= 0.005 * len(cents)


@pytest.mark.parametrize("frequency_hz", [77, 85, 100, 150, 220, 330, 480])
def test_a_steady_tone_has_its_pitch_within_ten_cents(frequency_hz: float) -> None:
    tone = np.sin(2 * np.pi * frequency_hz * np.arange(RATE) / RATE)
    pitch_hz, strength = track(with_noise(tone, None))
    assert np.abs(1200 * np.log2(pitch_hz / frequency_hz)).max() < 10
    assert strength.min() > 0.99


@pytest.mark.parametrize("snr_db", [0, 6, 12, 20])
def test_strength_is_the_periodic_share_of_the_low_band(snr_db: float) -> None:
    """Boersma's: r is the power of the periodic part over all power, here of what the low-pass lets by."""
    tone = np.sin(2 * np.pi * 200 * np.arange(10 * RATE) / RATE)
    gain = float(np.sum(low_pass_taps(RATE).astype(float) ** 2))
    response = np.abs(np.exp(-2j * np.pi * 200 / RATE * np.arange(NUM_TAPS)) @ low_pass_taps(RATE)) ** 2
    snr = 10 ** (snr_db / 10) * response / gain
    _, strength = track(with_noise(tone, snr_db))
    assert np.mean(strength) == pytest.approx(snr / (1 + snr), abs=0.03)


def test_noise_silence_and_a_rumble_have_no_pitch() -> None:
    noise = np.random.default_rng(1).standard_normal(4 * RATE).astype(np.float32)
    rumble = np.sin(2 * np.pi * 20 * np.arange(4 * RATE) / RATE).astype(np.float32)
    assert np.mean(track(noise)[1] > VOICED) < 0.05
    assert not track(np.zeros(4 * RATE, dtype=np.float32))[1].any()
    assert np.mean(track(rumble)[1] > VOICED) < 0.05


def test_an_inaudible_low_band_has_no_pitch() -> None:
    time = np.arange(RATE) / RATE
    hiss = np.random.default_rng(1).standard_normal(RATE)
    hum = 1e-3 * np.sin(2 * np.pi * 100 * time)
    high = np.diff(hiss, n=8, append=np.zeros(8))
    assert np.mean(track((high + hum).astype(np.float32))[1] > VOICED) < 0.05


def test_the_correlation_is_the_one_that_numpy_gives() -> None:
    samples = np.random.default_rng(1).standard_normal(LENGTH + 3 * HOP).astype(np.float32)
    frames = frames_of(samples)
    low = LowBand(RATE, HOP)(samples).astype(float)
    found = TRACKER.correlation(frames, np.zeros(len(frames), dtype=np.float32))
    for frame in range(len(frames)):
        for place, lag in enumerate(range(5, 45)):
            first = 32 * frame + (44 - lag) // 2
            wanted = np.corrcoef(low[first : first + 128], low[first + lag : first + lag + 128])[0, 1]
            assert found[place, frame] == pytest.approx(wanted, abs=2e-5)


def test_the_low_band_is_the_filtered_sound_thinned_out() -> None:
    samples = np.random.default_rng(1).standard_normal(LENGTH + 2 * HOP).astype(np.float32)
    wanted = np.convolve(samples.astype(float), low_pass_taps(RATE)[::-1], mode="valid")[::5]
    np.testing.assert_allclose(LowBand(RATE, HOP)(samples)[: len(wanted)], wanted, atol=1e-6)


def test_frames_too_short_for_the_longest_period_are_refused() -> None:
    with pytest.raises(ValueError, match="pitch needs 935"):
        PitchTracker(RATE, 934, HOP)
