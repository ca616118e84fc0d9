"""The plainest recipe, on tables written by hand."""

import numpy as np
import pytest

from emotion.card import LABELS
from emotion.errors import DatasetError, UsageError
from tests.callmood.evaluation.table_material import Talk, make_table
from trainer.recipes.catalogue import default_recipe, find_recipe, recipe_names
from trainer.recipes.linear import LinearRecipe

TALKS = [Talk("c", name, LABELS * 3) for name in "ab"]


def test_it_learns_what_windows_say() -> None:
    table = make_table(TALKS)
    decision = LinearRecipe().fit([table]).decision
    other = make_table(TALKS, seed=1)
    speech = other.clip >= 0
    words = decision.probabilities(other.vectors[speech])
    assert (words.argmax(axis=1) == other.targets[speech]).mean() > 0.95
    np.testing.assert_allclose(words.sum(axis=1), 1.0)
    voice = decision.open_voice()
    np.testing.assert_allclose(voice.update(other.vectors[0]), decision.probabilities(other.vectors[0]))
    np.testing.assert_allclose(decision.probabilities(other.vectors[0]), words[0])
    assert voice.known == 0.0


def test_a_label_that_nobody_spoke_is_never_said() -> None:
    for spoken in (("angry", "sad"), ("angry", "happy", "sad")):
        decision = LinearRecipe().fit([make_table([Talk("c", "a", spoken * 4)])]).decision
        word = decision.probabilities(make_table(TALKS).vectors[0])
        silent = [LABELS.index(label) for label in LABELS if label not in spoken]
        assert (word[silent] == 0.0).all()
        assert word.sum() == pytest.approx(1.0)


def test_a_corpus_ten_times_as_large_weighs_no_more() -> None:
    small, large = Talk("small", "a", LABELS * 2), Talk("large", "a", LABELS * 20, shift=3.0)
    table = make_table([small, large], noise=0.5)
    fitted, doubled = (
        LinearRecipe().fit(tables).decision for tables in ([table], [table, make_table([large], noise=0.5)])
    )
    vector = table.vectors[1]
    np.testing.assert_allclose(fitted.probabilities(vector), doubled.probabilities(vector), atol=0.05)


@pytest.mark.parametrize("talks", [[Talk("c", "a", ("angry", "angry"))], []])
def test_too_little_to_fit_on_is_told(talks: list[Talk]) -> None:
    with pytest.raises(DatasetError, match=r"training side"):
        LinearRecipe().fit([make_table(talks)] if talks else [])


def test_recipes_go_by_their_names() -> None:
    assert default_recipe() in recipe_names()
    assert [find_recipe(name).name for name in recipe_names()] == list(recipe_names())
    with pytest.raises(UsageError, match=r"there are .*linear"):
        find_recipe("soup")
