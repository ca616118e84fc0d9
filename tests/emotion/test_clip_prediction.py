"""A clip's answer is the mean of what listening would have said of its windows."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.arrays import Samples
from emotion.audio_file import MonoClip, read_mono
from emotion.clip_prediction import predict_clip
from emotion.features.windows_of_clip import window_vectors
from emotion.labels import LABELS
from emotion.model import EmotionModel, load_model
from emotion.resampling import resample
from tests.model_maker import make_model, tone_of

RATE = 16_000
STEP, WIN = RATE // 2, 2 * RATE


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    return load_model(make_model(tmp_path_factory.mktemp("models") / "tiny", "classic-speech"))


@pytest.fixture(scope="module")
def whole_clip_model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    return load_model(
        make_model(
            tmp_path_factory.mktemp("models") / "whole",
            "classic-speech",
            win_seconds=None,
            step_seconds=None,
            allowed_win_seconds=None,
            allowed_step_seconds=None,
        )
    )


def _clip(samples: Samples, rate: int = RATE) -> MonoClip:
    return MonoClip(samples, rate, ())


def _window_answers(
    model: EmotionModel, samples: Samples
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    vectors = window_vectors(model.feature_set, model.card.grid(), samples)
    return np.array([model.predict(vector) for vector in vectors])


@pytest.mark.parametrize("label", LABELS)
def test_the_mean_over_the_windows(model: EmotionModel, label: str) -> None:
    samples = tone_of(label, 50, RATE, seconds=3.7)
    answer = predict_clip(model, _clip(samples))
    windows = _window_answers(model, samples)
    assert (answer.num_windows, answer.num_silent_windows) == (len(windows), 0) == (4, 0)
    assert answer.probabilities is not None
    np.testing.assert_array_equal(list(answer.probabilities.values()), windows.mean(axis=0))
    assert list(answer.probabilities) == list(LABELS)
    assert answer.emotion == label
    assert answer.seconds == 3.7
    assert not answer.shorter_than_win
    assert answer.notes == ()


def test_a_clip_shorter_than_win_is_predicted_from_what_there_is(model: EmotionModel) -> None:
    samples = tone_of("sad", 50, RATE, seconds=1.99)
    answer = predict_clip(model, _clip(samples))
    assert answer.shorter_than_win
    assert answer.num_windows == 0
    assert answer.probabilities is not None
    expected = model.predict(model.feature_set.clip_vector(samples))
    np.testing.assert_array_equal(list(answer.probabilities.values()), expected)
    assert answer.notes == ("shorter than win (2 s): predicted from what there is",)


def test_a_clip_of_just_win_is_one_window(model: EmotionModel) -> None:
    answer = predict_clip(model, _clip(tone_of("sad", 50, RATE, seconds=2.0)))
    assert (answer.num_windows, answer.shorter_than_win) == (1, False)


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_silence_has_no_emotion(model: EmotionModel, whole_clip_model: EmotionModel, seconds: float) -> None:
    quiet = _clip(np.float32(1e-4) * tone_of("angry", 1, RATE, seconds=seconds))
    for each in (model, whole_clip_model):
        answer = predict_clip(each, quiet)
        assert (answer.emotion, answer.probabilities) == (None, None)
        assert answer.num_silent_windows == answer.num_windows
        assert answer.level_dbfs < -60


def test_silent_windows_are_left_out_of_the_mean(model: EmotionModel) -> None:
    samples = np.concatenate([tone_of("happy", 8, RATE, seconds=3.0), np.zeros(4 * RATE, np.float32)])
    answer = predict_clip(model, _clip(samples))
    silent = [k for k in range(answer.num_windows) if k * STEP >= 3 * RATE]
    assert (answer.num_windows, answer.num_silent_windows) == (11, len(silent)) == (11, 5)
    assert answer.probabilities is not None
    heard = _window_answers(model, samples)[: 11 - 5]
    np.testing.assert_array_equal(list(answer.probabilities.values()), heard.mean(axis=0))


def test_other_rates_are_resampled_and_noted(model: EmotionModel) -> None:
    samples = tone_of("angry", 3, 44_100, seconds=2.6)
    answer = predict_clip(model, MonoClip(samples, 44_100, ("two channels mixed down to one",)))
    assert answer.notes == ("two channels mixed down to one", "resampled from 44100 to 16000 Hz")
    assert answer.probabilities is not None
    windows = _window_answers(model, resample(samples, 44_100, RATE))
    np.testing.assert_array_equal(list(answer.probabilities.values()), windows.mean(axis=0))


def test_another_grid(model: EmotionModel) -> None:
    samples = tone_of("angry", 3, RATE, seconds=3.0)
    assert predict_clip(model, _clip(samples), model.card.grid(1.0, 0.25)).num_windows == 9


def test_a_model_of_whole_clips_takes_the_clip_as_one(whole_clip_model: EmotionModel) -> None:
    samples = tone_of("neutral", 3, RATE, seconds=3.0)
    answer = predict_clip(whole_clip_model, _clip(samples))
    assert (answer.num_windows, answer.shorter_than_win) == (0, False)
    assert answer.probabilities is not None
    expected = whole_clip_model.predict(whole_clip_model.feature_set.clip_vector(samples))
    np.testing.assert_array_equal(list(answer.probabilities.values()), expected)


@pytest.mark.parametrize("num_samples", [1, 2, 100])
def test_a_few_samples(model: EmotionModel, num_samples: int) -> None:
    samples = np.where(np.arange(num_samples) % 2, -0.5, 0.5).astype(np.float32)
    answer = predict_clip(model, _clip(samples, 48_000))
    assert answer.num_windows == 0
    assert answer.probabilities is None or sum(answer.probabilities.values()) == pytest.approx(1.0)


def test_a_written_file_answers_as_its_samples(model: EmotionModel, tmp_path: Path) -> None:
    samples = tone_of("happy", 4, RATE, seconds=2.5)
    soundfile.write(tmp_path / "clip.wav", samples, RATE, subtype="FLOAT")
    answer = predict_clip(model, read_mono(tmp_path / "clip.wav"))
    assert answer.probabilities == predict_clip(model, _clip(samples)).probabilities
