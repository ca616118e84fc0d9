"""The ring: what was said of its reach, whatever the blocks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamer.recorder.clip_ring import ClipRing
from tests.session_material import blocks, cuts, sound

SIGNAL = sound(2000)
REACH = 300


@given(cuts(2000), st.data())
def test_any_stretch_within_reach_is_the_slice_of_the_whole(places: list[int], data: st.DataObject) -> None:
    ring = ClipRing(REACH)
    for block in blocks(SIGNAL, places):
        ring.push(block.first_sample, block.samples[:, 0])
        oldest = max(0, block.first_sample - REACH)
        start = data.draw(st.integers(oldest, block.end_sample - 1))
        end = data.draw(st.integers(start + 1, block.end_sample))
        found = ring.cut(start, end)
        assert found is not None
        assert np.array_equal(found, SIGNAL[start:end, 0])


@given(cuts(2000))
def test_it_holds_no_more_than_its_reach_and_two_blocks(places: list[int]) -> None:
    ring = ClipRing(REACH)
    longest = 0
    for block in blocks(SIGNAL, places):
        ring.push(block.first_sample, block.samples[:, 0])
        longest = max(longest, len(block.samples))
        assert ring.num_samples <= REACH + 2 * longest


def test_what_is_not_there_is_never_made_up() -> None:
    ring = ClipRing(REACH)
    assert ring.cut(0, 1) is None
    ring.push(100, SIGNAL[:50, 0])
    ring.push(160, SIGNAL[60:100, 0])
    assert ring.cut(90, 110) is None
    assert ring.cut(140, 170) is None
    assert ring.cut(150, 160) is None
    assert ring.cut(190, 201) is None
    after = ring.cut(160, 200)
    assert after is not None
    assert np.array_equal(after, SIGNAL[60:100, 0])


def test_a_gap_without_length_breaks_nothing() -> None:
    ring = ClipRing(REACH)
    ring.push(0, SIGNAL[:50, 0])
    ring.push(50, SIGNAL[50:50, 0])
    ring.push(50, SIGNAL[50:90, 0])
    found = ring.cut(10, 90)
    assert found is not None
    assert np.array_equal(found, SIGNAL[10:90, 0])
