"""What a model makes of the clips that nothing was fitted on."""

from dataclasses import dataclass

import numpy as np

from emotion.rbf_svc import RbfSvc
from trainer.scoring.scores import Scores, score
from trainer.windows.window_table import WindowTable


@dataclass(frozen=True, slots=True, eq=False)
class TestSide:
    """Scores at two grains.

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
    """Ask the very decision that is shipped.

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
