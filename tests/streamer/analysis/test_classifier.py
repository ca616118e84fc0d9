"""The classifier learns the voice, keeps it across gaps, admits doubt; smoothing has a known delay."""

import math
from dataclasses import replace

import numpy as np
import pytest

from emotion.card import LABELS
from emotion.model import EmotionModel, load_model
from streamer.analysis.classifier import Classification, Classifier, ClassifierOptions, ProbabilitySmoother
from streamer.analysis.windows import GatedWindow
from streamer.events import State
from tests.model_maker import tone_of
from tests.voice_model import make_voice_model

ANGRY = np.array([1.0, 0.0, 0.0, 0.0])
SAD = np.array([0.0, 0.0, 0.0, 1.0])


def test_the_first_window_of_speech_is_taken_as_it_is() -> None:
    assert np.array_equal(ProbabilitySmoother(0.5).speech(ANGRY), ANGRY)


@pytest.mark.parametrize("step_seconds", [0.05, 0.1, 0.25, 0.5, 1.0])
def test_a_change_is_shown_to_63_percent_after_a_second_whatever_the_step(step_seconds: float) -> None:
    tracker = ProbabilitySmoother(step_seconds)
    tracker.speech(ANGRY)
    for _ in range(round(1.0 / step_seconds)):
        smoothed = tracker.speech(SAD)
    assert smoothed[3] == pytest.approx(1 - math.exp(-1), abs=1e-12)
    assert smoothed.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("num_silent", "remembers"), [(0, True), (4, True), (5, False)])
def test_only_silence_longer_than_two_seconds_ends_what_was_said(num_silent: int, *, remembers: bool) -> None:
    tracker = ProbabilitySmoother(0.5)
    tracker.speech(ANGRY)
    for _ in range(num_silent):
        tracker.silence()
    assert bool(tracker.speech(SAD)[0] > 0) is remembers


def test_speech_between_silences_starts_the_count_anew() -> None:
    tracker = ProbabilitySmoother(0.5)
    tracker.speech(ANGRY)
    for _ in range(10):
        for _ in range(4):
            tracker.silence()
        assert tracker.speech(SAD)[0] > 0


def test_a_restart_forgets_everything() -> None:
    tracker = ProbabilitySmoother(0.5)
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
    tracker, whole = ProbabilitySmoother(0.25), ProbabilitySmoother(0.25)
    tracker.speech(ANGRY)
    whole.speech(ANGRY)
    for _ in range(3):
        for _ in range(num_skipped):
            tracker.skip()
            whole.speech(SAD)
        assert np.allclose(tracker.speech(SAD), whole.speech(SAD))
    assert np.allclose(tracker.speech(ANGRY), whole.speech(ANGRY)), "what was skipped counts once"


def test_a_window_skipped_is_no_silence_and_is_forgotten_at_a_gap() -> None:
    tracker = ProbabilitySmoother(0.5)
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
    tracker = ProbabilitySmoother(0.5)
    for _ in range(2):
        tracker.skip()
        assert np.array_equal(tracker.speech(ANGRY), ANGRY)
        assert tracker.speech(SAD)[3] == pytest.approx(1 - math.exp(-0.5))
        tracker.restart()


STEP_SECONDS = 0.5


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    return load_model(make_voice_model(tmp_path_factory.mktemp("models") / "tiny", unsure_below=0.5))


@pytest.fixture(scope="module")
def call(model: EmotionModel) -> list[GatedWindow]:
    """A dozen windows, every fourth of them silent."""
    return [heard(model, "silence" if place % 4 == 3 else "speech", place) for place in range(12)]


def heard(model: EmotionModel, state: State, place: int) -> GatedWindow:
    sound = tone_of(LABELS[place % 3], place, model.feature_set.sample_rate)
    vector = model.feature_set.clip_vector(sound) if state == "speech" else None
    return GatedWindow(place * STEP_SECONDS, place * STEP_SECONDS + 2.0, 0, 0, state, -20.0, vector, 0.0)


def judged(judge: Classifier, call: list[GatedWindow]) -> list[Classification]:
    return [judge.classify(each) for each in call]


def words(judgements: list[Classification]) -> list[object]:
    return [None if each.probabilities is None else each.probabilities.tolist() for each in judgements]


def test_speech_alone_makes_a_voice_known(model: EmotionModel, call: list[GatedWindow]) -> None:
    known = [each.voice_known for each in judged(Classifier(model, STEP_SECONDS), call)]
    for before, after, each in zip([0.0, *known], known, call, strict=False):
        assert (after != before) == (each.state == "speech")


def test_across_a_gap_the_voice_stays_and_what_was_said_goes(
    model: EmotionModel, call: list[GatedWindow]
) -> None:
    judge, whole = Classifier(model, STEP_SECONDS), Classifier(model, STEP_SECONDS)
    before = judged(judge, call[:6])
    judge.restart()
    after = judged(judge, call[6:])
    assert words(before + after) == words(judged(whole, call))
    first = after[0]
    assert first.smoothed is not None
    assert first.probabilities is not None
    np.testing.assert_array_equal(first.smoothed, first.probabilities)


def test_a_window_that_was_skipped_takes_its_time_and_teaches_nothing(
    model: EmotionModel, call: list[GatedWindow]
) -> None:
    judge = Classifier(model, STEP_SECONDS)
    first = judge.classify(call[0])
    known = {name: value.tolist() for name, value in judge.voice_state.items()}
    judge.skip()
    assert {name: value.tolist() for name, value in judge.voice_state.items()} == known
    second = judge.classify(call[1])
    assert first.smoothed is not None
    assert second.smoothed is not None
    assert second.probabilities is not None
    share = 1 - np.exp(-2 * STEP_SECONDS)
    expected = first.smoothed + share * (second.probabilities - first.smoothed)
    np.testing.assert_allclose(second.smoothed, expected, atol=1e-12)


def test_speech_without_a_vector_is_a_mistake(model: EmotionModel, call: list[GatedWindow]) -> None:
    with pytest.raises(ValueError, match=r"speech from 0\.0 s on has no feature vector"):
        Classifier(model, STEP_SECONDS).classify(replace(call[0], vector=None))


def test_a_voice_goes_on_where_it_was_left(model: EmotionModel, call: list[GatedWindow]) -> None:
    first, whole = Classifier(model, STEP_SECONDS), Classifier(model, STEP_SECONDS)
    before = judged(first, call[:5])
    second = Classifier(model, STEP_SECONDS, ClassifierOptions(voice=first.voice_state))
    assert words(before + judged(second, call[5:])) == words(judged(whole, call))


def test_without_a_baseline_each_window_stands_by_itself(
    model: EmotionModel, call: list[GatedWindow]
) -> None:
    judge = Classifier(model, STEP_SECONDS, ClassifierOptions(baseline=False))
    said = judged(judge, call)
    assert words(said) == [
        None if each.vector is None else model.predict(each.vector).tolist() for each in call
    ]
    assert {each.voice_known for each in said} == {0.0}
    assert judge.voice_state == {}


def test_doubt_is_owned_up_to_unless_told_never_to(model: EmotionModel, call: list[GatedWindow]) -> None:
    honest = judged(Classifier(model, STEP_SECONDS), call)
    bold = judged(Classifier(model, STEP_SECONDS, ClassifierOptions(never_unsure=True)), call)
    assert words(honest) == words(bold)
    assert {each.state for each in honest} == {"speech", "silence", "unsure"}
    for one, other in zip(honest, bold, strict=True):
        if one.state == "unsure":
            assert one.emotion is None
            assert one.smoothed is not None
            assert one.smoothed.max() < 0.5
            assert other.state == "speech"
            assert other.emotion == LABELS[int(one.smoothed.argmax())]
        else:
            assert (one.state, one.emotion) == (other.state, other.emotion)
