"""A recording's prediction is made of the rows of a replay."""

from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from emotion.arrays import Samples
from emotion.audio_io import AudioFile
from emotion.card import LABELS
from emotion.model import EmotionModel, load_model
from emotion.signal import level_dbfs, resample
from streamer.analysis.leg import ClassifierOptions
from streamer.analysis.predict import RecordingPrediction, predict_recording
from streamer.events import STATES, Row, State
from streamer.leg_plan import LegPlan
from streamer.pipeline import SessionOptions
from tests.model_maker import make_model, tone_of
from tests.session_parts import Rows, session_of
from tests.spoken import DEMO
from tests.voice_model import make_voice_model

RATE = 16_000
NO_BASELINE = ClassifierOptions(baseline=False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    """Detects voices, learns them, and is often unsure."""
    folder = tmp_path_factory.mktemp("models") / "voices"
    return load_model(make_voice_model(folder, "acoustic", unsure_below=0.5))


@pytest.fixture(scope="module")
def tone_model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    """Tells tones apart by the gate that knows levels alone; windows of 2 s each 0.5 s."""
    return load_model(make_model(tmp_path_factory.mktemp("models") / "tones", "classic-speech"))


@pytest.fixture(scope="module")
def whole_clip_model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    none: dict[str, Any] = dict.fromkeys(
        ("win_seconds", "step_seconds", "allowed_win_seconds", "allowed_step_seconds")
    )
    return load_model(make_model(tmp_path_factory.mktemp("models") / "whole", "classic-33", **none))


@pytest.fixture(scope="module")
def speech() -> Samples:
    samples, rate = soundfile.read(DEMO, dtype="float32")
    assert rate == RATE
    return np.asarray(samples[: 10 * RATE], dtype=np.float32)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Where a test writes its recording."""
    return tmp_path / "recording.wav"


def answer(
    model: EmotionModel,
    path: Path,
    samples: Samples,
    rate: int = RATE,
    options: ClassifierOptions | None = None,
) -> RecordingPrediction:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return predict_recording(model, AudioFile(path), options)


def replayed(model: EmotionModel, path: Path, options: ClassifierOptions = NO_BASELINE) -> list[Row]:
    rows = Rows()
    # Of a recording with two channels one thing is predicted: both mixed down.
    session_options = SessionOptions(callmood_version="0.1.0", legs=(LegPlan(),), classifier=options)
    session_of(path, model, rows, options=session_options).run()
    return rows.rows


def values(probabilities: object) -> list[float]:
    assert isinstance(probabilities, dict)
    assert list(probabilities) == list(LABELS)
    return list(probabilities.values())


def call_of_all_sorts(speech: Samples, rate: int) -> Samples:
    """Give speech, a pause, noise, and speech at full scale, in two channels."""
    rng = np.random.default_rng(3)
    parts = [
        speech[: 5 * RATE],
        np.zeros(3 * RATE, np.float32),
        (0.05 * rng.standard_normal(3 * RATE)).astype(np.float32),
        np.clip(40 * speech[5 * RATE :], -1, 1),
    ]
    sound = resample(np.concatenate(parts), RATE, rate)
    return np.stack([sound, np.float32(0.9) * sound], axis=1)


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("options", [NO_BASELINE, ClassifierOptions(), ClassifierOptions(never_unsure=True)])
def test_it_is_the_mean_of_the_rows_of_a_replay(
    model: EmotionModel, speech: Samples, written: Path, rate: int, options: ClassifierOptions
) -> None:
    found = answer(model, written, call_of_all_sorts(speech, rate), rate, options)
    rows = replayed(model, written, options)
    states = Counter(row.state for row in rows)
    assert set(states) >= {"silence", "noise", "clipped"}
    assert bool(states["unsure"]) != options.never_unsure
    assert found.states == {state: states[state] for state in STATES}
    assert found.num_windows == len(rows)
    of_speech = [values(row.probabilities) for row in rows if row.probabilities is not None]
    assert len(of_speech) == found.num_speech_windows
    np.testing.assert_array_equal(values(found.probabilities), np.mean(of_speech, axis=0))


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_each_leg_has_the_mean_of_its_rows_in_a_replay_leakage_included(
    model: EmotionModel, speech: Samples, written: Path, rate: int
) -> None:
    own, other = (resample(each, RATE, rate) for each in (speech, np.roll(speech, 4 * RATE)))
    # The first leg is heard in the second one.
    sides = np.stack([own, np.float32(0.3) * other + np.float32(0.03) * own], axis=1)
    soundfile.write(written, sides, rate, subtype="FLOAT")
    legs = (LegPlan("me", channel=0), LegPlan("them", channel=1))
    found = predict_recording(model, AudioFile(written), NO_BASELINE, legs=legs)
    rows = Rows()
    options = SessionOptions(callmood_version="0.1.0", legs=legs, classifier=NO_BASELINE)
    session_of(written, model, rows, options=options).run()
    assert list(found.legs) == ["me", "them"]
    every = []
    for leg, answered in found.legs.items():
        own_rows = [row for row in rows.rows if row.leg == leg]
        of_speech = [values(row.probabilities) for row in own_rows if row.probabilities is not None]
        assert of_speech
        states = Counter(row.state for row in own_rows)
        assert answered.states == {state: states[state] for state in STATES}
        np.testing.assert_array_equal(values(answered.probabilities), np.mean(of_speech, axis=0))
        every += of_speech
    np.testing.assert_array_equal(values(found.probabilities), np.mean(every, axis=0))
    assert found.num_windows == len(rows.rows)
    assert found.legs["me"].level_dbfs > found.level_dbfs > found.legs["them"].level_dbfs


def test_what_is_not_analysed_has_no_answer_and_of_one_leg_the_whole_is_its_own(
    model: EmotionModel, speech: Samples, written: Path
) -> None:
    soundfile.write(written, np.stack([speech, speech[::-1]], axis=1), RATE, subtype="FLOAT")
    legs = (LegPlan("me", channel=0), LegPlan("agent", channel=1, analysed=False, staff=True))
    found = predict_recording(model, AudioFile(written), legs=legs)
    (own,) = found.legs.values()
    assert list(found.legs) == ["me"]
    assert any("agent: staff, level only" in note for note in found.notes)
    assert (own.state, own.emotion, own.probabilities, own.states, own.level_dbfs) == (
        found.state,
        found.emotion,
        found.probabilities,
        found.states,
        found.level_dbfs,
    )


def test_legs_of_a_recording_that_is_short_or_taken_whole_have_an_answer_each(
    tone_model: EmotionModel, whole_clip_model: EmotionModel, written: Path
) -> None:
    tones = {"me": tone_of("angry", 1, RATE, 1.5), "them": tone_of("sad", 2, RATE, 1.5)}
    legs = (LegPlan("me", channel=0), LegPlan("them", channel=1))
    for each in (tone_model, whole_clip_model):
        soundfile.write(written, np.stack(list(tones.values()), axis=1), RATE, subtype="FLOAT")
        found = predict_recording(each, AudioFile(written), legs=legs)
        assert found.num_windows == 0
        for leg, tone in tones.items():
            assert found.legs[leg] == answer(each, written, tone).legs["mono"]
        assert found.legs["me"].level_dbfs != found.legs["them"].level_dbfs


def test_only_the_leg_whose_voice_is_given_goes_on_with_it(
    model: EmotionModel, speech: Samples, written: Path
) -> None:
    soundfile.write(written, np.stack([speech, speech[::-1]], axis=1), RATE, subtype="FLOAT")
    legs = (LegPlan("me", channel=0), LegPlan("them", channel=1))
    voices = {"me": model.open_voice().state()}
    plain, learned = (
        predict_recording(model, AudioFile(written), legs=legs, voices=each).legs for each in ({}, voices)
    )
    assert learned["them"] == plain["them"]
    assert learned["me"].probabilities != plain["me"].probabilities


def test_nothing_is_learned_of_the_voice_unless_asked(
    model: EmotionModel, speech: Samples, written: Path
) -> None:
    found = answer(model, written, speech)
    assert found == predict_recording(model, AudioFile(written), NO_BASELINE)
    assert (
        found.probabilities != predict_recording(model, AudioFile(written), ClassifierOptions()).probabilities
    )


@pytest.mark.parametrize("seconds", [6.0, 0.8])
def test_doubt_hides_the_emotion_and_not_the_probabilities(
    speech: Samples, written: Path, tmp_path: Path, seconds: float
) -> None:
    sound = speech[RATE : RATE + round(seconds * RATE)]
    for bound, state in ((0.999, "unsure"), (0.0, "speech")):
        folder = make_voice_model(tmp_path / f"bound-{bound}", "acoustic", unsure_below=bound)
        found = answer(load_model(folder), written, sound)
        bold = answer(load_model(folder), written, sound, options=ClassifierOptions(False, True))
        assert (found.state, bold.state) == (state, "speech")
        assert found.probabilities == bold.probabilities
        assert bold.emotion == LABELS[int(np.argmax(values(bold.probabilities)))]
        assert found.emotion == (None if state == "unsure" else bold.emotion)


def tone(seconds: float) -> Samples:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def noise(seconds: float) -> Samples:
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.3, 1.99, 2.0, 6.0])
def test_what_is_no_speech_is_called_what_it_is(
    model: EmotionModel, speech: Samples, written: Path, seconds: float
) -> None:
    length = round(seconds * RATE)
    begin = int(np.flatnonzero(np.abs(speech) > 0.02)[0])
    sounds: list[tuple[State, Samples]] = [
        ("silence", np.zeros(length, np.float32)),
        ("noise", tone(seconds)),
        ("noise", noise(seconds)),
        ("clipped", np.clip(40 * speech[begin : begin + length], -1, 1)),
    ]
    for state, samples in sounds:
        found = answer(model, written, samples)
        assert (found.state, found.emotion, found.probabilities) == (state, None, None)
        assert found.states[state] == max(found.states.values())


def test_without_speech_most_windows_decide(model: EmotionModel, written: Path) -> None:
    def state(seconds_of_silence: float, seconds_of_tone: float) -> State:
        silence = np.zeros(round(seconds_of_silence * RATE), np.float32)
        return answer(model, written, np.concatenate([silence, tone(seconds_of_tone)])).state

    assert state(8.0, 3.0) == "silence"
    assert state(3.0, 8.0) == "noise"
    # Two windows of each.
    assert state(2.5, 1.0) == "noise"


def test_a_word_shorter_than_win_is_predicted_from_what_there_is(
    model: EmotionModel, speech: Samples, written: Path
) -> None:
    begin = int(np.flatnonzero(np.abs(speech) > 0.02)[0])
    word = speech[begin : begin + round(0.3 * RATE)]
    found = answer(model, written, word, options=ClassifierOptions(False, True))
    assert (found.state, found.shorter_than_win, found.num_windows) == ("speech", True, 0)
    assert set(found.states.values()) == {0}
    assert found.notes[-1] == "shorter than win (2 s): predicted from what there is"
    expected = model.predict(model.feature_set.clip_vector(word))
    np.testing.assert_array_equal(values(found.probabilities), expected)


def test_silence_after_it_does_not_thin_out_a_short_recordings_full_scale(
    model: EmotionModel, speech: Samples, written: Path
) -> None:
    begin = int(np.flatnonzero(np.abs(speech) > 0.02)[0])
    word = speech[begin : begin + round(0.3 * RATE)].copy()
    # 3 % of the recording, and less than 1 % of a window.
    word[np.argsort(np.abs(word))[-round(0.03 * len(word)) :]] = 1.0
    assert 0.01 * 2 * RATE > np.count_nonzero(word == 1.0) > 0.01 * len(word)
    assert answer(model, written, word).state == "clipped"


@pytest.mark.parametrize("num_samples", [1, 2, 100, 800])
def test_a_few_samples(
    model: EmotionModel,
    tone_model: EmotionModel,
    whole_clip_model: EmotionModel,
    written: Path,
    num_samples: int,
) -> None:
    for each, rate in product((model, tone_model, whole_clip_model), (16_000, 48_000)):
        for scale in (0.0, 0.5, 1.0):
            samples = np.where(np.arange(num_samples) % 2, -scale, scale).astype(np.float32)
            found = answer(each, written, samples, rate)
            assert found.num_windows == 0
            assert (found.probabilities is None) == (found.state not in {"speech", "unsure"})


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("seconds", [3.7, 1.9])
def test_a_model_of_tones_names_their_emotions(
    tone_model: EmotionModel, written: Path, label: str, seconds: float
) -> None:
    samples = tone_of(label, 50, RATE, seconds=seconds)
    found = answer(tone_model, written, samples)
    assert (found.state, found.emotion, found.seconds) == ("speech", label, seconds)
    assert found.level_dbfs == pytest.approx(level_dbfs(samples), abs=1e-9)
    if seconds > 2.0:
        assert found.states["speech"] == found.num_windows == 4
        assert not found.shorter_than_win


def test_a_recording_of_just_win_is_one_window(tone_model: EmotionModel, written: Path) -> None:
    found = answer(tone_model, written, tone_of("sad", 50, RATE, seconds=2.0))
    assert (found.num_windows, found.shorter_than_win) == (1, False)


def test_what_was_changed_is_noted(tone_model: EmotionModel, written: Path) -> None:
    sound = tone_of("angry", 3, 44_100, seconds=1.0)
    found = answer(tone_model, written, np.stack([sound, sound], axis=1), 44_100)
    assert found.notes == (
        "two channels mixed down to one",
        "converted from floating-point samples",
        "resampled from 44100 to 16000 Hz",
        "shorter than win (2 s): predicted from what there is",
    )


def test_a_model_of_whole_clips_takes_the_recording_as_one(
    whole_clip_model: EmotionModel, written: Path
) -> None:
    samples = tone_of("neutral", 3, 22_050, seconds=3.0)
    found = answer(whole_clip_model, written, samples, 22_050)
    assert (found.state, found.num_windows, found.shorter_than_win) == ("speech", 0, False)
    expected = whole_clip_model.predict(whole_clip_model.feature_set.clip_vector(samples))
    np.testing.assert_array_equal(values(found.probabilities), expected)
    quiet = answer(whole_clip_model, written, np.float32(1e-3) * samples, 22_050)
    assert (quiet.state, quiet.emotion, quiet.probabilities) == ("silence", None, None)
    assert quiet.level_dbfs < -60
