"""The arithmetic of frames is the network's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.encoder.encoder import shared_encoder
from emotion.encoder.recogniser import (
    FRAME_HOP,
    FRAME_LENGTH,
    FRAME_MIDDLE,
    TAP_NAMES,
    TAP_WIDTH,
    num_frames,
)


@given(st.integers(0, 100_000))
def test_frames_are_what_three_convolutions_leave(num_samples: int) -> None:
    left = num_samples
    for length, stride in ((127, 64), (7, 3), (3, 2)):
        left = max(0, (left - length) // stride + 1)
    assert num_frames(num_samples) == left


@pytest.mark.parametrize(
    "num_samples", [FRAME_LENGTH, FRAME_LENGTH + FRAME_HOP - 1, FRAME_LENGTH + FRAME_HOP, 16_000, 32_000]
)
def test_the_network_gives_as_many(num_samples: int) -> None:
    sound = np.random.default_rng(1).normal(0, 0.05, num_samples).astype(np.float32)
    taps = shared_encoder("encoder").encode(sound)
    assert [tap.shape for tap in taps] == [(num_frames(num_samples), TAP_WIDTH)] * len(TAP_NAMES)
    assert all(tap.dtype == np.float32 for tap in taps)


@given(st.integers(FRAME_LENGTH, 100_000))
def test_the_middles_of_all_frames_lie_inside_the_sound(num_samples: int) -> None:
    assert FRAME_MIDDLE + num_frames(num_samples) * FRAME_HOP <= num_samples
