"""What is timed is what the page says is timed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.fft

import callmood
from benchmarks.capacity import Calls, call_capacity, crowd, follow_calls
from benchmarks.feature_costs import PEERS, bare_transform, feature_steps
from benchmarks.speech import LONGEST_WIN_SECONDS, STEP_SECONDS, BenchSound
from benchmarks.stream_memory import bytes_per_stream
from benchmarks.whole_step import SteppedLeg, predictions
from emotion.errors import UsageError
from emotion.features.catalogue import feature_set
from emotion.model import EmotionModel, load_model
from tests.model_maker import make_model

SPEECH = Path(callmood.__file__).parent / "demo" / "speech.flac"


@pytest.fixture(scope="module")
def sound() -> BenchSound:
    """The speech that came with callmood."""
    return BenchSound(SPEECH)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    """A small model that listens."""
    return load_model(make_model(tmp_path_factory.mktemp("models") / "small", "classic-speech"))


def test_steps_follow_on_each_other_and_begin_anew(sound: BenchSound) -> None:
    rate = 16_000
    joined = np.concatenate([sound.latest(number, STEP_SECONDS, rate) for number in range(sound.num_steps)])
    start = round(LONGEST_WIN_SECONDS * rate)
    np.testing.assert_array_equal(joined, sound.at_rate(rate)[start : start + len(joined)])
    np.testing.assert_array_equal(sound.latest(sound.num_steps, 2.0, rate), sound.latest(0, 2.0, rate))
    assert len(sound.latest(0, LONGEST_WIN_SECONDS, rate)) == LONGEST_WIN_SECONDS * rate


def test_a_short_sound_is_refused(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "short.wav", np.full(16_000, 0.1), 16_000)
    with pytest.raises(UsageError, match=r"lasts 1\.0 s"):
        BenchSound(tmp_path / "short.wav")


@pytest.mark.parametrize("name", PEERS)
def test_the_bare_transform_takes_exactly_the_new_frames(
    sound: BenchSound, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[tuple[np.ndarray, dict[str, object]]] = []
    monkeypatch.setattr(scipy.fft, "rfft", lambda frames, **options: batches.append((frames, options)))
    chosen = feature_set(name)
    bare = bare_transform(chosen, PEERS[name].transform_length, sound)
    for number in range(4):
        assert bare.step(number)
    hops_in_four_steps = 4 * round(STEP_SECONDS * chosen.sample_rate) / chosen.frame_hop
    assert abs(sum(len(frames) for frames, _ in batches) - hops_in_four_steps) < 1
    assert {frames.shape[1] for frames, _ in batches} == {PEERS[name].transform_length}
    assert {str(frames.dtype) for frames, _ in batches} == {"float32"}


def test_a_feature_step_gives_the_vector_of_the_window(sound: BenchSound) -> None:
    assert feature_steps(feature_set("classic-speech"), 2.0, sound).step(1)


def test_a_filled_leg_gives_a_row_a_step(sound: BenchSound, model: EmotionModel) -> None:
    leg = SteppedLeg(model, sound, 48_000, 0.05)
    place = leg.fill()
    spoke = [leg.step(place + number) for number in range(10)]
    assert sum(spoke) >= 8


def test_a_prediction_is_of_the_model_alone(sound: BenchSound, model: EmotionModel) -> None:
    assert predictions(model, sound).step(10_000)


def test_a_crowd_is_really_followed(sound: BenchSound, model: EmotionModel) -> None:
    followed = crowd(model, sound, 3, 16_000, 0.05)
    assert followed.num_legs == 3
    assert 0 < followed.real_time_factor < 1
    assert followed.speech_share > 0.5
    assert followed.legs_in_real_time == pytest.approx(3 / followed.real_time_factor)


def test_calls_are_really_followed(sound: BenchSound, model: EmotionModel) -> None:
    calls = follow_calls(model, sound, 2, 1.5)
    assert calls.num_calls == 2
    assert 0 < calls.lag_p50_seconds <= calls.lag_p99_seconds <= calls.lag_max_seconds < 5.0
    assert 0 < calls.busy_share <= 1.0
    assert calls.dropped_share == 0.0


def test_what_comes_late_or_never_is_not_followed() -> None:
    late = Calls(3, 0.1, 0.26, 0.5, 0.0, 0.9)
    assert not late.are_followed
    assert replace(late, lag_p99_seconds=0.25).are_followed
    assert not replace(late, lag_p99_seconds=0.25, dropped_share=0.01).are_followed


def test_the_most_calls_are_searched_for(sound: BenchSound, model: EmotionModel) -> None:
    capacity = call_capacity(model, sound, 1, 0.6, most_tries=2)
    assert capacity.doubled.num_calls == 2 * capacity.followed.num_calls


def test_an_open_stream_holds_its_window_and_little_more(model: EmotionModel) -> None:
    window = model.card.grid().win * 4
    assert window < bytes_per_stream(model.folder, SPEECH) < 1_000_000


def test_memory_of_no_model_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="memory of a stream"):
        bytes_per_stream(tmp_path / "none", SPEECH)
