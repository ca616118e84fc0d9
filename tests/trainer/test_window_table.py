"""Tables of windows: balance of labels and corpora, and tables of streams."""

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.callmood.evaluation.table_material import Talk, make_table
from trainer.window_table import StepTable, WindowTable, balanced_rows, concatenate_tables, fair_shares


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


TALKS = [
    Talk("a", "anna", ["angry", "sad"]),
    Talk("a", "otto", ["happy"]),
    Talk("b", "anna", ["neutral", "sad", "angry"]),
]


def assert_same(one: StepTable, other: StepTable) -> None:
    """Compare everything but the key."""
    for part in ("clips", "streams"):
        for each in fields(getattr(one, part)):
            np.testing.assert_array_equal(
                getattr(getattr(one, part), each.name), getattr(getattr(other, part), each.name)
            )
    for each in fields(one):
        if each.name not in {"clips", "streams", "key"}:
            np.testing.assert_array_equal(getattr(one, each.name), getattr(other, each.name))


def test_speakers_are_taken_whole_and_numbered_anew() -> None:
    table = make_table(TALKS)
    part = table.of_speakers({"b/anna", "a/otto"})
    assert part.streams.speaker_key.tolist() == ["a/otto", "b/anna"]
    assert len(part) == part.streams.num_windows.sum() == 4 + 12
    assert set(part.stream.tolist()) == {0, 1}
    assert part.clips.stream.tolist() == [0, 1, 1, 1]
    rows = np.isin(table.stream, [1, 2])
    np.testing.assert_array_equal(part.vectors, table.vectors[rows])
    np.testing.assert_array_equal(part.targets, table.targets[rows])
    # A window found by its clip is the very same as before.
    old = table.clips.best_window[table.clips.stream > 0]
    np.testing.assert_array_equal(part.vectors[part.clips.best_window], table.vectors[old])
    assert part.key != table.key


def test_nobody_gives_an_empty_table_and_everybody_the_table_itself() -> None:
    table = make_table(TALKS)
    assert table.of_speakers({"a/anna", "a/otto", "b/anna"}) is table
    nobody = table.of_speakers({"c/nobody"})
    assert (len(nobody), len(nobody.clips), len(nobody.streams)) == (0, 0, 0)
    assert nobody.targets.shape == (0,)


def test_a_clip_without_a_window_keeps_none() -> None:
    table = make_table(TALKS)
    clips = replace(table.clips, best_window=np.full(len(table.clips), -1, dtype=np.int32))
    lost = replace(table, clips=clips)
    assert (lost.of_speakers({"b/anna"}).clips.best_window == -1).all()
    assert (concatenate_tables([table, lost]).clips.best_window[len(clips) :] == -1).all()


def test_parts_put_together_are_the_whole() -> None:
    table = make_table(TALKS)
    parts = [table.of_streams(np.arange(3) == number) for number in range(3)]
    assert_same(concatenate_tables(parts), table)
    assert concatenate_tables([table]) is table


def test_conditions_stay_known_when_tables_are_put_together() -> None:
    clean, phone = make_table(TALKS), make_table(TALKS, condition="phone", seed=1)
    both = concatenate_tables([clean, phone])
    assert both.condition == "clean+phone"
    assert_same(both.of_streams(both.streams.condition == "phone"), phone)
    assert both.key != concatenate_tables([phone, clean]).key


def test_windows_know_when_they_begin() -> None:
    table = make_table(TALKS)
    np.testing.assert_array_equal(table.start_seconds[:4], [0.0, 0.5, 1.0, 1.5])


def test_tables_of_different_grids_are_not_put_together() -> None:
    table = make_table(TALKS)
    with pytest.raises(ValueError, match="one grid"):
        concatenate_tables([table, replace(table, step_seconds=0.25)])
    with pytest.raises(ValueError, match="one grid"):
        concatenate_tables([])
