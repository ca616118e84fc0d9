"""`classic-speech` does not hear how loud a line is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.features.catalogue import feature_set
from emotion.features.windows_of_clip import window_vectors
from emotion.resampling import resample
from emotion.window_grid import WindowGrid
from tests.emotion.features.closeness import assert_close
from tests.emotion.features.sounds import SOUNDS, recorded
from tests.strategies import signals

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
    heard, before = (SPEECH.clip_vector(sound[inside])[mel] for sound in (there_and_back, samples))
    np.testing.assert_allclose(heard, before, atol=0.1)
