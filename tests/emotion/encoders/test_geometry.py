"""How many frames each encoder gives, and which samples they see."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.encoders.network import shared_encoder
from emotion.encoders.recogniser import (
    FRAME_HOP,
    FRAME_LENGTH,
    FRAME_MIDDLE,
    TAP_NAMES,
    TAP_WIDTH,
    num_frames,
)
from emotion.encoders.turn_encoder import COLUMN_LENGTH, FOLDER, MAX_FRAMES, num_columns
from emotion.encoders.turn_encoder import FRAME_HOP as TURN_FRAME_HOP
from emotion.encoders.turn_encoder import FRAME_MIDDLE as TURN_FRAME_MIDDLE
from emotion.encoders.turn_encoder import TAP_NAMES as TURN_TAP_NAMES
from emotion.encoders.turn_encoder import TAP_WIDTH as TURN_TAP_WIDTH
from emotion.encoders.turn_encoder import num_frames as num_turn_frames
from emotion.features.speech import log_mel
from tests.spoken import DEMO
from tests.strategies import sound


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


GOLDEN = (
    [
        [-0.2134999930858612, 0.3986000120639801, 0.5303999781608582],
        [0.274399995803833, 0.7542999982833862, 0.604200005531311],
        [0.34540000557899475, 0.2290000021457672, 0.7123000025749207],
        [0.670199990272522, 0.16899999976158142, 0.5019000172615051],
    ],
    [
        [0.13850000500679016, 0.508400022983551, 0.6779999732971191],
        [0.3727000057697296, 0.6377999782562256, 0.4366999864578247],
        [0.5963000059127808, 0.26109999418258667, 0.8478999733924866],
        [1.0889999866485596, 0.24169999361038208, 0.5978000164031982],
    ],
    [
        [-0.37279999256134033, 0.05389999970793724, 0.45750001072883606],
        [0.3553999960422516, 0.4009999930858612, 0.48969998955726624],
        [0.579200029373169, 0.3905999958515167, 1.1914000511169434],
        [0.7174000144004822, 0.05490000173449516, 0.4828999936580658],
    ],
)
"""Of a second of the demo's speech: each 13th frame, each 128th value, tap by tap."""


def spoken() -> Samples:
    samples, sample_rate = soundfile.read(DEMO, dtype="float32")
    return np.asarray(samples[sample_rate : 2 * sample_rate]) * np.float32(10)


@pytest.mark.parametrize("num_samples", [895, 1200, 5000, 31_999, 32_000, MAX_FRAMES * TURN_FRAME_HOP])
def test_frames_are_as_many_as_their_number_says(num_samples: int) -> None:
    taps = shared_encoder(FOLDER).encode(log_mel(sound("noise", num_samples, 1.0, seed=1)))
    assert [tap.shape for tap in taps] == [(num_turn_frames(num_samples), TURN_TAP_WIDTH)] * len(
        TURN_TAP_NAMES
    )


@pytest.mark.parametrize("num_samples", [0, 399, 400, 559, 560, 719, 720, 32_000])
def test_columns_and_the_middles_of_frames_lie_inside(num_samples: int) -> None:
    columns = [at for at in range(0, num_samples, 160) if at + COLUMN_LENGTH <= num_samples]
    assert num_columns(num_samples) == len(columns)
    assert TURN_FRAME_MIDDLE + num_turn_frames(num_samples) * TURN_FRAME_HOP <= max(
        num_samples, TURN_FRAME_MIDDLE
    )


def test_values_are_those_of_other_machines() -> None:
    for tap, wanted in zip(shared_encoder(FOLDER).encode(log_mel(spoken())), GOLDEN, strict=True):
        np.testing.assert_allclose(tap[::13, ::128], wanted, rtol=1e-4, atol=1e-3)
