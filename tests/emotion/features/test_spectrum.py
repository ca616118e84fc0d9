"""The spectral pass against numpy's transform in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.features.spectrum import SpectralPass, bin_frequencies, hann_taper
from tests.strategies import KINDS, sound

LENGTHS = [512, 2048]


@given(st.sampled_from(LENGTHS), st.integers(1, 30), st.sampled_from(KINDS), st.integers(0, 1000))
def test_magnitude_and_power_are_those_of_float64(
    frame_length: int, num_frames: int, kind: str, seed: int
) -> None:
    frames = sound(kind, num_frames * frame_length, 1.0, seed).reshape(num_frames, frame_length)
    taper = hann_taper(frame_length).astype(np.float64)
    wanted = np.abs(np.fft.rfft(frames.astype(np.float64) * taper))
    spectrum = SpectralPass(frame_length)(frames)
    assert spectrum.magnitude.dtype == spectrum.power.dtype == np.float32
    np.testing.assert_allclose(spectrum.magnitude, wanted, rtol=0, atol=1e-6 * wanted.max() + 1e-12)
    np.testing.assert_array_equal(spectrum.power, spectrum.magnitude**2)


@given(st.sampled_from(LENGTHS), st.integers(2, 30), st.integers(0, 1000))
def test_a_frame_does_not_hear_its_neighbours(frame_length: int, num_frames: int, seed: int) -> None:
    frames = sound("noise", num_frames * frame_length, 1.0, seed).reshape(num_frames, frame_length)
    together = SpectralPass(frame_length)(frames).magnitude
    np.testing.assert_array_equal(SpectralPass(frame_length)(frames[1:2]).magnitude, together[1:2])


@pytest.mark.parametrize("frame_length", LENGTHS)
@pytest.mark.parametrize("place", [2, 37, 200])
def test_a_tone_lies_at_its_frequency(frame_length: int, place: int) -> None:
    frequency = bin_frequencies(16000, frame_length)[place]
    tone = np.cos(2 * np.pi * frequency * np.arange(frame_length) / 16000).astype(np.float32)
    magnitude = SpectralPass(frame_length)(tone[np.newaxis]).magnitude[0]
    assert np.argmax(magnitude) == place
    assert magnitude[place] == pytest.approx(frame_length / 4, rel=1e-3)


def test_bins_beyond_those_asked_for_are_left_out_and_weak_ones_raised() -> None:
    frames = sound("noise", 4 * 512, 1.0, seed=1).reshape(4, 512)
    whole = SpectralPass(512)(frames).magnitude[:, :225]
    cut = SpectralPass(512, range_db=20.0, num_bins=225)(frames).magnitude
    np.testing.assert_allclose(cut, np.maximum(whole, whole.max(axis=1, keepdims=True) * 0.1), rtol=1e-6)
    assert (cut > whole).any()
