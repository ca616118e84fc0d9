"""The transform against numpy's own in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.features.dft import BatchedTransform
from tests.strategies import KINDS, sound

LENGTHS = [2**power for power in range(4, 13)]


@given(st.sampled_from(LENGTHS), st.integers(1, 30), st.sampled_from(KINDS), st.integers(0, 1000))
def test_magnitudes_are_numpys(frame_length: int, num_frames: int, kind: str, seed: int) -> None:
    frames = sound(kind, num_frames * frame_length, 1.0, seed).reshape(num_frames, frame_length)
    wanted = np.abs(np.fft.rfft(frames.astype(np.float64)))
    magnitude = BatchedTransform(frame_length).magnitude(frames)
    assert magnitude.dtype == np.float32
    np.testing.assert_allclose(magnitude, wanted, rtol=0, atol=1e-6 * wanted.max() + 1e-12)


@pytest.mark.parametrize("frame_length", LENGTHS)
def test_a_tone_lies_in_its_own_bin(frame_length: int) -> None:
    time = np.arange(frame_length) / frame_length
    for place in range(frame_length // 2 + 1):
        tone = np.cos(2 * np.pi * place * time).astype(np.float32)
        assert np.argmax(BatchedTransform(frame_length).magnitude(tone[np.newaxis])[0]) == place
        if frame_length > 64 and place > 64:
            break


@pytest.mark.parametrize("frame_length", [0, 8, 100, 2047])
def test_other_lengths_are_refused(frame_length: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        BatchedTransform(frame_length)
