"""The mix of pieces is the pieces of the mix, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emotion.arrays import Samples
from emotion.mixing import mix_down, mixing_note

SOUND = arrays.arrays(
    np.float32,
    st.tuples(st.integers(0, 80), st.integers(1, 8)),
    elements=st.floats(-1, 1, width=32),
)


@given(SOUND, st.lists(st.integers(0, 80), max_size=6))
def test_cut_anywhere(samples: Samples, cuts: list[int]) -> None:
    whole = mix_down(samples)
    pieces = np.split(samples, sorted(min(cut, len(samples)) for cut in cuts))
    np.testing.assert_array_equal(np.concatenate([mix_down(piece) for piece in pieces]), whole)


@given(SOUND)
def test_the_memory_layout_does_not_matter(samples: Samples) -> None:
    np.testing.assert_array_equal(mix_down(np.asfortranarray(samples)), mix_down(samples))
    np.testing.assert_array_equal(mix_down(np.repeat(samples, 2, axis=0)[::2]), mix_down(samples))


@given(SOUND)
def test_it_is_the_mean(samples: Samples) -> None:
    mixed = mix_down(samples)
    assert mixed.dtype == np.float32
    assert mixed.flags.c_contiguous
    np.testing.assert_allclose(mixed, samples.astype(np.float64).mean(axis=1), atol=1e-6)


def test_one_channel_is_handed_through() -> None:
    samples = np.array([[0.1], [np.float32(1) / 3]], np.float32)
    np.testing.assert_array_equal(mix_down(samples), samples[:, 0])


@pytest.mark.parametrize(
    ("channels", "note"),
    [
        (1, ()),
        (2, ("two channels mixed down to one",)),
        (6, ("six channels mixed down to one",)),
        (24, ("24 channels mixed down to one",)),
    ],
)
def test_the_note(channels: int, note: tuple[str, ...]) -> None:
    assert mixing_note(channels) == note
