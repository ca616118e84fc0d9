"""Pieces are of the lengths asked for, and all of the sound is in them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamer.pieces import PieceCutter
from tests.strategies import cuts


@given(st.data(), st.integers(1, 50), st.integers(1, 50), st.integers(0, 400))
def test_pieces_follow_each_other_without_loss(
    data: st.DataObject, first: int, then: int, num_samples: int
) -> None:
    samples = np.arange(num_samples, dtype=np.float32)
    cutter = PieceCutter(first, then)
    pieces = [piece for cut in data.draw(cuts(num_samples)) for piece in cutter.push(samples[cut])]
    assert [len(piece) for piece in pieces] == ([first] + [then] * len(pieces))[: len(pieces)]
    joined = np.concatenate([np.empty(0, np.float32), *pieces])
    assert np.array_equal(joined, samples[: len(joined)])
    rest = num_samples - len(joined)
    assert 0 <= rest < (then if pieces else first)


def test_a_small_rest_does_not_keep_a_large_block() -> None:
    cutter = PieceCutter(10, 10)
    block = np.zeros(1_000_005, np.float32)
    for piece in cutter.push(block):
        assert len(piece) == 10
    held = cutter._waiting[0]
    assert held.base is None
    assert len(held) == 5


def test_it_tells_how_much_the_next_piece_lacks() -> None:
    cutter = PieceCutter(10, 5)
    missing = [cutter.num_missing]
    for length in (3, 7, 4):
        assert sum(1 for _ in cutter.push(np.zeros(length, np.float32))) == (length == 7)
        missing.append(cutter.num_missing)
    assert missing == [10, 7, 5, 1]
