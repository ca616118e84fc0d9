"""Tables of windows: parts of them, and several put together."""

from dataclasses import fields, replace

import numpy as np
import pytest

from tests.evaluation.table_material import Talk, make_table
from trainer.step_table import StepTable, concatenate_tables

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
