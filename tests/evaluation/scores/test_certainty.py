"""What doubt is worth, against figures worked out by hand."""

import math

import numpy as np
import pytest

from evaluation.scores.certainty import certainty, selective_accuracy
from evaluation.scores.clip_answers import clip_answers
from tests.evaluation.table_material import make_judged

ANGRY, HAPPY = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]


def test_shares_of_windows_and_clips() -> None:
    # Clip 0: shown angry (right), unsure. Clip 1: both unsure. Clip 2: shown happy (wrong), not heard.
    judged = make_judged(
        [ANGRY, ANGRY, HAPPY, HAPPY, HAPPY, ANGRY, ANGRY],
        [0, 0, 1, 1, 2, 2, -1],
        [0, 1, 0],
        heard=[True, True, True, True, True, False, True],
        unsure=[False, True, True, True, False, False, True],
    )
    found = certainty(judged, clip_answers(judged))
    assert found.unsure_share == pytest.approx(3 / 5), "of the windows of speech that lie in clips"
    assert found.sure_window_accuracy == pytest.approx(1 / 2)
    assert found.swallowed_share == pytest.approx(1 / 3)
    assert found.sure_clip_accuracy == pytest.approx(1 / 2)


def test_nothing_heard_leaves_nothing_to_be_sure_of() -> None:
    judged = make_judged([ANGRY], [0], [0], heard=[False])
    found = certainty(judged, clip_answers(judged))
    assert math.isnan(found.unsure_share)
    assert math.isnan(found.sure_window_accuracy)
    assert math.isnan(found.sure_clip_accuracy)
    assert (found.swallowed_share, found.selective_accuracy) == (1.0, 1.0)


def test_the_least_certain_two_fifths_are_left_out() -> None:
    confidence = np.array([0.9, 0.3, 0.8, 0.4, 0.7])
    assert selective_accuracy(confidence, np.array([True, False, True, False, False])) == pytest.approx(2 / 3)
    assert selective_accuracy(confidence, np.array([False, True, False, True, False])) == 0.0
