"""The frame grid and the ring keep what they must, and no more."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emotion.features.frames import LOUDEST, FrameGrid
from emotion.features.ring import DescriptorRing
from tests.strategies import cuts


@given(st.data(), st.integers(1, 40), st.integers(0, 400))
def test_every_frame_comes_once_and_whole(data: st.DataObject, frame_length: int, num_samples: int) -> None:
    hop = data.draw(st.integers(1, frame_length))
    pieces = data.draw(cuts(num_samples))
    samples = np.arange(num_samples, dtype=np.float32)
    longest = max(1, *(piece.stop - piece.start for piece in pieces))
    grid = FrameGrid(frame_length, hop, longest)
    seen = []
    for piece in pieces:
        frames, num_new = grid.push(samples[piece])
        assert frames.shape == (grid.batch_size, frame_length)
        seen += [frame.copy() for frame in frames[:num_new]]
    wanted = [
        samples[start : start + frame_length] for start in range(0, num_samples - frame_length + 1, hop)
    ]
    assert len(seen) == len(wanted)
    for frame, whole in zip(seen, wanted, strict=True):
        np.testing.assert_array_equal(frame, whole)


def test_samples_beyond_any_sound_are_held() -> None:
    frames, num_new = FrameGrid(4, 4, 4).push(np.array([1e30, -1e30, 1, -1], dtype=np.float32))
    assert num_new == 1
    np.testing.assert_array_equal(frames, [[LOUDEST, -LOUDEST, 1, -1]])


@given(st.integers(1, 20), st.lists(st.integers(0, 20), max_size=60))
def test_the_ring_has_its_last_rows_in_order(capacity: int, lengths: list[int]) -> None:
    ring = DescriptorRing(capacity, 2)
    for length in (min(length, capacity) for length in lengths):
        numbers = np.arange(ring.num_seen, ring.num_seen + length, dtype=np.float32)
        ring.append(np.stack([numbers, -numbers], axis=1))
        first = max(0, ring.num_seen - capacity)
        np.testing.assert_array_equal(ring.since(first)[:, 0], np.arange(first, ring.num_seen))
        assert len(ring.since(ring.num_seen)) == 0
