"""`classic` and `classic-speech`: against librosa, and independent of level."""

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set
from emotion.signal import resample
from emotion.window_grid import WindowGrid
from tests.emotion.features.closeness import assert_close
from tests.emotion.features.sounds import RATE, SOUNDS, TONES, recorded
from tests.strategies import signals

pytestmark = pytest.mark.usefixtures("compiled_librosa")

SPEECH = feature_set("classic-speech")
GRID = WindowGrid(16_000, 5_000, 16_000)


@given(signals(16_000, 30_000, kinds=("noise", "chirp", "pauses"), levels=(0.1, 0.02)), st.floats(-40, 20))
def test_a_gain_changes_nothing(samples: Samples, gain_db: float) -> None:
    louder = samples * np.float32(10 ** (gain_db / 20))
    assert_close(SPEECH, window_vectors(SPEECH, GRID, louder), window_vectors(SPEECH, GRID, samples))


@pytest.mark.parametrize("gain_db", [-40, -20, -6, 20])
@pytest.mark.parametrize("name", SOUNDS)
def test_a_gain_changes_nothing_of_a_recording(name: str, gain_db: float) -> None:
    samples = recorded(name)
    louder = samples * np.float32(10 ** (gain_db / 20))
    assert_close(SPEECH, SPEECH.clip_vector(louder), SPEECH.clip_vector(samples))


@pytest.mark.parametrize("offset", [-0.3, 0.01, 0.5])
def test_a_microphones_dc_changes_nothing(offset: float) -> None:
    samples = recorded("speech-like")[:40_000]
    assert_close(SPEECH, SPEECH.clip_vector(samples + np.float32(offset)), SPEECH.clip_vector(samples))


def test_the_energy_is_that_of_the_level_all_windows_are_taken_at() -> None:
    values = dict(zip(SPEECH.feature_names, SPEECH.clip_vector(recorded("noise")), strict=True))
    assert 20 * np.log10(values["waveform.rms.mean"]) == pytest.approx(-26, abs=0.1)


def test_loudness_within_a_window_is_still_heard() -> None:
    samples = recorded("noise")
    fading = samples * np.linspace(1, 0.05, len(samples), dtype=np.float32)
    names = SPEECH.feature_names
    spread = names.index("mel.40.std")  # a wide band, whose level noise moves little
    assert SPEECH.clip_vector(fading)[spread] > 2 * SPEECH.clip_vector(samples)[spread]


def test_a_window_below_the_quietest_is_silence_not_noise() -> None:
    whisper = recorded("noise") * np.float32(1e-9)
    values = dict(zip(SPEECH.feature_names, SPEECH.clip_vector(whisper), strict=True))
    assert values["mel.20.max"] == values["mel.20.min"] == -40
    assert values["waveform.rms.mean"] < 1e-3


def test_rounding_in_the_empty_half_of_a_phone_line_does_not_count() -> None:
    random = np.random.default_rng(1)
    spectrum = np.fft.rfft(random.standard_normal(32_000))
    spectrum[len(spectrum) // 2 :] = 0
    line = (0.1 * np.fft.irfft(spectrum)).astype(np.float32)
    rounding = (1e-8 * random.standard_normal(32_000)).astype(np.float32)
    assert_close(SPEECH, SPEECH.clip_vector(line + rounding), SPEECH.clip_vector(line))


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_what_resampling_takes_off_the_top_is_not_heard(sample_rate: int) -> None:
    samples = recorded("speech-like")[:48_000]
    there_and_back = resample(resample(samples, 16_000, sample_rate), sample_rate, 16_000)
    assert len(there_and_back) == len(samples)
    inside = slice(1_600, -1_600)  # a resampler rings where sound begins and ends
    mel = slice(SPEECH.feature_names.index("mel.00.max"), SPEECH.feature_names.index("mel.63.std") + 1)
    resampled, before = (SPEECH.clip_vector(sound[inside])[mel] for sound in (there_and_back, samples))
    np.testing.assert_allclose(resampled, before, atol=0.1)


CLASSIC = feature_set("classic")
WIN, STEP = 22050, 6615  # 0.3 s: most windows start between two frames

TOLERANCES = {
    "mfcc": (2e-5, 1e-3),
    "mel": (1e-5, 1e-9),
    "chroma": (5e-6, 1e-6),
    "spectrum.centroid": (2e-6, 1e-3),
    "spectrum.bandwidth": (2e-6, 1e-3),
    "contrast": (5e-5, 1e-3),
    "spectrum.flatness": (1e-5, 1e-6),
    "waveform.zero_crossing_rate": (1e-6, 0),
    "waveform.rms": (1e-5, 1e-9),
}
"""Relative and absolute, per family, in its own unit: what float32 differs by from librosa's float64."""

TONAL = {
    "mfcc": (2e-5, 2e-2),
    "mel": (1e-2, 1e-3),
    "chroma": (2e-3, 1e-5),
    "spectrum.centroid": (1e-5, 5e-3),
    "spectrum.bandwidth": (1e-5, 1e-2),
    "contrast": (5e-2, 4e-1),
    "spectrum.flatness": (1e-3, 1e-9),
}
"""The same where one bin holds nearly all power: the rest is as weak as float32's rounding beside it."""


def librosa_matrices(samples: Samples) -> dict[str, NDArray[np.floating]]:
    mel = librosa.feature.melspectrogram(y=samples, sr=RATE, center=False)
    return {
        "mfcc": librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=13),
        "mel": mel,
        "chroma": librosa.feature.chroma_stft(y=samples, sr=RATE, tuning=0, center=False),
        "spectrum.centroid": librosa.feature.spectral_centroid(y=samples, sr=RATE, center=False),
        "spectrum.bandwidth": librosa.feature.spectral_bandwidth(y=samples, sr=RATE, center=False),
        "contrast": librosa.feature.spectral_contrast(y=samples, sr=RATE, center=False),
        "spectrum.flatness": librosa.feature.spectral_flatness(y=samples, center=False),
        "waveform.zero_crossing_rate": librosa.feature.zero_crossing_rate(samples, center=False),
    }


def expected(samples: Samples) -> dict[str, NDArray[np.floating]]:
    statistics = {
        family: np.stack(
            [matrix.mean(axis=1), matrix.std(axis=1), matrix.min(axis=1), matrix.max(axis=1)], axis=1
        ).ravel()
        for family, matrix in librosa_matrices(samples).items()
    }
    return statistics | {"waveform.rms": librosa.feature.rms(y=samples, center=False).mean(keepdims=True)[0]}


def family_values(vector: FloatArray, family: str) -> FloatArray:
    named = zip(CLASSIC.feature_names, vector, strict=True)
    return np.array([value for name, value in named if name.startswith(f"{family}.")])


def assert_like_librosa(vector: FloatArray, samples: Samples, *, tonal: bool = False) -> None:
    tolerances = TOLERANCES | (TONAL if tonal else {})
    for family, values in expected(samples).items():
        relative, absolute = tolerances[family]
        np.testing.assert_allclose(
            family_values(vector, family), values, rtol=relative, atol=absolute, err_msg=family
        )


@pytest.mark.parametrize("name", SOUNDS)
def test_every_window_has_librosas_values(name: str) -> None:
    samples = recorded(name)
    vectors = window_vectors(CLASSIC, WindowGrid(WIN, STEP, RATE), samples)
    assert len(vectors) == 7
    for window, vector in enumerate(vectors):
        start = window * STEP
        first_frame = -(-start // 512) * 512
        assert_like_librosa(vector, samples[first_frame : start + WIN], tonal=name in TONES)


@pytest.mark.parametrize("name", SOUNDS)
def test_a_whole_clip_has_librosas_values(name: str) -> None:
    samples = recorded(name)
    assert_like_librosa(CLASSIC.clip_vector(samples), samples, tonal=name in TONES)


def test_digital_silence_has_librosas_values() -> None:
    samples = np.zeros(RATE, dtype=np.float32)
    assert_like_librosa(CLASSIC.clip_vector(samples), samples)


def test_a_clip_shorter_than_a_frame_is_continued_with_zeros() -> None:
    samples = recorded("noise")[:700]
    continued = np.concatenate([samples, np.zeros(2048 - 700, dtype=np.float32)])
    assert_like_librosa(CLASSIC.clip_vector(samples), continued)


def test_librosas_contrast_floor_shows_only_beside_digital_silence() -> None:
    samples = recorded("noise")
    samples[RATE:] = 0
    contrast = librosa.feature.spectral_contrast(y=samples, sr=RATE, center=False)
    ours = family_values(CLASSIC.clip_vector(samples), "contrast").reshape(7, 4)
    np.testing.assert_allclose(ours[:, 2], 0, err_msg="a frame of zeros has no contrast")
    assert (contrast[:, -1] > 5).all(), "librosa lifts the peak of silence to its floor, and its valley less"


def test_the_floor_left_out_is_the_one_of_the_window() -> None:
    samples = recorded("noise")
    samples[RATE:] *= 1e-5
    mel = librosa.feature.melspectrogram(y=samples, sr=RATE, center=False)
    floored = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=13)
    lowest = family_values(CLASSIC.clip_vector(samples), "mfcc").reshape(13, 4)[0, 2]
    assert floored[0].min() - lowest > 50


def test_a_minute_loses_no_precision() -> None:
    samples = np.tile(recorded("speech-like"), 20)
    assert_like_librosa(CLASSIC.clip_vector(samples), samples, tonal=True)
