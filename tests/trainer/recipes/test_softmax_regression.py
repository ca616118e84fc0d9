"""Our regression against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from trainer.recipes.softmax_regression import softmax_regression


@pytest.mark.parametrize("labels", [(0, 1, 2, 3), (0, 1, 3)])
def test_it_finds_what_scikit_learn_finds(labels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    targets = rng.choice(labels, 400)
    rows = (rng.normal(0, 1, (400, 30)) + np.eye(4, 30)[targets] * 1.5).astype(np.float32)
    weights = rng.uniform(0.5, 2.0, 400)
    weights /= weights.sum()
    coefficients, bias = softmax_regression(rows, targets, weights, 4, ridge=0.03, iterations=300)
    theirs = LogisticRegression(C=1 / 0.03, tol=1e-8, max_iter=1000)
    theirs.fit(rows.astype(np.float64), targets, sample_weight=weights)
    np.testing.assert_allclose(coefficients[:, labels], theirs.coef_.T, atol=2e-3)
    logits = rows @ coefficients + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities[:, labels], theirs.predict_proba(rows), atol=2e-3)
    absent = [label for label in range(4) if label not in labels]
    assert (probabilities[:, absent] < 1e-10).all()


def test_fewer_iterations_stop_early() -> None:
    rng = np.random.default_rng(1)
    rows, targets = rng.normal(0, 1, (50, 8)).astype(np.float32), rng.integers(0, 4, 50)
    even = np.full(50, 1 / 50)
    few, _ = softmax_regression(rows, targets, even, 4, ridge=1e-6, iterations=3)
    many, _ = softmax_regression(rows, targets, even, 4, ridge=1e-6, iterations=300)
    assert np.abs(few).sum() < 0.9 * np.abs(many).sum()
