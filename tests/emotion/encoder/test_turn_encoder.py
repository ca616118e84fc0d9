"""Where the turn encoder's frames lie, and what it gives on this machine and others."""

import numpy as np
import pytest
import soundfile

from emotion.arrays import Samples
from emotion.encoder.encoder import shared_encoder
from emotion.encoder.turn_encoder import (
    COLUMN_LENGTH,
    FOLDER,
    FRAME_HOP,
    FRAME_MIDDLE,
    MAX_FRAMES,
    TAP_NAMES,
    TAP_WIDTH,
    num_columns,
    num_frames,
)
from emotion.features.log_mel import log_mel
from tests.spoken import DEMO
from tests.strategies import sound

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


@pytest.mark.parametrize("num_samples", [895, 1200, 5000, 31_999, 32_000, MAX_FRAMES * FRAME_HOP])
def test_frames_are_as_many_as_their_number_says(num_samples: int) -> None:
    taps = shared_encoder(FOLDER).encode(log_mel(sound("noise", num_samples, 1.0, seed=1)))
    assert [tap.shape for tap in taps] == [(num_frames(num_samples), TAP_WIDTH)] * len(TAP_NAMES)


@pytest.mark.parametrize("num_samples", [0, 399, 400, 559, 560, 719, 720, 32_000])
def test_columns_and_the_middles_of_frames_lie_inside(num_samples: int) -> None:
    columns = [at for at in range(0, num_samples, 160) if at + COLUMN_LENGTH <= num_samples]
    assert num_columns(num_samples) == len(columns)
    assert FRAME_MIDDLE + num_frames(num_samples) * FRAME_HOP <= max(num_samples, FRAME_MIDDLE)


def test_values_are_those_of_other_machines() -> None:
    for tap, wanted in zip(shared_encoder(FOLDER).encode(log_mel(spoken())), GOLDEN, strict=True):
        np.testing.assert_allclose(tap[::13, ::128], wanted, rtol=1e-4, atol=1e-3)
