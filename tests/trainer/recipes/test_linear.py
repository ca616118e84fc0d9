"""The plainest recipe, on tables written by hand, and our two regressions against scikit-learn's."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from emotion.arrays import FloatArray
from emotion.card import LABELS
from emotion.errors import DatasetError, UsageError
from tests.callmood.evaluation.table_material import Talk, make_table
from trainer.recipes.catalogue import default_recipe, find_recipe, recipe_names
from trainer.recipes.linear import LabelledRows, LinearRecipe, Regression, softmax_regressions

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


def even(rows: FloatArray, targets: NDArray[np.int64]) -> LabelledRows:
    """All in one group, each of the same weight."""
    return LabelledRows(rows, targets, np.full(len(rows), 1 / len(rows)), np.zeros(len(rows), dtype=np.int64))


@pytest.mark.parametrize("labels", [(0, 1, 2, 3), (0, 1, 3)])
def test_they_find_what_scikit_learn_finds(labels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    targets = rng.choice(labels, 400)
    group = rng.integers(0, 5, 400)
    usual = rng.normal(0, 2, (5, 30)).astype(np.float32)
    rows = (rng.normal(0, 1, (400, 30)) + np.eye(4, 30)[targets] * 1.5).astype(np.float32) + usual[group]
    weights = rng.uniform(0.5, 2.0, 400)
    weights /= weights.sum()
    nuisance = rng.normal(0, 0.3, (7, 30)).astype(np.float32)
    found = softmax_regressions(
        LabelledRows(rows, targets, weights, group),
        [
            Regression((), nuisance),
            Regression((usual,), nuisance[:0]),
            Regression((usual, usual), nuisance[:0]),
        ],
        ridge=0.03,
        nuisance_ridge=0.1,
        iterations=400,
    )
    # Theirs knows no nuisance, but the same ridge on turned and shrunken rows is one.
    nuisance_too = np.linalg.cholesky(np.eye(30) + (0.1 / 0.03) * nuisance.T @ nuisance)
    plain = np.eye(30)
    heard_by = ((rows, nuisance_too), (rows - usual[group], plain), (rows - usual[group], plain))
    for (coefficients, bias), (heard, root) in zip(found, heard_by, strict=True):
        theirs = LogisticRegression(C=1 / 0.03, tol=1e-8, max_iter=2000)
        turned = np.linalg.solve(root, heard.T.astype(np.float64)).T
        theirs.fit(turned, targets, sample_weight=weights)
        np.testing.assert_allclose(root.T @ coefficients[:, labels], theirs.coef_.T, atol=2e-3)
        logits = heard @ coefficients + bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(probabilities[:, labels], theirs.predict_proba(turned), atol=2e-3)
        absent = [label for label in range(4) if label not in labels]
        assert (probabilities[:, absent] < 1e-10).all()


def test_fewer_iterations_stop_early() -> None:
    rng = np.random.default_rng(1)
    given = even(rng.normal(0, 1, (50, 8)).astype(np.float32), rng.integers(0, 4, 50))
    plain = [Regression((), given.rows[:0])]
    [(few, _)] = softmax_regressions(given, plain, ridge=1e-6, nuisance_ridge=0.0, iterations=3)
    [(many, _)] = softmax_regressions(given, plain, ridge=1e-6, nuisance_ridge=0.0, iterations=300)
    assert np.abs(few).sum() < 0.9 * np.abs(many).sum()
