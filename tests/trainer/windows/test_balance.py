"""Places are dealt out fairly, and only those that there are."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.windows.balance import balanced_rows, fair_shares
from trainer.windows.window_table import WindowTable


@given(
    available=st.dictionaries(st.text(max_size=3), st.integers(0, 50), min_size=1, max_size=6),
    total=st.integers(0, 200),
)
def test_nobody_gets_less_than_an_equal_share_unless_they_have_less(
    available: dict[str, int], total: int
) -> None:
    shares = fair_shares(available, total)
    assert sum(shares.values()) == min(total, sum(available.values()))
    for name, share in shares.items():
        assert share <= available[name]
        if share < available[name]:
            # Whoever could take more has as much as anybody, but for one that does not divide.
            assert share >= max(shares.values()) - 1


def table(cells: dict[tuple[int, str], int]) -> WindowTable:
    """Make a table with so many windows of each label and corpus."""
    targets = np.repeat([target for target, _ in cells], list(cells.values()))
    corpora = np.repeat([corpus for _, corpus in cells], list(cells.values()))
    rows = np.arange(len(targets))
    return WindowTable(np.zeros((len(targets), 1), np.float32), targets, rows, corpora, rows.astype(str))


def test_labels_and_within_them_corpora_weigh_the_same() -> None:
    cells = {(0, "a"): 1000, (0, "b"): 100, (1, "a"): 60, (1, "b"): 2, (1, "c"): 500}
    data = table(cells)
    chosen = data.take(balanced_rows(data, 300, seed=0))
    found = Counter(zip(chosen.targets.tolist(), chosen.corpora.tolist(), strict=True))
    assert found == {(0, "a"): 75, (0, "b"): 75, (1, "a"): 60, (1, "b"): 2, (1, "c"): 88}


def test_rows_are_drawn_once_and_the_seed_decides_which() -> None:
    data = table({(0, "a"): 80, (1, "a"): 80})
    first, same, other = (balanced_rows(data, 40, seed) for seed in (1, 1, 2))
    assert len(set(first)) == len(first) == 40
    assert (np.diff(first) > 0).all()
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_small_table_is_taken_whole() -> None:
    data = table({(0, "a"): 3, (1, "a"): 30})
    np.testing.assert_array_equal(balanced_rows(data, 33, seed=0), np.arange(33))
