"""What is measured on classified streams."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmood.evaluation.classification import ClassifiedStreams, pool
from callmood.evaluation.stream_metrics import (
    NUM_DRAWS,
    certainty,
    clip_answers,
    delays,
    interval,
    selective_accuracy,
    shown_clips,
    uar_draws,
)
from tests.callmood.evaluation.table_material import STEP_SECONDS, WIN_SECONDS, make_classified

ANGRY, HAPPY, SAD = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]


@st.composite
def streams(draw: st.DrawFn) -> ClassifiedStreams:
    """Any windows, any clips, any gate."""
    num_clips = draw(st.integers(1, 5))
    num_windows = draw(st.integers(1, 20))
    word = st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4)
    words = np.array(draw(st.lists(word, min_size=num_windows, max_size=num_windows)))
    flags = st.lists(st.booleans(), min_size=num_windows, max_size=num_windows)
    heard = draw(flags)
    unsure = [both[0] and both[1] for both in zip(heard, draw(flags), strict=True)]
    return make_classified(
        (words / words.sum(axis=1, keepdims=True)).tolist(),
        draw(st.lists(st.integers(-1, num_clips - 1), min_size=num_windows, max_size=num_windows)),
        draw(st.lists(st.integers(0, 3), min_size=num_clips, max_size=num_clips)),
        heard=heard,
        unsure=unsure,
        best=draw(st.lists(st.integers(-1, num_windows - 1), min_size=num_clips, max_size=num_clips)),
    )


def answer_by_the_rule(classified: ClassifiedStreams, clip: int) -> list[float]:
    """The rule as the issue words it, for one clip, without an array in sight."""
    windows = classified.windows
    inside = [row for row in range(len(windows)) if windows.placement[row] == clip]
    rows = [row for row in inside if windows.heard[row]] or inside
    if not rows:
        best = int(classified.placements.best_window[clip])
        rows = [] if best < 0 else [best]
    if not rows:
        return [0.25] * 4
    return [sum(float(windows.probabilities[row, k]) for row in rows) / len(rows) for k in range(4)]


@given(streams())
def test_the_rule(classified: ClassifiedStreams) -> None:
    answers = clip_answers(classified)
    assert len(answers) == len(classified.placements)
    expected = [answer_by_the_rule(classified, clip) for clip in range(len(answers))]
    np.testing.assert_allclose(answers, expected, atol=1e-12)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0, atol=1e-12)


@given(streams(), streams())
def test_streams_side_by_side_are_answered_as_each_by_itself(
    one: ClassifiedStreams, other: ClassifiedStreams
) -> None:
    together = clip_answers(pool([one, other]))
    np.testing.assert_array_equal(together, np.concatenate([clip_answers(one), clip_answers(other)]))


def test_windows_that_the_gate_did_not_hear_count_only_where_there_is_no_other() -> None:
    classified = make_classified([ANGRY, SAD, HAPPY], [0, 0, 1], [0, 1], heard=[True, False, False])
    np.testing.assert_allclose(clip_answers(classified), [ANGRY, HAPPY])


def test_unsure_windows_count_with_their_probabilities() -> None:
    classified = make_classified([ANGRY, SAD], [0, 0], [0], unsure=[True, False])
    np.testing.assert_allclose(clip_answers(classified), [[0.4, 0.1, 0.1, 0.4]])


def test_a_clip_is_swallowed_when_none_of_its_windows_shows_an_emotion() -> None:
    classified = make_classified(
        [ANGRY] * 5,
        [0, 0, 1, 1, -1],
        [0, 0, 0, 0],
        heard=[True, False, False, True, True],
        unsure=[False, False, False, True, False],
        best=[0, 2, 4, -1],
    )
    assert shown_clips(classified).tolist() == [True, False, True, False]


SURELY_ANGRY, SURELY_HAPPY = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]


def test_shares_of_windows_and_clips() -> None:
    # Clip 0: shown angry (right), unsure. Clip 1: both unsure. Clip 2: shown happy (wrong), not heard.
    classified = make_classified(
        [SURELY_ANGRY, SURELY_ANGRY, SURELY_HAPPY, SURELY_HAPPY, SURELY_HAPPY, SURELY_ANGRY, SURELY_ANGRY],
        [0, 0, 1, 1, 2, 2, -1],
        [0, 1, 0],
        heard=[True, True, True, True, True, False, True],
        unsure=[False, True, True, True, False, False, True],
    )
    found = certainty(classified, clip_answers(classified))
    assert found.unsure_share == pytest.approx(3 / 5), "of the windows of speech that lie in clips"
    assert found.sure_window_accuracy == pytest.approx(1 / 2)
    assert found.swallowed_share == pytest.approx(1 / 3)
    assert found.sure_clip_accuracy == pytest.approx(1 / 2)


def test_nothing_heard_leaves_nothing_to_be_sure_of() -> None:
    classified = make_classified([SURELY_ANGRY], [0], [0], heard=[False])
    found = certainty(classified, clip_answers(classified))
    assert math.isnan(found.unsure_share)
    assert math.isnan(found.sure_window_accuracy)
    assert math.isnan(found.sure_clip_accuracy)
    assert (found.swallowed_share, found.selective_accuracy) == (1.0, 1.0)


def test_the_least_certain_two_fifths_are_left_out() -> None:
    confidence = np.array([0.9, 0.3, 0.8, 0.4, 0.7])
    assert selective_accuracy(confidence, np.array([True, False, True, False, False])) == pytest.approx(2 / 3)
    assert selective_accuracy(confidence, np.array([False, True, False, True, False])) == 0.0


ANGRY_LABEL, SAD_LABEL = 0, 3


def stream(shown: list[int], starts: list[float], ends: list[float], targets: list[int]) -> ClassifiedStreams:
    """Windows end at 2, 2.5, 3 ... s."""
    words = [[0.25] * 4] * len(shown)
    return make_classified(words, [-1] * len(shown), targets, shown=shown, starts=starts, ends=ends)


def test_from_the_first_sample_of_the_clip_to_the_end_of_the_window_that_shows_it() -> None:
    # Ends:          2.0    2.5    3.0    3.5    4.0
    classified = stream(
        [ANGRY_LABEL, ANGRY_LABEL, ANGRY_LABEL, -1, SAD_LABEL],
        [0.0, 2.6],
        [2.1, 5.0],
        [ANGRY_LABEL, SAD_LABEL],
    )
    found = delays(classified, WIN_SECONDS)
    assert found.num_changes == 1
    assert found.seconds.tolist() == pytest.approx([1.4])
    assert (found.median, found.p90, found.shown_share) == pytest.approx((1.4, 1.4, 1.0))


def test_a_label_that_comes_after_the_clip_is_gone_came_too_late() -> None:
    shown = [ANGRY_LABEL] * 8 + [SAD_LABEL]
    late = 2.0 + 8 * STEP_SECONDS
    in_time = stream(shown, [0.0, 2.6], [2.1, late - WIN_SECONDS + 0.1], [ANGRY_LABEL, SAD_LABEL])
    too_late = stream(shown, [0.0, 2.6], [2.1, late - WIN_SECONDS], [ANGRY_LABEL, SAD_LABEL])
    assert delays(in_time, WIN_SECONDS).seconds.tolist() == pytest.approx([late - 2.6])
    missed = delays(too_late, WIN_SECONDS)
    assert (len(missed.seconds), missed.num_changes, missed.shown_share) == (0, 1, 0.0)
    assert math.isnan(missed.median)


@pytest.mark.parametrize("shown", [[SAD_LABEL, SAD_LABEL, SAD_LABEL], [-1, -1, SAD_LABEL]])
def test_what_was_not_right_before_cannot_change(shown: list[int]) -> None:
    found = delays(stream(shown, [0.0, 2.1], [2.0, 4.0], [ANGRY_LABEL, SAD_LABEL]), WIN_SECONDS)
    assert found.num_changes == 0
    assert math.isnan(found.shown_share)


def test_the_same_emotion_again_is_no_change_and_neither_is_another_stream() -> None:
    same = stream([ANGRY_LABEL, ANGRY_LABEL], [0.0, 2.1], [2.0, 4.0], [ANGRY_LABEL, ANGRY_LABEL])
    alone = stream([ANGRY_LABEL, SAD_LABEL, SAD_LABEL], [0.0], [2.0], [ANGRY_LABEL])
    other = stream([SAD_LABEL, SAD_LABEL, SAD_LABEL], [2.2], [4.0], [SAD_LABEL])
    assert delays(pool([same, alone, other]), WIN_SECONDS).num_changes == 0


def test_nine_of_ten_stay_under_the_ninetieth_percentile() -> None:
    one = stream([ANGRY_LABEL, SAD_LABEL], [0.0, 2.1], [2.0, 4.0], [ANGRY_LABEL, SAD_LABEL])
    late = stream(
        [ANGRY_LABEL, ANGRY_LABEL, ANGRY_LABEL, SAD_LABEL], [0.0, 2.1], [2.0, 4.0], [ANGRY_LABEL, SAD_LABEL]
    )
    found = delays(pool([one] * 8 + [late] * 2), WIN_SECONDS)
    assert np.sort(found.seconds)[[0, -1]].tolist() == pytest.approx([0.4, 1.4])
    assert found.median == pytest.approx(0.4)
    assert found.p90 == pytest.approx(1.4)


TARGETS = np.array([0, 0, 1, 1] * 6)
SPEAKERS = np.repeat(["a", "b", "c", "d", "e", "f"], 4)


def test_the_same_seed_gives_the_same_draws() -> None:
    predicted = np.random.default_rng(1).integers(0, 2, size=24)
    draws = uar_draws(TARGETS, predicted, SPEAKERS, 4)
    assert draws.shape == (NUM_DRAWS,)
    np.testing.assert_array_equal(draws, uar_draws(TARGETS, predicted, SPEAKERS, 4))
    assert (draws != uar_draws(TARGETS, predicted, SPEAKERS, 4, seed=1)).any()


def test_what_is_always_right_has_no_spread() -> None:
    assert interval(uar_draws(TARGETS, TARGETS, SPEAKERS, 4)) == (1.0, 1.0)


def test_speakers_are_drawn_and_not_clips() -> None:
    # Half of the speakers are always right and the others always wrong: a draw's UAR is the share of the
    # right ones among six drawn speakers, so a multiple of a sixth; clips would give other shares.
    right = np.isin(SPEAKERS, ["a", "b", "c"])
    draws = uar_draws(TARGETS, np.where(right, TARGETS, 1 - TARGETS), SPEAKERS, 2)
    np.testing.assert_allclose(draws * 6, np.round(draws * 6), atol=1e-9)
    # Binomial(6, 1/2) / 6 has a standard deviation of .204.
    assert abs(draws.mean() - 0.5) < 0.03
    assert abs(draws.std() - 0.204) < 0.02
    low, high = interval(draws)
    assert low < 0.2
    assert high > 0.8


def test_a_draw_without_a_label_is_scored_over_the_others() -> None:
    targets, speakers = np.array([0, 1]), np.array(["a", "b"])
    draws = uar_draws(targets, np.array([0, 0]), speakers, 4)
    assert set(np.unique(draws)) == {0.0, 0.5, 1.0}
