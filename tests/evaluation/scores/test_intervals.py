"""The bootstrap over speakers."""

import numpy as np

from evaluation.scores.intervals import NUM_DRAWS, interval, uar_draws

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
