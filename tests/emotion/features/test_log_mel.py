"""The turn encoder's spectrogram, against librosa's."""

import librosa
import numpy as np
import pytest

from emotion.encoder.turn_encoder import COLUMN_HOP, COLUMN_LENGTH, num_columns
from emotion.features.log_mel import NUM_BANDS, log_mel
from tests.strategies import sound


@pytest.mark.parametrize("kind", ["noise", "tone", "chirp", "pauses"])
@pytest.mark.parametrize("num_samples", [400, 559, 560, 32_000])
def test_it_is_that_of_librosa_without_padding(kind: str, num_samples: int) -> None:
    samples = sound(kind, num_samples, 1.0, seed=1)
    powers = librosa.feature.melspectrogram(
        y=samples, sr=16_000, n_fft=COLUMN_LENGTH, hop_length=COLUMN_HOP, n_mels=NUM_BANDS, center=False
    )
    logs = np.log10(np.maximum(powers, 1e-10))
    wanted = (np.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0
    ours = log_mel(samples)
    assert ours.dtype == np.float32
    assert ours.shape == (NUM_BANDS, num_columns(num_samples))
    # Where little sounds beside much, float32 has the bands to the last of its digits under the loudest.
    np.testing.assert_allclose(ours, wanted, atol=2e-2)
    assert np.abs(ours - wanted).mean() < 1e-3


def test_silence_is_even() -> None:
    assert np.ptp(log_mel(np.zeros(1000, dtype=np.float32))) == 0
