"""The judge of a leg: it learns the voice, keeps it across gaps, and owns up to doubt."""

from dataclasses import replace

import numpy as np
import pytest

from emotion.labels import LABELS
from emotion.model import EmotionModel, load_model
from streamer.heard import Heard
from streamer.judge import Judge, Judgement
from streamer.judge_options import JudgeOptions
from streamer.row import State
from tests.model_maker import tone_of
from tests.voice_model import make_voice_model

STEP_SECONDS = 0.5


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    return load_model(make_voice_model(tmp_path_factory.mktemp("models") / "tiny", unsure_below=0.5))


@pytest.fixture(scope="module")
def call(model: EmotionModel) -> list[Heard]:
    """A dozen windows, every fourth of them silent."""
    return [heard(model, "silence" if place % 4 == 3 else "speech", place) for place in range(12)]


def heard(model: EmotionModel, state: State, place: int) -> Heard:
    sound = tone_of(LABELS[place % 3], place, model.feature_set.sample_rate)
    vector = model.feature_set.clip_vector(sound) if state == "speech" else None
    return Heard(place * STEP_SECONDS, place * STEP_SECONDS + 2.0, 0, 0, state, -20.0, vector, 0.0)


def judged(judge: Judge, call: list[Heard]) -> list[Judgement]:
    return [judge.judge(each) for each in call]


def words(judgements: list[Judgement]) -> list[object]:
    return [None if each.probabilities is None else each.probabilities.tolist() for each in judgements]


def test_speech_alone_makes_a_voice_known(model: EmotionModel, call: list[Heard]) -> None:
    known = [each.voice_known for each in judged(Judge(model, STEP_SECONDS), call)]
    for before, after, each in zip([0.0, *known], known, call, strict=False):
        assert (after != before) == (each.state == "speech")


def test_across_a_gap_the_voice_stays_and_what_was_said_goes(model: EmotionModel, call: list[Heard]) -> None:
    judge, whole = Judge(model, STEP_SECONDS), Judge(model, STEP_SECONDS)
    before = judged(judge, call[:6])
    judge.restart()
    after = judged(judge, call[6:])
    assert words(before + after) == words(judged(whole, call))
    first = after[0]
    assert first.smoothed is not None
    assert first.probabilities is not None
    np.testing.assert_array_equal(first.smoothed, first.probabilities)


def test_a_window_that_was_skipped_takes_its_time_and_teaches_nothing(
    model: EmotionModel, call: list[Heard]
) -> None:
    judge = Judge(model, STEP_SECONDS)
    first = judge.judge(call[0])
    known = {name: value.tolist() for name, value in judge.voice_state.items()}
    judge.skip()
    assert {name: value.tolist() for name, value in judge.voice_state.items()} == known
    second = judge.judge(call[1])
    assert first.smoothed is not None
    assert second.smoothed is not None
    assert second.probabilities is not None
    share = 1 - np.exp(-2 * STEP_SECONDS)
    expected = first.smoothed + share * (second.probabilities - first.smoothed)
    np.testing.assert_allclose(second.smoothed, expected, atol=1e-12)


def test_speech_without_a_vector_is_a_mistake(model: EmotionModel, call: list[Heard]) -> None:
    with pytest.raises(ValueError, match=r"speech from 0\.0 s on was heard without a feature vector"):
        Judge(model, STEP_SECONDS).judge(replace(call[0], vector=None))


def test_a_voice_goes_on_where_it_was_left(model: EmotionModel, call: list[Heard]) -> None:
    first, whole = Judge(model, STEP_SECONDS), Judge(model, STEP_SECONDS)
    before = judged(first, call[:5])
    second = Judge(model, STEP_SECONDS, JudgeOptions(voice=first.voice_state))
    assert words(before + judged(second, call[5:])) == words(judged(whole, call))


def test_without_a_baseline_each_window_stands_by_itself(model: EmotionModel, call: list[Heard]) -> None:
    judge = Judge(model, STEP_SECONDS, JudgeOptions(baseline=False))
    said = judged(judge, call)
    assert words(said) == [
        None if each.vector is None else model.predict(each.vector).tolist() for each in call
    ]
    assert {each.voice_known for each in said} == {0.0}
    assert judge.voice_state == {}


def test_doubt_is_owned_up_to_unless_told_never_to(model: EmotionModel, call: list[Heard]) -> None:
    honest = judged(Judge(model, STEP_SECONDS), call)
    bold = judged(Judge(model, STEP_SECONDS, JudgeOptions(never_unsure=True)), call)
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
