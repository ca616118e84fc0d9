"""Mean and deviation over the frames that are heard, each under its own name."""

from types import ModuleType

import numpy as np
import pytest

from emotion.encoder import recogniser, turn_encoder
from emotion.features.speech_pooling import FEATURE_NAMES, pool

RANDOM = np.random.default_rng(3)
TAPS = tuple(RANDOM.normal(tap, 1 + tap, (10, 288)).astype(np.float32) for tap in range(3))
HEARD = np.array([True] * 4 + [False] * 5 + [True])


@pytest.mark.parametrize("encoder", [recogniser, turn_encoder])
def test_every_value_has_its_name(encoder: ModuleType) -> None:
    taps = tuple(RANDOM.normal(tap, 1 + tap, (10, encoder.TAP_WIDTH)).astype(np.float32) for tap in range(3))
    names = [name for name in FEATURE_NAMES if name.split(".")[0] in encoder.TAP_NAMES]
    values = dict(zip(names, pool(taps, HEARD), strict=True))
    for tap, name in enumerate(encoder.TAP_NAMES):
        for value in (0, 7, encoder.TAP_WIDTH - 1):
            column = taps[tap][HEARD, value].astype(np.float64)
            np.testing.assert_allclose(
                values[f"{name}.{value:03d}.mean"], column.mean(), rtol=1e-5, atol=1e-6
            )
            np.testing.assert_allclose(values[f"{name}.{value:03d}.std"], column.std(), rtol=1e-5)


def test_no_two_values_have_one_name() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == 2 * 3 * (288 + 384)


def test_what_is_not_heard_is_not_summed_up() -> None:
    others = tuple(np.where(HEARD[:, np.newaxis], tap, np.float32(1e6)) for tap in TAPS)
    np.testing.assert_array_equal(pool(others, HEARD), pool(TAPS, HEARD))


def test_one_frame_has_no_deviation() -> None:
    one = pool(TAPS, np.arange(10) == 2).reshape(3, 2, 288)
    np.testing.assert_array_equal(one[:, 0], np.stack([tap[2] for tap in TAPS]))
    assert not one[:, 1].any()


def test_the_taps_are_left_as_they_were() -> None:
    before = [tap.copy() for tap in TAPS]
    pool(TAPS, np.ones(10, dtype=bool))
    np.testing.assert_array_equal(before, TAPS)
