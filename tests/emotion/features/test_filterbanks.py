"""The filterbanks against librosa's, and the product that skips their zeros."""

import librosa
import numpy as np
import pytest

from emotion.features.banded_product import BandedProduct
from emotion.features.chroma import chroma_filterbank
from emotion.features.mel import cepstral_basis, mel_filterbank
from emotion.features.spectrum import hann_taper

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
