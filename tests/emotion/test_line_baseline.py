"""The line baseline: what earlier voices left corrects what is said, and a wrong line is noticed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.decision import LineState, Voice, line_voices
from emotion.line_baseline import LEAST_WINDOWS, MOST_VOICES
from emotion.voice_linear import VoiceLinear
from tests.voice_model import line_arrays, random_arrays

ARRAYS = random_arrays() | line_arrays()
ARRAYS["place_weights"] = 10.0 * ARRAYS["place_weights"]
ARRAYS["line_rule"] = np.array([0.9, 0.4, 8.0, 16.0])
DECISION = VoiceLinear.from_arrays(ARRAYS)
ENOUGH = int(LEAST_WINDOWS)


def vectors_of(num: int, seed: int, *, usual: float = 0.0) -> FloatArray:
    return np.random.default_rng(seed).normal(usual, 2.0, (num, 12)).astype(np.float32)


def said(voice: Voice, vectors: FloatArray) -> NDArray[np.float64]:
    return np.array([voice.update(vector) for vector in vectors])


def line_of(num_voices: int, *, usual: float = 0.0) -> LineState:
    """Voices that call one after another."""
    line: LineState = {}
    for number in range(num_voices):
        voice = DECISION.open_voice(line=line)
        said(voice, vectors_of(ENOUGH, seed=number, usual=usual))
        line = voice.line_state() or {}
    return line


def scaled_of(vectors: FloatArray) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = np.clip((vectors - ARRAYS["mean"]) / ARRAYS["scale"], -5.0, 5.0)
    return scaled.astype(np.float64)


def logs(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return found


def test_it_is_what_the_formula_says() -> None:
    earlier = [vectors_of(ENOUGH, seed=number) for number in range(3)]
    usual = sum(scaled_of(each).mean(axis=0) @ ARRAYS["line_weights"] for each in earlier) / (3 + 1)
    voice = DECISION.open_voice(line=line_of(3), baseline=False)
    for vector in vectors_of(6, seed=7):
        x = scaled_of(vector)
        raw = logs((x @ ARRAYS["raw_weights"] + ARRAYS["raw_bias"]) / 1.5)
        line = logs((x @ ARRAYS["line_weights"] - usual + ARRAYS["line_bias"]) / 0.9)
        mixed = logs((raw + line) / 2 * np.exp(0.4 * 0.5))
        np.testing.assert_allclose(voice.update(vector), np.exp(mixed), atol=1e-6)
        assert voice.line is not None
        assert (voice.line.voices, voice.line.share, voice.line.fits) == (3.0, 0.5, True)


def test_without_earlier_voices_or_without_a_line_nothing_changes() -> None:
    vectors = vectors_of(12, seed=1)
    plain = DECISION.open_voice()
    first = DECISION.open_voice(line={})
    np.testing.assert_array_equal(said(first, vectors), said(plain, vectors))
    assert first.line is not None
    assert (first.line.voices, first.line.share, first.line.fits) == (0.0, 0.0, True)
    assert plain.line is None
    assert plain.line_state() is None


def test_a_voice_is_kept_the_same_on_every_line() -> None:
    vectors = vectors_of(12, seed=1)
    plain, here = DECISION.open_voice(), DECISION.open_voice(line=line_of(2))
    assert not np.array_equal(said(plain, vectors), said(here, vectors))
    for name, array in plain.state().items():
        np.testing.assert_array_equal(here.state()[name], array)
    assert here.known == plain.known > 0.0


def test_without_a_baseline_only_the_line_is_used() -> None:
    voice = DECISION.open_voice(line=line_of(2), baseline=False)
    first = voice.peek(vectors_of(1, seed=9)[0])
    said(voice, vectors_of(20, seed=1))
    voice.enrol()
    np.testing.assert_array_equal(voice.peek(vectors_of(1, seed=9)[0]), first)
    assert voice.known == 0.0
    assert voice.state() == {}
    assert line_voices(voice.line_state() or {}) == 3


@pytest.mark.parametrize("windows", [0, ENOUGH - 1])
def test_a_voice_of_few_windows_leaves_the_line_as_it_was(windows: int) -> None:
    line = line_of(2)
    voice = DECISION.open_voice(line=line)
    said(voice, vectors_of(windows, seed=5))
    left = voice.line_state()
    assert left is not None
    assert left.keys() == line.keys()
    for name in line:
        np.testing.assert_array_equal(left[name], line[name])


def test_a_line_far_away_is_noticed_and_then_not_used() -> None:
    away = vectors_of(30, seed=3, usual=40.0)
    voice, alone = DECISION.open_voice(line=line_of(3)), DECISION.open_voice()
    last, without = said(voice, away)[-1], said(alone, away)[-1]
    assert voice.line is not None
    assert (voice.line.share, voice.line.fits) == (0.0, False)
    np.testing.assert_array_equal(last, without)
    # It may be the line that has moved: it learns from this voice all the same.
    assert line_voices(voice.line_state() or {}) == 4


def test_a_line_follows_its_last_voices() -> None:
    line = dict(line_of(1, usual=-1.0))
    full = {name: array * MOST_VOICES for name, array in line.items()}
    voice = DECISION.open_voice(line=full)
    said(voice, vectors_of(ENOUGH, seed=0, usual=1.0))
    left = voice.line_state() or {}
    assert float(left["voices"]) == MOST_VOICES
    between = left["margins"] / MOST_VOICES - line["margins"]
    alone = DECISION.open_voice(line={})
    said(alone, vectors_of(ENOUGH, seed=0, usual=1.0))
    expected = ((alone.line_state() or {})["margins"] - line["margins"]) / (MOST_VOICES + 1)
    np.testing.assert_allclose(between, expected, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    num_windows=st.integers(0, 40),
    num_voices=st.integers(0, 3),
    usual=st.floats(-50.0, 50.0),
    peeks=st.lists(st.integers(0, 39), max_size=4),
)
def test_what_is_left_depends_on_the_windows_alone(
    num_windows: int, num_voices: int, usual: float, peeks: list[int]
) -> None:
    vectors = vectors_of(num_windows, seed=2, usual=usual)
    line = line_of(num_voices)
    quiet, asked = DECISION.open_voice(line=line), DECISION.open_voice(line=line)
    for number, vector in enumerate(vectors):
        if number in peeks:
            asked.peek(vectors_of(1, seed=number)[0])
            asked.line_state()
        np.testing.assert_array_equal(asked.update(vector), quiet.update(vector))
        assert quiet.line is not None
        assert 0.0 <= quiet.line.share <= 0.5
        assert quiet.line.fits == (quiet.line.share > 0.0 or not num_voices)
    left, again = quiet.line_state() or {}, quiet.line_state() or {}
    for name in left:
        np.testing.assert_array_equal(left[name], again[name])
        np.testing.assert_array_equal(left[name], (asked.line_state() or {})[name])
    added = num_windows >= LEAST_WINDOWS
    assert line_voices(left) == num_voices + added
    if added:
        mean = scaled_of(vectors).mean(axis=0) @ ARRAYS["line_weights"]
        before = line["margins"] if line else 0.0
        np.testing.assert_allclose(left["margins"] - before, mean, atol=1e-5)


def test_voices_are_added_to_the_line_as_it_is_meanwhile() -> None:
    one, other = DECISION.open_voice(line={}), DECISION.open_voice(line={})
    said(one, vectors_of(ENOUGH, seed=1))
    said(other, vectors_of(ENOUGH, seed=2))
    both = other.line_state(onto=one.line_state())
    assert both is not None
    assert line_voices(both) == 2
    for name in both:
        left = (one.line_state() or {})[name], (other.line_state() or {})[name]
        np.testing.assert_allclose(both[name], left[0] + left[1])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"voices": np.array(-1.0)}, "-1 voices on a line; expected 0 to 100"),
        ({"voices": np.array(100.5)}, "expected 0 to 100"),
        ({"voices": np.array(np.nan)}, "not finite"),
        ({"voices": np.array(2)}, "expected"),
        ({"margins": np.full(4, 1e9)}, "margins holds more than 2 voices can leave"),
        ({"margins": np.zeros(3)}, "expected"),
        ({"place": np.full(4, np.inf)}, "not finite"),
        ({"more": np.zeros(4)}, "expected"),
    ],
)
def test_a_state_that_is_none(changed: dict[str, NDArray[Any]], words: str) -> None:
    with pytest.raises(ValueError, match=rf"no line for a model of kind voice-linear: .*{words}"):
        DECISION.open_voice(line={**line_of(2), **changed})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"line_rule": np.ones(3)}, "line_rule holds 3 values; expected temperature, sharpness"),
        ({"line_rule": np.array([0.0, 0.0, 1.0, 2.0])}, "expected a temperature over 0"),
        ({"line_rule": np.array([1.0, 0.0, 2.0, 2.0])}, "of which the second is larger"),
        ({"line_rule": np.array([1.0, 99.0, 1.0, 2.0])}, "sharpness 99, beyond"),
        ({"line_rule": np.array([np.nan, 0.0, 1.0, 2.0])}, "not finite"),
        ({"place_weights": np.full((12, 4), np.inf, np.float32)}, "not finite"),
    ],
)
def test_arrays_that_cannot_be(changed: dict[str, NDArray[Any]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VoiceLinear.from_arrays(ARRAYS | changed)


def test_a_model_that_was_fitted_without_lines_refuses_them() -> None:
    plain = VoiceLinear.from_arrays(random_arrays())
    assert (plain.knows_lines, DECISION.knows_lines) == (False, True)
    with pytest.raises(ValueError, match="was fitted without lines"):
        plain.open_voice(line={})
    half = {name: array for name, array in ARRAYS.items() if name != "line_bias"}
    with pytest.raises(ValueError, match="array line_bias is missing beside line_weights"):
        VoiceLinear.from_arrays(half)
