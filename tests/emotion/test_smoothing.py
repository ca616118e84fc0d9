"""What is shown follows slowly, but for a clear change; silence and gaps are forgotten."""

import math

import numpy as np
import pytest

from emotion.arrays import Probabilities
from emotion.smoothing import CHANGE_ODDS, ProbabilitySmoother

ANGRY = np.array([0.6, 0.0, 0.0, 0.4])
SAD = np.array([0.4, 0.0, 0.0, 0.6])
"""Too close to each other to be a clear change."""


def of_the_way(smoothed: Probabilities) -> float:
    """Tell how far it has come from `ANGRY` to `SAD`."""
    return float((smoothed - ANGRY)[3] / (SAD - ANGRY)[3])


def test_the_first_window_of_speech_is_taken_as_it_is() -> None:
    assert np.array_equal(ProbabilitySmoother(0.5).speech(ANGRY), ANGRY)


@pytest.mark.parametrize("step_seconds", [0.05, 0.1, 0.25, 0.5, 1.0])
def test_a_change_is_shown_to_63_percent_after_a_second_whatever_the_step(step_seconds: float) -> None:
    smoother = ProbabilitySmoother(step_seconds)
    smoother.speech(ANGRY)
    for _ in range(round(1.0 / step_seconds)):
        smoothed = smoother.speech(SAD)
    assert of_the_way(smoothed) == pytest.approx(1 - math.exp(-1), abs=1e-12)
    assert smoothed.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("odds", "at_once"), [(CHANGE_ODDS * 1.01, True), (CHANGE_ODDS / 1.01, False)])
def test_a_clear_change_is_shown_at_once(odds: float, *, at_once: bool) -> None:
    smoother = ProbabilitySmoother(0.5)
    smoother.speech(ANGRY)
    window = np.array([1.0, 0.0, odds, 0.0]) / (1.0 + odds)
    assert bool(np.array_equal(smoother.speech(window), window)) is at_once


def test_more_of_the_same_is_smoothed_however_clear() -> None:
    smoother = ProbabilitySmoother(0.5)
    smoother.speech(ANGRY)
    assert smoother.speech(np.array([1.0, 0.0, 0.0, 0.0]))[0] == pytest.approx(1.0 - 0.4 * math.exp(-0.5))


@pytest.mark.parametrize(("num_silent", "remembers"), [(0, True), (4, True), (5, False)])
def test_only_silence_longer_than_two_seconds_ends_the_smoothing(num_silent: int, *, remembers: bool) -> None:
    smoother = ProbabilitySmoother(0.5)
    smoother.speech(ANGRY)
    for _ in range(num_silent):
        smoother.silence()
    assert (of_the_way(smoother.speech(SAD)) < 1) is remembers


def test_speech_between_silences_starts_the_count_anew() -> None:
    smoother = ProbabilitySmoother(0.5)
    smoother.speech(ANGRY)
    for _ in range(10):
        for _ in range(4):
            smoother.silence()
        assert of_the_way(smoother.speech(SAD)) < 1


def test_a_restart_forgets_everything() -> None:
    smoother = ProbabilitySmoother(0.5)
    smoother.speech(ANGRY)
    for _ in range(4):
        smoother.silence()
    smoother.restart()
    smoother.silence()
    assert np.array_equal(smoother.speech(SAD), SAD)
    smoother.silence()
    assert of_the_way(smoother.speech(ANGRY)) > 0, "silence before the restart no longer counts"


@pytest.mark.parametrize("num_skipped", [1, 3, 7])
def test_windows_skipped_do_not_make_a_change_slower(num_skipped: int) -> None:
    smoother, whole = ProbabilitySmoother(0.25), ProbabilitySmoother(0.25)
    smoother.speech(ANGRY)
    whole.speech(ANGRY)
    for _ in range(3):
        for _ in range(num_skipped):
            smoother.skip()
            whole.speech(SAD)
        assert np.allclose(smoother.speech(SAD), whole.speech(SAD))
    assert np.allclose(smoother.speech(ANGRY), whole.speech(ANGRY)), "what was skipped counts once"


def test_a_window_skipped_is_no_silence_and_is_forgotten_at_a_gap() -> None:
    smoother = ProbabilitySmoother(0.5)
    smoother.speech(ANGRY)
    for _ in range(4):
        smoother.silence()
    smoother.skip()
    for _ in range(4):
        smoother.silence()
    assert of_the_way(smoother.speech(SAD)) < 1
    smoother.skip()
    smoother.restart()
    smoother.speech(ANGRY)
    assert of_the_way(smoother.speech(SAD)) == pytest.approx(1 - math.exp(-0.5))


def test_what_is_skipped_before_any_speech_does_not_count() -> None:
    smoother = ProbabilitySmoother(0.5)
    for _ in range(2):
        smoother.skip()
        assert np.array_equal(smoother.speech(ANGRY), ANGRY)
        assert of_the_way(smoother.speech(SAD)) == pytest.approx(1 - math.exp(-0.5))
        smoother.restart()
