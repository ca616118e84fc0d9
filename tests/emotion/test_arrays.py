"""Samples that are not finite."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emotion.arrays import MAX_MAGNITUDE, Samples, make_finite

ANY_FLOAT = st.floats(width=32) | st.sampled_from([np.nan, np.inf, -np.inf, 1e38, -1e38])


@given(arrays.arrays(np.float32, st.tuples(st.integers(0, 30), st.integers(1, 3)), elements=ANY_FLOAT))
def test_every_sample_is_kept_or_counted(samples: Samples) -> None:
    before = samples.copy()
    safe, num_non_finite, num_huge = make_finite(samples)
    assert safe.dtype == np.float32
    assert safe.shape == samples.shape
    assert np.isfinite(safe).all()
    np.testing.assert_array_equal(samples, before)
    bad = ~np.isfinite(samples)
    huge = ~bad & (np.abs(np.where(bad, 0, samples)) > MAX_MAGNITUDE)
    assert (num_non_finite, num_huge) == (bad.sum(), huge.sum())
    assert (safe[bad] == 0).all()
    np.testing.assert_array_equal(safe[huge], np.sign(samples[huge]) * np.float32(MAX_MAGNITUDE))
    np.testing.assert_array_equal(safe[~bad & ~huge], samples[~bad & ~huge])


def test_ordinary_sound_is_not_copied() -> None:
    samples = np.linspace(-1, 1, 100, dtype=np.float32)
    assert make_finite(samples).samples is samples
