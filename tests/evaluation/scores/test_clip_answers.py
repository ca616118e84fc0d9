"""Every labelled clip is answered, by the windows that lie in it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evaluation.scores.clip_answers import clip_answers, shown_clips
from evaluation.scores.judged import Judged, pool
from tests.evaluation.table_material import make_judged

ANGRY, HAPPY, SAD = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]


@st.composite
def streams(draw: st.DrawFn) -> Judged:
    """Any windows, any clips, any gate."""
    num_clips = draw(st.integers(1, 5))
    num_windows = draw(st.integers(1, 20))
    word = st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4)
    words = np.array(draw(st.lists(word, min_size=num_windows, max_size=num_windows)))
    flags = st.lists(st.booleans(), min_size=num_windows, max_size=num_windows)
    heard = draw(flags)
    unsure = [both[0] and both[1] for both in zip(heard, draw(flags), strict=True)]
    return make_judged(
        (words / words.sum(axis=1, keepdims=True)).tolist(),
        draw(st.lists(st.integers(-1, num_clips - 1), min_size=num_windows, max_size=num_windows)),
        draw(st.lists(st.integers(0, 3), min_size=num_clips, max_size=num_clips)),
        heard=heard,
        unsure=unsure,
        best=draw(st.lists(st.integers(-1, num_windows - 1), min_size=num_clips, max_size=num_clips)),
    )


def answer_by_the_rule(judged: Judged, clip: int) -> list[float]:
    """The rule as the issue words it, for one clip, without an array in sight."""
    windows = judged.windows
    inside = [row for row in range(len(windows)) if windows.placement[row] == clip]
    rows = [row for row in inside if windows.heard[row]] or inside
    if not rows:
        best = int(judged.placements.best_window[clip])
        rows = [] if best < 0 else [best]
    if not rows:
        return [0.25] * 4
    return [sum(float(windows.probabilities[row, k]) for row in rows) / len(rows) for k in range(4)]


@given(streams())
def test_the_rule(judged: Judged) -> None:
    answers = clip_answers(judged)
    assert len(answers) == len(judged.placements)
    expected = [answer_by_the_rule(judged, clip) for clip in range(len(answers))]
    np.testing.assert_allclose(answers, expected, atol=1e-12)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0, atol=1e-12)


@given(streams(), streams())
def test_streams_side_by_side_are_answered_as_each_by_itself(one: Judged, other: Judged) -> None:
    together = clip_answers(pool([one, other]))
    np.testing.assert_array_equal(together, np.concatenate([clip_answers(one), clip_answers(other)]))


def test_windows_that_the_gate_did_not_hear_count_only_where_there_is_no_other() -> None:
    judged = make_judged([ANGRY, SAD, HAPPY], [0, 0, 1], [0, 1], heard=[True, False, False])
    np.testing.assert_allclose(clip_answers(judged), [ANGRY, HAPPY])


def test_unsure_windows_count_with_their_probabilities() -> None:
    judged = make_judged([ANGRY, SAD], [0, 0], [0], unsure=[True, False])
    np.testing.assert_allclose(clip_answers(judged), [[0.4, 0.1, 0.1, 0.4]])


def test_a_clip_is_swallowed_when_none_of_its_windows_shows_an_emotion() -> None:
    judged = make_judged(
        [ANGRY] * 5,
        [0, 0, 1, 1, -1],
        [0, 0, 0, 0],
        heard=[True, False, False, True, True],
        unsure=[False, False, False, True, False],
        best=[0, 2, 4, -1],
    )
    assert shown_clips(judged).tolist() == [True, False, True, False]
