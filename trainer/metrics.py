"""Scores of predictions, for each label and over all, and the report of a training run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Probabilities
from emotion.rbf_svc import RbfSvc
from trainer.window_table import WindowTable

NUM_BINS: Final = 15
"""Bins of confidence in the expected calibration error."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of one set of examples.

    Attributes
    ----------
    labels : tuple of str
        In order of the rows below.
    confusion : ndarray, shape (num_labels, num_labels), int64
        Counts; rows are what was true, columns what was predicted.
    precision, recall, f1 : ndarray, shape (num_labels,)
        0..1; NaN where nothing was predicted as the label, or nothing was it.
    uar : float
        Mean of the recalls of the labels that occur: chance is one over their number.
    accuracy : float
        Share that was right.
    ece : float
        Expected calibration error: mean distance of confidence from accuracy over `NUM_BINS` bins of
        confidence, weighted by what is in them (Naeini, Cooper and Hauskrecht 2015).
    brier : float
        Mean of the squared distance of the probabilities from the truth, summed over labels, 0..2 (Brier
        1950).
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    uar: float
    accuracy: float
    ece: float
    brier: float

    @property
    def support(self) -> NDArray[np.int64]:
        """Examples of each label, shape (num_labels,)."""
        return np.asarray(self.confusion.sum(axis=1))

    def for_card(self) -> dict[str, Any]:
        """Give the same as plain values, rounded to four places, for ``card.json``."""
        per_label = {
            label: {
                "precision": rounded(self.precision[i]),
                "recall": rounded(self.recall[i]),
                "f1": rounded(self.f1[i]),
                "support": int(self.support[i]),
            }
            for i, label in enumerate(self.labels)
        }
        return {
            "count": int(self.confusion.sum()),
            "uar": rounded(self.uar),
            "accuracy": rounded(self.accuracy),
            "ece": rounded(self.ece),
            "brier": rounded(self.brier),
            "per_label": per_label,
            "confusion": self.confusion.tolist(),
        }


def score(targets: NDArray[np.int64], probabilities: Probabilities, labels: tuple[str, ...]) -> Scores:
    """Compare probabilities with the truth.

    Parameters
    ----------
    targets : ndarray, shape (n,), n >= 1
        Index of the true label.
    probabilities : ndarray, shape (n, num_labels)
        Rows that sum to 1.
    labels : tuple of str
        Their names.

    Returns
    -------
    Scores
        The prediction is the most probable label.
    """
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(targets, predicted, np.arange(len(labels)))
    right = np.diag(confusion).astype(np.float64)
    precision = _divide(right, confusion.sum(axis=0))
    recall = _divide(right, confusion.sum(axis=1))
    truth = np.eye(len(labels))[targets]
    return Scores(
        labels,
        confusion,
        precision,
        recall,
        _divide(2 * right, confusion.sum(axis=0) + confusion.sum(axis=1)),
        unweighted_average_recall(confusion),
        float(right.sum() / confusion.sum()),
        expected_calibration_error(probabilities.max(axis=1), predicted == targets),
        float(((probabilities - truth) ** 2).sum(axis=1).mean()),
    )


def confusion_matrix(
    targets: NDArray[np.int64], predicted: NDArray[np.int64], values: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count pairs of true and predicted values.

    Parameters
    ----------
    targets, predicted : ndarray, shape (n,)
        The truth, and the predictions.
    values : ndarray, shape (k,)
        The values that both can take, ascending.

    Returns
    -------
    ndarray, shape (k, k), int64
        Rows are true labels.
    """
    places = np.searchsorted(values, targets) * len(values) + np.searchsorted(values, predicted)
    return np.bincount(places, minlength=len(values) ** 2).reshape(len(values), len(values)).astype(np.int64)


def unweighted_average_recall(confusion: NDArray[np.int64]) -> float:
    """Give the mean of the recalls of the labels that occur.

    Parameters
    ----------
    confusion : ndarray, shape (k, k)
        Rows are true labels.

    Returns
    -------
    float
        0..1.
    """
    return float(np.nanmean(_divide(np.diag(confusion).astype(np.float64), confusion.sum(axis=1))))


def expected_calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Measure how far confidence is from accuracy.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        Probability of the predicted label.
    right : ndarray, shape (n,), bool
        Whether it was the true one.

    Returns
    -------
    float
        0..1, over bins of equal width.
    """
    bins = np.minimum((confidence * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    surplus = np.bincount(bins, weights=confidence - right, minlength=NUM_BINS)
    return float(np.abs(surplus).sum() / len(confidence))


def _divide(a: NDArray[np.float64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0)
    return shares


def rounded(value: float, digits: int = 4) -> float | None:
    """Give a plain number for JSON.

    Parameters
    ----------
    value : float
        May be NaN.
    digits : int
        Decimal places.

    Returns
    -------
    float or None
        None for NaN.
    """
    return None if math.isnan(value) else round(float(value), digits)


@dataclass(frozen=True, slots=True, eq=False)
class TestSide:
    """Scores of windows and of clips.

    Attributes
    ----------
    windows : Scores
        Of each window by itself.
    clips : Scores
        Of each clip, its probabilities the mean over its windows.
    corpora : mapping of str to Scores
        The clips of each corpus; empty where there is only one.
    num_speakers : int
        Groups that were tested on; speakers where they are known.
    """

    windows: Scores
    clips: Scores
    corpora: dict[str, Scores]
    num_speakers: int


def score_test_side(decision: RbfSvc, table: WindowTable, labels: tuple[str, ...]) -> TestSide:
    """Score the decision as it is saved.

    Parameters
    ----------
    decision : RbfSvc
        From the model's arrays.
    table : WindowTable
        The test side.
    labels : tuple of str
        In the model's order.

    Returns
    -------
    TestSide
        Every window and every clip counted once.
    """
    probabilities = decision.probabilities(table.vectors)
    clips, first_windows, place = np.unique(table.clips, return_index=True, return_inverse=True)
    of_clips = np.zeros((len(clips), len(labels)))
    np.add.at(of_clips, place, probabilities)
    of_clips /= np.bincount(place)[:, None]
    targets, corpora = table.targets[first_windows], table.corpora[first_windows]
    names = [str(name) for name in np.unique(corpora)]
    return TestSide(
        score(table.targets, probabilities, labels),
        score(targets, of_clips, labels),
        {n: score(targets[corpora == n], of_clips[corpora == n], labels) for n in names if len(names) > 1},
        len(np.unique(table.groups)),
    )


def report_text(title: str, split: str, result: TestSide) -> str:
    """Write the classification report.

    Parameters
    ----------
    title : str
        The first line.
    split : str
        How the test side was set apart.
    result : TestSide
        Its scores.

    Returns
    -------
    str
        Plain text that ends with a newline.
    """
    parts = [title, f"split {split}", ""]
    if result.windows.confusion.sum() == result.clips.confusion.sum():
        parts += ["Clips", *classification_lines(result.clips), ""]
    else:
        parts += ["Clips (mean of the windows of a clip)", *classification_lines(result.clips), ""]
        parts += ["Windows, each by itself", *classification_lines(result.windows), ""]
    parts += [
        "Confusion of clips: rows are what was true, columns what was predicted",
        *confusion_lines(result.clips),
    ]
    if result.corpora:
        parts += ["", "Clips of each corpus", *corpus_lines(result.corpora)]
    return "\n".join(parts) + "\n"


def classification_lines(scores: Scores) -> list[str]:
    """Give precision, recall, F1 and support of each label, and the figures over all.

    Parameters
    ----------
    scores : Scores
        Of windows or clips.

    Returns
    -------
    list of str
        A table and one line below it.
    """
    lines = [f"  {'':10}{'precision':>10}{'recall':>10}{'F1':>10}{'support':>10}"]
    columns = zip(scores.labels, scores.precision, scores.recall, scores.f1, scores.support, strict=True)
    for label, precision, recall, f1, support in columns:
        lines.append(f"  {label:10}{_share(precision)}{_share(recall)}{_share(f1)}{support:10d}")
    over_all = {"UAR": scores.uar, "accuracy": scores.accuracy, "ECE": scores.ece, "Brier": scores.brier}
    return [*lines, "  " + "   ".join(f"{name} {value:.3f}" for name, value in over_all.items())]


def confusion_lines(scores: Scores) -> list[str]:
    """Give the confusion matrix.

    Parameters
    ----------
    scores : Scores
        Of windows or clips.

    Returns
    -------
    list of str
        A head, and a line for each true label.
    """
    head = "  " + " " * 10 + "".join(f"{label:>10}" for label in scores.labels)
    rows = [
        f"  {label:10}" + "".join(f"{count:10d}" for count in scores.confusion[i])
        for i, label in enumerate(scores.labels)
    ]
    return [head, *rows]


def corpus_lines(corpora: Mapping[str, Scores]) -> list[str]:
    """Give UAR, accuracy and recalls of each corpus.

    Parameters
    ----------
    corpora : mapping of str to Scores
        By name; not empty.

    Returns
    -------
    list of str
        A head, and a line for each corpus.
    """
    labels = next(iter(corpora.values())).labels
    recalls = "".join(f"{label:>10}" for label in labels)
    lines = [f"  {'':18}{'clips':>7}{'UAR':>8}{'accuracy':>10}   recalls:{recalls}"]
    lines += [
        f"  {name:18}{scores.confusion.sum():7d}{scores.uar:8.3f}{scores.accuracy:10.3f}           "
        + "".join(_share(recall) for recall in scores.recall)
        for name, scores in corpora.items()
    ]
    return lines


def _share(value: float) -> str:
    return f"{'-':>10}" if math.isnan(value) else f"{value:10.2f}"
