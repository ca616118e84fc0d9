"""`acoustic`: independent of level, and right on sounds whose values are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.features.acoustic import ROBUST_FUNCTIONALS, summarise_robustly
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set
from emotion.features.prosody import (
    CENTRES_HZ,
    PERTURBATION,
    describe_perturbation,
    describe_runs,
    modulation_levels,
    peak_rate,
)
from emotion.features.spectral import BALANCE, Loudness, SpectralBalance, deltas, flux
from emotion.features.spectrum import PowerSpectrum, hann_taper, mel_band_edges, mel_filterbank
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


def described(samples: NDArray[np.float64]) -> dict[str, float]:
    noise = np.random.default_rng(1).standard_normal(len(samples))
    return values_of((samples + 1e-5 * noise).astype(np.float32))


def test_a_steady_voice_is_steady() -> None:
    values = described(voice(2))
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
    values = described(0.3 * tone)
    levels = {name: value for name, value in values.items() if name.startswith(f"{group}.")}
    strongest = max(levels, key=levels.__getitem__)
    assert strongest == f"{group}.hz_{rate_hz:02d}.level"
    assert levels[strongest] > 8 + max(level for name, level in levels.items() if name != strongest)


def test_pauses_have_the_lengths_they_were_given() -> None:
    pieces = [piece for _ in range(3) for piece in (voice(0.6), np.zeros(int(0.4 * RATE)))]
    values = described(np.concatenate(pieces))
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
    values = described(clean + noise * np.sqrt(power / 10 ** (snr_db / 10)))
    # The low band, 1 kHz of 8, holds nearly all the voice and 1/8 of the noise.
    assert values["voiced_harmonicity.ratio.p50"] == pytest.approx(snr_db + 9, abs=2)


def test_silence_is_defined() -> None:
    values = values_of(np.zeros(2 * RATE, dtype=np.float32))
    assert values["voiced.time.share"] == 0
    assert values["voiced_pitch.semitones.p50"] == 0
    assert values["spectrum.entropy.mean"] == pytest.approx(1, abs=1e-4)
    assert values["modulation_loudness.hz_04.level"] <= 0


Signal = NDArray[np.float64]
RATE_HZ, LENGTH = 16_000, 512
BINS_HZ = np.fft.rfftfreq(LENGTH, 1 / RATE_HZ)
NUM_MELS, HIGHEST_HZ = 26, 7000.0
EDGES_HZ = mel_band_edges(NUM_MELS, HIGHEST_HZ)
MEL = mel_filterbank(RATE_HZ, LENGTH, NUM_MELS, HIGHEST_HZ).T
SPECTRUM = PowerSpectrum(LENGTH, 2, 224)
BALANCE_OF = SpectralBalance(SPECTRUM, BINS_HZ, EDGES_HZ)


def balance(power: FloatArray) -> dict[str, float]:
    frame = power[:, np.newaxis]
    bands = (BALANCE_OF.band_weights @ frame).astype(np.float32)
    names = [descriptor.name.removeprefix("spectrum.") for descriptor in BALANCE]
    mel = MEL @ frame
    values = BALANCE_OF(frame[SPECTRUM.bins], mel, np.log(mel), bands)
    return dict(zip(names, values[:, 0].tolist(), strict=True))


def heard_by_family(power: FloatArray) -> FloatArray:
    return np.where((BINS_HZ > 50) & (BINS_HZ < HIGHEST_HZ), power, np.float32(1e-20))


@given(st.integers(1, 60), st.integers(0, 99))
def test_power_is_that_of_the_transform(num_frames: int, seed: int) -> None:
    frames = np.random.default_rng(seed).standard_normal((num_frames, LENGTH)).astype(np.float32)
    wanted = np.abs(np.fft.rfft(frames * hann_taper(LENGTH).astype(np.float64))) ** 2
    wanted[:, :2] = 0
    np.testing.assert_allclose(SPECTRUM(frames), wanted.T[SPECTRUM.bins], atol=2e-6 * wanted.max())
    assert sorted(SPECTRUM.bins.tolist()) == list(range(224))


def test_a_constant_has_no_power() -> None:
    assert SPECTRUM(np.ones((3, LENGTH), dtype=np.float32)).max() < 1e-8 * LENGTH


@given(st.integers(0, 300), st.integers(0, 99))
def test_percentiles_are_numpys(num_frames: int, seed: int) -> None:
    tracks = np.random.default_rng(seed).standard_normal((3, num_frames)).astype(np.float32)
    summary = dict(zip(ROBUST_FUNCTIONALS, summarise_robustly(tracks).T, strict=True))
    if not num_frames:
        assert not any(values.any() for values in summary.values())
        return
    low, lower, middle, upper, high = np.percentile(tracks, [10, 25, 50, 75, 90], axis=1)
    wanted = [tracks.mean(axis=1), tracks.std(axis=1), low, middle, high, upper - lower]
    for name, values in zip(ROBUST_FUNCTIONALS, wanted, strict=True):
        np.testing.assert_allclose(summary[name], values, atol=1e-5, err_msg=name)


def test_a_slope_in_decibels_is_found_and_has_no_delta() -> None:
    ramp = np.arange(20, dtype=np.float32)[np.newaxis] * np.float32(0.5)
    np.testing.assert_allclose(deltas(ramp)[:, 2:-2], 0.5, atol=1e-6)
    np.testing.assert_array_equal(deltas(np.ones((2, 3), dtype=np.float32)), 0)
    power = heard_by_family((10 ** (-BINS_HZ / 1000)).astype(np.float32))
    values = balance(power)
    assert [values[f"slope_{band}"] for band in ("0060", "0500", "1000")] == pytest.approx(
        [-10] * 3, abs=1e-3
    )


def test_balance_has_its_definitions() -> None:
    power = heard_by_family(np.random.default_rng(1).random(len(BINS_HZ)).astype(np.float32))
    values, exact = balance(power), power.astype(float)

    def between(low_hz: float, high_hz: float) -> Signal:
        return exact[(low_hz <= BINS_HZ) & (high_hz > BINS_HZ)]

    centres, widths = EDGES_HZ[1:-1] / 1000, EDGES_HZ[2:] - EDGES_HZ[:-2]
    mel = MEL @ exact
    magnitude = np.sqrt(mel * widths)
    centroid = magnitude @ centres / magnitude.sum()
    voice = between(300, 3400)
    share = voice / voice.sum()
    wanted = {
        "alpha_ratio": 10 * np.log10(between(1000, 5000).sum() / between(50, 1000).sum()),
        "hammarberg": 10 * np.log10(mel[centres < 2].max() / mel[(centres > 2) & (centres < 5)].max()),
        "centroid": centroid,
        "bandwidth": np.sqrt(magnitude @ (centres - centroid) ** 2 / magnitude.sum()),
        "entropy": -np.sum(share * np.log(share)) / np.log(len(share)),
        "flatness": 10 * np.log10(np.exp(np.log(voice).mean()) / voice.mean()),
    }
    for name, value in wanted.items():
        assert values[name] == pytest.approx(value, rel=1e-4), name
    rolled = np.interp(0.85 * exact.sum(), np.cumsum(exact), BINS_HZ)
    assert values["rolloff"] == pytest.approx(rolled / 1000, abs=0.3), "half a band"


def test_a_flat_spectrum_is_flat() -> None:
    values = balance(np.full(len(BINS_HZ), 0.3, dtype=np.float32))
    assert values["entropy"] == pytest.approx(1, abs=1e-5)
    assert values["flatness"] == pytest.approx(0, abs=1e-4)
    assert values["hammarberg"] == pytest.approx(0, abs=0.1), "triangles over bins have nearly one area"


def test_ten_decibels_double_the_loudness_and_bass_is_hardly_heard() -> None:
    time = np.arange(LENGTH) / RATE_HZ
    tones = np.stack([np.sin(2 * np.pi * hz * time) for hz in (1000, 62.5)]).astype(np.float32)
    loudness = Loudness(LENGTH, NUM_MELS, HIGHEST_HZ)
    full, quieter = (
        loudness(np.log(MEL[:, SPECTRUM.bins] @ SPECTRUM(tones * np.float32(gain)))) for gain in (1, 10**-0.5)
    )
    np.testing.assert_allclose(full / quieter, 10**0.3, rtol=1e-3)
    assert full[0] > 5 * full[1]
    assert 1 < full[0] < 2


def test_flux_counts_what_rises() -> None:
    bands = np.array([[0, 0], [6, 0], [6, 0], [0, 0]], dtype=np.float32)
    np.testing.assert_array_equal(flux(bands), [0, 3, 0, 0])
    assert not flux(np.ones((1, 26), dtype=np.float32)).any()


@pytest.mark.parametrize("num_frames", [195, 196, 295, 495, 700])
@pytest.mark.parametrize("rate_hz", CENTRES_HZ[1:])
def test_a_swing_lies_in_its_band_with_its_size(rate_hz: float, num_frames: int) -> None:
    envelope = 1 + 0.3 * np.sin(2 * np.pi * rate_hz * np.arange(num_frames) / 100 + 1)
    levels = modulation_levels(envelope[np.newaxis].astype(np.float32), 100)[0]
    place = CENTRES_HZ.index(rate_hz)
    assert np.argmax(levels) == place
    # Neighbouring triangles share what the Hann curve spreads: the whole is the mean square of the swing.
    assert 10 * np.log10(np.sum(10 ** (levels / 10))) == pytest.approx(10 * np.log10(0.3**2 / 2), abs=0.7)


def test_a_steady_envelope_has_no_modulation_whatever_its_size() -> None:
    for size in (0, 1e-20, 1, 1e6):
        steady = np.full((1, 195), size, dtype=np.float32)
        assert modulation_levels(steady, 100).max() <= (-60 if size else 10)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_runs_are_counted_as_one_counts_them(states: list[bool]) -> None:
    words = "".join("x" if state else " " for state in states).split()
    lengths = [len(word) for word in words] or [0]
    wanted = [max(lengths), np.mean(lengths), np.std(lengths), len(words) / len(states), np.mean(states)]
    assert describe_runs(np.array(states), 1.0, 1) == pytest.approx(wanted)


def test_runs_have_their_lengths() -> None:
    inside = np.repeat([True, False, True, False, True], [20, 30, 40, 9, 1])
    longest, mean, spread, rate, share = describe_runs(inside, 100, shortest=3)
    assert [longest, mean, spread, rate, share] == pytest.approx([0.4, 0.3, 0.1, 2, 0.6])
    assert not any(describe_runs(np.zeros(5, dtype=np.bool_), 100, 1))


def test_syllables_are_counted() -> None:
    loudness = 1 + np.cos(2 * np.pi * 5 * np.arange(200) / 100 + 1).astype(np.float32)
    assert peak_rate(loudness, 100) == pytest.approx(5)


def perturbed(semitones: Signal, level_db: Signal, voiced: object = True) -> dict[str, float]:
    flags = np.broadcast_to(np.asarray(voiced), semitones.shape)
    values = describe_perturbation(semitones.astype(np.float32), level_db.astype(np.float32), flags, 100)
    return dict(zip([descriptor.name for descriptor in PERTURBATION], values, strict=True))


def test_known_jitter_and_shimmer_are_found() -> None:
    """A period 1 % longer, 1 % shorter in turn; a level 0.4 dB up and down."""
    signs = np.tile([1.0, -1.0], 50)
    values = perturbed(12 * np.log2(1 + 0.01 * signs), 0.2 * signs)
    assert values["jitter.local.mean"] == pytest.approx(2, rel=1e-3)
    assert values["jitter.second.mean"] == pytest.approx(2, rel=1e-3)
    assert values["shimmer.local.mean"] == pytest.approx(0.4, rel=1e-3)


def test_a_glide_rises_without_second_jitter_and_an_octave_is_no_jitter() -> None:
    glide = 0.1 * np.arange(100, dtype=np.float64)
    values = perturbed(glide, np.zeros(100))
    assert values["pitch_change.rise.mean"] == pytest.approx(10, rel=1e-3)
    assert values["pitch_change.fall.mean"] == pytest.approx(0, abs=1e-3)
    assert values["jitter.second.mean"] == pytest.approx(0, abs=1e-3)
    leaps = perturbed(np.repeat([0.0, 12.0], 50), np.zeros(100))
    assert leaps["jitter.local.mean"] == 0


def test_unvoiced_frames_do_not_count() -> None:
    noise = np.random.default_rng(1).standard_normal(100)
    assert not any(perturbed(noise, noise, voiced=False).values())
    alone = np.arange(100) % 2 == 0
    assert not any(perturbed(noise, noise, voiced=alone).values())
