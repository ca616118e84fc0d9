"""Where a model is known to be wrong, read from its own scores."""

from typing import Final

import numpy as np

from trainer.scoring.scores import Scores
from trainer.scoring.test_side import TestSide

FEW_CLIPS: Final = 10
"""With fewer, a recall says nothing."""

POOR_RECALL: Final = 0.5
POOR_UAR: Final = 0.5
POOR_CALIBRATION: Final = 0.05


def weaknesses(result: TestSide) -> list[str]:
    """Name labels that are missed, corpora that go badly, and certainty that misleads.

    Parameters
    ----------
    result : TestSide
        Scores of the test side.

    Returns
    -------
    list of str
        Sentences with figures, worst things first; empty for a model without a weakness that shows.
    """
    found = [_missed_label(result.clips, i) for i in np.argsort(np.nan_to_num(result.clips.recall, nan=1.0))]
    found += [
        _poor_corpus(name, scores)
        for name, scores in sorted(result.corpora.items(), key=lambda item: item[1].uar)
        if scores.uar < POOR_UAR
    ]
    if result.windows.ece > POOR_CALIBRATION:
        found.append(
            f"its certainty about a window is off by {100 * result.windows.ece:.0f} % on average (ECE)"
        )
    return [line for line in found if line]


def _missed_label(scores: Scores, label: np.intp) -> str:
    if scores.support[label] < FEW_CLIPS or not scores.recall[label] < POOR_RECALL:
        return ""
    mistaken = scores.confusion[label].astype(float)
    mistaken[label] = -1
    other = int(mistaken.argmax())
    return (
        f"{scores.labels[label]}: {100 * scores.recall[label]:.0f} % of its clips are recognised, "
        f"{100 * mistaken[other] / scores.support[label]:.0f} % are taken for {scores.labels[other]}"
    )


def _poor_corpus(name: str, scores: Scores) -> str:
    usual = [i for i in range(len(scores.labels)) if scores.support[i] >= FEW_CLIPS]
    recalls = ", ".join(f"{scores.labels[i]} {100 * scores.recall[i]:.0f} %" for i in usual)
    return f"{name}: UAR {100 * scores.uar:.0f} % on its unseen speakers" + (
        f" (recalls: {recalls})" if recalls else ""
    )
