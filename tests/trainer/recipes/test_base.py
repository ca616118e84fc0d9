"""Which windows are fitted on, and how much each counts."""

import numpy as np
import pytest

from emotion.card import LABELS
from emotion.errors import DatasetError
from tests.callmood.evaluation.table_material import WINDOWS_A_CLIP, Talk, make_table
from trainer.recipes.base import CLEAN_WEIGHT, SMALL_WEIGHT, windows_of_speech


def test_only_speech_inside_clips_counts_and_clips_of_several_tables_keep_apart() -> None:
    tables = [make_table([Talk("c", "a", LABELS)]), make_table([Talk("c", "b", LABELS)], condition="phone")]
    windows = windows_of_speech(tables)
    assert len(windows) == 2 * len(LABELS) * WINDOWS_A_CLIP
    assert len(np.unique(windows.clip)) == 2 * len(LABELS)
    assert set(windows.condition) == {"clean", "phone"}
    for clip in np.unique(windows.clip):
        inside = windows.take(windows.clip == clip)
        assert len(set(inside.targets.tolist())) == len(set(inside.speaker.tolist())) == 1


@pytest.mark.parametrize(("most", "kept"), [(1, [1]), (2, [0, 2]), (3, [0, 1, 2]), (9, [0, 1, 2])])
def test_of_each_clip_the_middle_is_taken_first(most: int, kept: list[int]) -> None:
    table = make_table([Talk("c", "a", LABELS * 2)])
    whole, thinned = windows_of_speech([table]), windows_of_speech([table], most)
    expected = [row for start in range(0, len(whole), WINDOWS_A_CLIP) for row in start + np.array(kept)]
    np.testing.assert_array_equal(thinned.vectors, whole.vectors[expected])


def test_a_corpus_counts_the_same_whatever_its_size_and_one_that_lacks_an_emotion_less() -> None:
    talks = [
        Talk("small", "a", LABELS),
        Talk("large", "b", LABELS * 9 + ("sad",) * 20),
        Talk("partial", "c", ("angry", "sad", "sad")),
    ]
    windows = windows_of_speech([make_table(talks)])
    assert windows.complete_corpora == ("large", "small")
    weights = windows.weights()
    of_corpus = {name: weights[windows.corpus == name].sum() for name in ("small", "large", "partial")}
    assert of_corpus["small"] == pytest.approx(of_corpus["large"])
    assert of_corpus["partial"] == pytest.approx(SMALL_WEIGHT * of_corpus["small"])
    assert weights.sum() == pytest.approx(1.0)
    large = windows.corpus == "large"
    of_label = [weights[large & (windows.targets == label)].sum() for label in range(len(LABELS))]
    np.testing.assert_allclose(of_label, of_label[0])


def test_clean_windows_count_more_than_the_same_down_a_line() -> None:
    talks = [Talk("c", "a", LABELS)]
    windows = windows_of_speech([make_table(talks), make_table(talks, condition="phone")])
    weights = windows.weights()
    clean, phone = (weights[windows.condition == name] for name in ("clean", "phone"))
    np.testing.assert_allclose(clean, CLEAN_WEIGHT * phone)


def test_nothing_to_fit_on_is_told() -> None:
    with pytest.raises(DatasetError, match="no window of speech; add recordings"):
        windows_of_speech([])
