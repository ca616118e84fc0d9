"""Mean and deviation over the frames that are heard, each under its own name."""

import numpy as np

from emotion.features.speech_pooling import FEATURE_NAMES, pool

RANDOM = np.random.default_rng(3)
TAPS = tuple(RANDOM.normal(tap, 1 + tap, (10, 288)).astype(np.float32) for tap in range(3))
HEARD = np.array([True] * 4 + [False] * 5 + [True])


def test_every_value_has_its_name() -> None:
    values = dict(zip(FEATURE_NAMES, pool(TAPS, HEARD), strict=True))
    assert len(values) == 1728
    for tap, name in enumerate(("layer1_mid", "layer1", "layer2")):
        for value in (0, 7, 287):
            column = TAPS[tap][HEARD, value].astype(np.float64)
            np.testing.assert_allclose(
                values[f"{name}.{value:03d}.mean"], column.mean(), rtol=1e-5, atol=1e-6
            )
            np.testing.assert_allclose(values[f"{name}.{value:03d}.std"], column.std(), rtol=1e-5)


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
