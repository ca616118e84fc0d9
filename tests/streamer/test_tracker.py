"""Smoothing in stream time: a known delay, no jump, no memory of what is long over."""

import math

import numpy as np
import pytest

from streamer.tracker import Tracker

ANGRY = np.array([1.0, 0.0, 0.0, 0.0])
SAD = np.array([0.0, 0.0, 0.0, 1.0])


def test_the_first_window_of_speech_is_taken_as_it_is() -> None:
    assert np.array_equal(Tracker(0.5).speech(ANGRY), ANGRY)


@pytest.mark.parametrize("step_seconds", [0.05, 0.1, 0.25, 0.5, 1.0])
def test_a_change_is_shown_to_63_percent_after_a_second_whatever_the_step(step_seconds: float) -> None:
    tracker = Tracker(step_seconds)
    tracker.speech(ANGRY)
    for _ in range(round(1.0 / step_seconds)):
        smoothed = tracker.speech(SAD)
    assert smoothed[3] == pytest.approx(1 - math.exp(-1), abs=1e-12)
    assert smoothed.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("num_silent", "remembers"), [(0, True), (4, True), (5, False)])
def test_only_silence_longer_than_two_seconds_ends_what_was_said(num_silent: int, *, remembers: bool) -> None:
    tracker = Tracker(0.5)
    tracker.speech(ANGRY)
    for _ in range(num_silent):
        tracker.silence()
    assert bool(tracker.speech(SAD)[0] > 0) is remembers


def test_speech_between_silences_starts_the_count_anew() -> None:
    tracker = Tracker(0.5)
    tracker.speech(ANGRY)
    for _ in range(10):
        for _ in range(4):
            tracker.silence()
        assert tracker.speech(SAD)[0] > 0


def test_a_restart_forgets_everything() -> None:
    tracker = Tracker(0.5)
    tracker.speech(ANGRY)
    for _ in range(4):
        tracker.silence()
    tracker.restart()
    tracker.silence()
    assert np.array_equal(tracker.speech(SAD), SAD)
    tracker.silence()
    assert tracker.speech(ANGRY)[3] > 0, "silence before the restart no longer counts"


@pytest.mark.parametrize("num_skipped", [1, 3, 7])
def test_windows_skipped_do_not_make_a_change_slower(num_skipped: int) -> None:
    tracker, whole = Tracker(0.25), Tracker(0.25)
    tracker.speech(ANGRY)
    whole.speech(ANGRY)
    for _ in range(3):
        for _ in range(num_skipped):
            tracker.skip()
            whole.speech(SAD)
        assert np.allclose(tracker.speech(SAD), whole.speech(SAD))
    assert np.allclose(tracker.speech(ANGRY), whole.speech(ANGRY)), "what was skipped counts once"


def test_a_window_skipped_is_no_silence_and_is_forgotten_at_a_gap() -> None:
    tracker = Tracker(0.5)
    tracker.speech(ANGRY)
    for _ in range(4):
        tracker.silence()
    tracker.skip()
    for _ in range(4):
        tracker.silence()
    assert tracker.speech(SAD)[0] > 0
    tracker.skip()
    tracker.restart()
    tracker.speech(ANGRY)
    assert tracker.speech(SAD)[3] == pytest.approx(1 - math.exp(-0.5))


def test_what_is_skipped_before_anything_was_heard_does_not_count() -> None:
    tracker = Tracker(0.5)
    for _ in range(2):
        tracker.skip()
        assert np.array_equal(tracker.speech(ANGRY), ANGRY)
        assert tracker.speech(SAD)[3] == pytest.approx(1 - math.exp(-0.5))
        tracker.restart()
