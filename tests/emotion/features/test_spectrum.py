"""The spectral pass and its filterbanks."""

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.features.spectral import chroma_filterbank
from emotion.features.spectrum import (
    BandedProduct,
    SpectralPass,
    cepstral_basis,
    hann_taper,
    mel_filterbank,
)
from tests.strategies import KINDS, sound

pytestmark = pytest.mark.usefixtures("compiled_librosa")

LENGTHS = [512, 2048]


@given(st.sampled_from(LENGTHS), st.integers(1, 30), st.sampled_from(KINDS), st.integers(0, 1000))
def test_magnitudes_are_those_of_float64(frame_length: int, num_frames: int, kind: str, seed: int) -> None:
    frames = sound(kind, num_frames * frame_length, 1.0, seed).reshape(num_frames, frame_length)
    taper = hann_taper(frame_length).astype(np.float64)
    wanted = np.abs(np.fft.rfft(frames.astype(np.float64) * taper))
    magnitude = SpectralPass(frame_length)(frames)
    assert magnitude.dtype == np.float32
    np.testing.assert_allclose(magnitude, wanted, rtol=0, atol=1e-6 * wanted.max() + 1e-12)


@given(st.sampled_from(LENGTHS), st.integers(2, 30), st.integers(0, 1000))
def test_a_frame_does_not_hear_its_neighbours(frame_length: int, num_frames: int, seed: int) -> None:
    frames = sound("noise", num_frames * frame_length, 1.0, seed).reshape(num_frames, frame_length)
    together = SpectralPass(frame_length)(frames)
    np.testing.assert_array_equal(SpectralPass(frame_length)(frames[1:2]), together[1:2])


@pytest.mark.parametrize("frame_length", LENGTHS)
@pytest.mark.parametrize("place", [2, 37, 200])
def test_a_tone_lies_at_its_frequency(frame_length: int, place: int) -> None:
    frequency = place * 16000 / frame_length
    tone = np.cos(2 * np.pi * frequency * np.arange(frame_length) / 16000).astype(np.float32)
    magnitude = SpectralPass(frame_length)(tone[np.newaxis])[0]
    assert np.argmax(magnitude) == place
    assert magnitude[place] == pytest.approx(frame_length / 4, rel=1e-3)


def test_bins_beyond_those_asked_for_are_left_out_and_weak_ones_raised() -> None:
    frames = sound("noise", 4 * 512, 1.0, seed=1).reshape(4, 512)
    whole = SpectralPass(512)(frames)[:, :225]
    cut = SpectralPass(512, range_db=20.0, num_bins=225)(frames)
    np.testing.assert_allclose(cut, np.maximum(whole, whole.max(axis=1, keepdims=True) * 0.1), rtol=1e-6)
    assert (cut > whole).any()


SETS = [(22050, 2048, 128), (16000, 512, 64), (16000, 1024, 40), (48000, 4096, 80)]


@pytest.mark.parametrize(("sample_rate", "frame_length", "num_bands"), SETS)
def test_mel_bands_are_librosas_and_none_is_empty(
    sample_rate: int, frame_length: int, num_bands: int
) -> None:
    ours = mel_filterbank(sample_rate, frame_length, num_bands)
    theirs = librosa.filters.mel(sr=sample_rate, n_fft=frame_length, n_mels=num_bands)
    np.testing.assert_allclose(ours, theirs.T, rtol=1e-4, atol=1e-8)
    assert (ours.max(axis=0) > 0).all()


@pytest.mark.parametrize(("sample_rate", "frame_length", "_num_bands"), SETS)
def test_pitch_classes_are_librosas(sample_rate: int, frame_length: int, _num_bands: int) -> None:
    theirs = librosa.filters.chroma(sr=sample_rate, n_fft=frame_length, tuning=0)
    np.testing.assert_allclose(chroma_filterbank(sample_rate, frame_length), theirs.T, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("frame_length", [512, 2048])
def test_the_taper_is_the_periodic_hann(frame_length: int) -> None:
    theirs = librosa.filters.get_window("hann", frame_length)
    np.testing.assert_allclose(hann_taper(frame_length), theirs, atol=1e-7)


def test_the_cepstral_basis_is_orthonormal() -> None:
    basis = cepstral_basis(64, 13).astype(float)
    np.testing.assert_allclose(basis.T @ basis, np.eye(13), atol=1e-6)


@pytest.mark.parametrize("num_blocks", [1, 2, 4, 9, 500])
@pytest.mark.parametrize(("sample_rate", "frame_length", "num_bands"), SETS)
def test_blocks_change_no_value(sample_rate: int, frame_length: int, num_bands: int, num_blocks: int) -> None:
    filterbank = mel_filterbank(sample_rate, frame_length, num_bands)
    power = np.random.default_rng(1).random((5, len(filterbank)), dtype=np.float32)
    product = BandedProduct(filterbank, num_blocks)(power)
    np.testing.assert_allclose(product, power.astype(float) @ filterbank, rtol=1e-5)
