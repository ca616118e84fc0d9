"""The delay from a change of clip to a change of label, on streams written down by hand."""

import math

import numpy as np
import pytest

from evaluation.scores.delay import delays
from evaluation.scores.judged import Judged, pool
from tests.evaluation.table_material import STEP_SECONDS, WIN_SECONDS, make_judged

ANGRY, SAD = 0, 3


def stream(shown: list[int], starts: list[float], ends: list[float], targets: list[int]) -> Judged:
    """Windows end at 2, 2.5, 3 ... s."""
    words = [[0.25] * 4] * len(shown)
    return make_judged(words, [-1] * len(shown), targets, shown=shown, starts=starts, ends=ends)


def test_from_the_first_sample_of_the_clip_to_the_end_of_the_window_that_shows_it() -> None:
    # Ends:          2.0    2.5    3.0    3.5    4.0
    judged = stream([ANGRY, ANGRY, ANGRY, -1, SAD], [0.0, 2.6], [2.1, 5.0], [ANGRY, SAD])
    found = delays(judged, WIN_SECONDS)
    assert found.num_changes == 1
    assert found.seconds.tolist() == pytest.approx([1.4])
    assert (found.median, found.p90, found.shown_share) == pytest.approx((1.4, 1.4, 1.0))


def test_a_label_that_comes_after_the_clip_is_gone_came_too_late() -> None:
    shown = [ANGRY] * 8 + [SAD]
    late = 2.0 + 8 * STEP_SECONDS
    in_time = stream(shown, [0.0, 2.6], [2.1, late - WIN_SECONDS + 0.1], [ANGRY, SAD])
    too_late = stream(shown, [0.0, 2.6], [2.1, late - WIN_SECONDS], [ANGRY, SAD])
    assert delays(in_time, WIN_SECONDS).seconds.tolist() == pytest.approx([late - 2.6])
    missed = delays(too_late, WIN_SECONDS)
    assert (len(missed.seconds), missed.num_changes, missed.shown_share) == (0, 1, 0.0)
    assert math.isnan(missed.median)


@pytest.mark.parametrize("shown", [[SAD, SAD, SAD], [-1, -1, SAD]])
def test_what_was_not_right_before_cannot_change(shown: list[int]) -> None:
    found = delays(stream(shown, [0.0, 2.1], [2.0, 4.0], [ANGRY, SAD]), WIN_SECONDS)
    assert found.num_changes == 0
    assert math.isnan(found.shown_share)


def test_the_same_emotion_again_is_no_change_and_neither_is_another_stream() -> None:
    same = stream([ANGRY, ANGRY], [0.0, 2.1], [2.0, 4.0], [ANGRY, ANGRY])
    alone = stream([ANGRY, SAD, SAD], [0.0], [2.0], [ANGRY])
    other = stream([SAD, SAD, SAD], [2.2], [4.0], [SAD])
    assert delays(pool([same, alone, other]), WIN_SECONDS).num_changes == 0


def test_nine_of_ten_stay_under_the_ninetieth_percentile() -> None:
    one = stream([ANGRY, SAD], [0.0, 2.1], [2.0, 4.0], [ANGRY, SAD])
    late = stream([ANGRY, ANGRY, ANGRY, SAD], [0.0, 2.1], [2.0, 4.0], [ANGRY, SAD])
    found = delays(pool([one] * 8 + [late] * 2), WIN_SECONDS)
    assert np.sort(found.seconds)[[0, -1]].tolist() == pytest.approx([0.4, 1.4])
    assert found.median == pytest.approx(0.4)
    assert found.p90 == pytest.approx(1.4)
