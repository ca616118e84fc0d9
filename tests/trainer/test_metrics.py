"""Scores against scikit-learn's, and against what can be worked out by hand."""

import numpy as np
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from emotion.card import LABELS
from trainer.metrics import TestSide as Result
from trainer.metrics import expected_calibration_error, report_text, score
from trainer.model_card import weaknesses


def drawn(seed: int, num: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Draw truths and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    targets = rng.choice(4, num, p=[0.4, 0.3, 0.2, 0.1])
    probabilities = rng.dirichlet([1.0] * 4, num)
    probabilities[np.arange(num), targets] += 0.3
    return targets, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_scores_are_scikit_learns() -> None:
    targets, probabilities = drawn(0)
    found = score(targets, probabilities, LABELS)
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(targets, predicted)
    np.testing.assert_allclose(found.precision, precision)
    np.testing.assert_allclose(found.recall, recall)
    np.testing.assert_allclose(found.f1, f1)
    np.testing.assert_array_equal(found.support, support)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(targets, predicted))
    assert found.uar == pytest.approx(balanced_accuracy_score(targets, predicted))
    assert found.accuracy == pytest.approx((targets == predicted).mean())


def test_brier_by_hand() -> None:
    found = score(np.array([0, 1]), np.array([[1.0, 0.0], [0.75, 0.25]]), ("angry", "sad"))
    assert found.brier == pytest.approx((0 + 2 * 0.75**2) / 2)


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.95] * 10 + [0.55] * 10)
    right = np.array([True] * 9 + [False] + [True] * 3 + [False] * 7)
    assert expected_calibration_error(confidence, right) == pytest.approx((0.05 + 0.25) / 2)
    assert expected_calibration_error(np.ones(4), np.ones(4, dtype=bool)) == 0


def test_labels_that_do_not_occur_are_left_out_of_the_mean() -> None:
    targets = np.array([0, 0, 3, 3])
    probabilities = np.eye(4)[[0, 1, 3, 3]] * 0.7 + 0.075
    found = score(targets, probabilities, LABELS)
    assert found.uar == pytest.approx(0.75)
    assert np.isnan(found.recall[2])
    card = found.for_card()
    assert card["per_label"]["neutral"] == {"precision": None, "recall": None, "f1": None, "support": 0}
    assert card["count"] == 4


def result_with(confusion: list[list[int]]) -> Result:
    """Make the scores of a confusion matrix, as one corpus among two."""
    pairs = [(i, j) for i, row in enumerate(confusion) for j, count in enumerate(row) for _ in range(count)]
    targets = np.array([true for true, _ in pairs])
    sure = np.eye(4)[[said for _, said in pairs]]
    good = score(np.arange(4), np.eye(4), LABELS)
    return Result(good, score(targets, sure, LABELS), {"fine": good, "poor": score(targets, sure, LABELS)}, 5)


def weaknesses_of(confusion: list[list[int]]) -> list[str]:
    """Name the weaknesses behind a confusion matrix; certainty is as it should be."""
    result = result_with(confusion)
    return weaknesses(result.clips, result.corpora, 0.05, "clip")


def test_certainty_that_misleads_is_a_weakness() -> None:
    clips = result_with([[5, 0, 0, 0]] * 4).clips
    assert weaknesses(clips, {}, 0.06, "window") == [
        "its certainty about a window is off by 6 % on average (ECE)"
    ]


def test_weaknesses_are_named_with_figures_worst_first() -> None:
    found = weaknesses_of([[4, 16, 0, 0], [0, 20, 0, 0], [0, 0, 6, 14], [15, 0, 0, 5]])
    assert found == [
        "angry: 20 % of its clips are recognised, 80 % are taken for happy",
        "sad: 25 % of its clips are recognised, 75 % are taken for angry",
        "neutral: 30 % of its clips are recognised, 70 % are taken for sad",
        "poor: UAR 44 % on its unseen speakers (recalls: angry 20 %, happy 100 %, neutral 30 %, sad 25 %)",
    ]


def test_a_recall_of_a_few_clips_is_no_weakness() -> None:
    assert not [
        w for w in weaknesses_of([[0, 3, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0], [0, 0, 0, 9]]) if "angry:" in w
    ]


def test_the_report_shows_every_figure() -> None:
    text = report_text(
        "m: classification report",
        "by speaker",
        result_with([[4, 1, 0, 0], [0, 5, 0, 0], [0] * 4, [0, 0, 0, 5]]),
    )
    lines = text.splitlines()
    (angry,) = [line.split() for line in lines if line.split()[:1] == ["angry"]][:1]
    assert angry == ["angry", "1.00", "0.80", "0.89", "5"]
    (neutral,) = [line.split() for line in lines if line.split()[:1] == ["neutral"]][:1]
    assert neutral == ["neutral", "-", "-", "-", "0"]
    assert any("UAR 0.933" in line and "accuracy 0.933" in line for line in lines)
    assert any(line.split()[:1] == ["poor"] for line in lines)
