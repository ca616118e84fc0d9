"""The report of a training run as text, in the article's spirit."""

import math

from trainer.scoring.scores import Scores
from trainer.scoring.test_side import TestSide


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
        *_confusion_lines(result.clips),
    ]
    if result.corpora:
        parts += ["", "Clips of each corpus", *_corpus_lines(result.corpora)]
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


def _confusion_lines(scores: Scores) -> list[str]:
    head = "  " + " " * 10 + "".join(f"{label:>10}" for label in scores.labels)
    rows = [
        f"  {label:10}" + "".join(f"{count:10d}" for count in scores.confusion[i])
        for i, label in enumerate(scores.labels)
    ]
    return [head, *rows]


def _corpus_lines(corpora: dict[str, Scores]) -> list[str]:
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
