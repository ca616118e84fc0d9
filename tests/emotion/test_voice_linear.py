"""Two linear opinions and a baseline: causal, bounded, and the same bits however a voice is taken up."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.decision import Voice
from emotion.rbf_svc import RbfSvc
from emotion.voice_linear import VoiceLinear
from tests.emotion.test_rbf_svc import tiny_arrays
from tests.voice_model import RULE, random_arrays

DECISION = VoiceLinear.from_arrays(random_arrays())


def vectors_of(num: int, seed: int, *, usual: float = 0.0) -> FloatArray:
    return np.random.default_rng(seed).normal(usual, 2.0, (num, 12)).astype(np.float32)


def updated(voice: Voice, vectors: FloatArray) -> list[list[float]]:
    return [voice.update(vector).tolist() for vector in vectors]


def test_it_is_what_the_formula_says() -> None:
    arrays, vectors = random_arrays(), vectors_of(9, seed=1)
    voice = DECISION.open_voice()
    windows: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]] = []
    total = np.zeros(4)
    for vector in vectors:
        scaled = np.clip((vector - arrays["mean"]) / arrays["scale"], -5, 5).astype(np.float64)
        raw = _softmax((scaled @ arrays["raw_weights"] + arrays["raw_bias"]) / 1.5)
        margins = scaled @ arrays["own_weights"]
        margins -= margins.mean()
        total += margins
        num_windows = len(windows) + 1
        own = _softmax((margins - total / (num_windows + RULE[0]) + arrays["own_bias"]) / 1.2)
        windows.append((margins, raw, own))
        logit = RULE[4] + np.array(RULE[5:]) @ _evidence(windows)
        share = num_windows / (num_windows + RULE[1]) / (1 + np.exp(-logit))
        mixed = np.exp(((1 - share) * np.log(raw) + share * np.log(own)) * np.exp(RULE[3] * share))
        np.testing.assert_allclose(voice.update(vector), mixed / mixed.sum(), atol=1e-6)
        np.testing.assert_allclose(DECISION.probabilities(vector), raw, atol=1e-6)
        assert voice.known == pytest.approx(share)


def _evidence(
    windows: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]],
) -> NDArray[np.float64]:
    margins, raw, own = (np.array(part) for part in zip(*windows, strict=True))
    num = len(windows)
    spread = (num * margins.var(axis=0).sum() + 12) / (num + 3)
    step = ((np.diff(margins, axis=0) ** 2).sum() / 2 + 4) / (num - 1 + 2)
    mean = (raw.sum(axis=0) + 0.5) / (num + 2)
    of_mean = -(mean * np.log(mean)).sum()
    of_raw = (-(raw * np.log(raw)).sum() + 2) / (num + 2)
    of_own = (-(own * np.log(own)).sum() + 2) / (num + 2)
    evidence = [np.log(spread) - 2, np.log(spread / step) - 1, 3 * (of_mean - of_raw - 0.3)]
    return np.array([*evidence, 2 * (of_mean - 1), 2 * (of_own - 0.8)])


def test_a_voice_in_many_moods_is_known_sooner_than_one_in_a_single_mood() -> None:
    varied = vectors_of(40, seed=6)
    same = varied[:1] + np.float32(0.1) * vectors_of(40, seed=7)
    many, single = DECISION.open_voice(), DECISION.open_voice()
    updated(many, varied)
    updated(single, same)
    assert many.known > single.known


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers: NDArray[np.float64] = np.exp(logits) / np.exp(logits).sum()
    return powers


@settings(max_examples=50)
@given(num=st.integers(1, 90), cut=st.integers(0, 90), seed=st.integers(0, 999))
def test_what_was_said_never_changes_and_a_voice_is_taken_up_where_it_was_left(
    num: int, cut: int, seed: int
) -> None:
    vectors = vectors_of(num, seed)
    whole = updated(DECISION.open_voice(), vectors)
    first = DECISION.open_voice()
    beginning = updated(first, vectors[:cut])
    assert beginning == whole[:cut]
    again = DECISION.open_voice(first.state())
    assert again.known == first.known
    assert beginning + updated(again, vectors[cut:]) == whole


@settings(max_examples=30)
@given(num=st.integers(0, 50), seed=st.integers(0, 999))
def test_peeking_teaches_nothing(num: int, seed: int) -> None:
    vectors = vectors_of(num + 1, seed)
    voice, other = DECISION.open_voice(), DECISION.open_voice()
    for vector in vectors[:-1]:
        assert voice.update(vector).tolist() == other.update(vector).tolist()
        other.peek(vectors[-1])
    assert voice.peek(vectors[-1]).tolist() == other.peek(vectors[-1]).tolist()
    assert {name: array.tolist() for name, array in voice.state().items()} == {
        name: array.tolist() for name, array in other.state().items()
    }


def test_nobody_known_gets_the_raw_opinion() -> None:
    for vector in vectors_of(5, seed=2):
        np.testing.assert_array_equal(DECISION.open_voice().peek(vector), DECISION.probabilities(vector))


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (np.zeros(4, np.float32), r"a vector of shape \(4,\) for 5 features"),
        (np.zeros((1, 5), np.float32), r"a vector of shape \(1, 5\) for 5 features"),
        (np.array([0, 0, np.nan, 0, 0]), "^a feature vector with a value that is not finite"),
        (np.array([0, 0, 0, 0, -np.inf]), "a feature vector with a value that is not finite"),
    ],
)
def test_an_odd_vector_is_refused_and_teaches_nothing(vector: NDArray[Any], words: str) -> None:
    voice = VoiceLinear.from_arrays(random_arrays(5)).open_voice()
    for ask in (voice.update, voice.peek):
        with pytest.raises(ValueError, match=words):
            ask(vector)
    assert voice.known == 0.0


def test_the_state_is_bounded_and_follows_a_voice_that_changes() -> None:
    arrays = random_arrays()
    far = arrays["mean"] + 5 * arrays["scale"]
    voice = DECISION.open_voice()
    updated(voice, np.tile(far, (10_000, 1)))
    state = voice.state()
    assert state["windows"] == RULE[2]
    assert (np.abs(state["margins"]) <= 2 * RULE[2] * 5 * np.abs(arrays["own_weights"]).sum(axis=0)).all()
    assert sum(array.nbytes for array in state.values()) == 8 * (5 + 5 * 4)
    changed = vectors_of(400, seed=3, usual=1.0)
    fresh = DECISION.open_voice()
    updated(voice, changed)
    updated(fresh, changed)
    np.testing.assert_allclose(voice.peek(changed[0]), fresh.peek(changed[0]), atol=0.02)


def test_an_enrolled_voice_is_known_at_once_and_a_single_mood_does_not_move_it() -> None:
    never_trusting = np.array([*RULE[:4], -50.0, 0, 0, 0, 0, 0])
    decision = VoiceLinear.from_arrays(random_arrays() | {"rule": never_trusting})
    ordinary, angry = vectors_of(20, seed=8), np.tile(vectors_of(1, seed=9), (60, 1))
    voice = decision.open_voice()
    updated(voice, ordinary)
    voice.enrol()
    assert voice.known == pytest.approx(20 / (20 + RULE[0]))
    before = voice.peek(angry[0])
    assert np.abs(before - decision.probabilities(angry[0])).max() > 0.01
    taken_up = decision.open_voice(voice.state())
    assert updated(taken_up, angry) == updated(voice, angry)
    np.testing.assert_allclose(voice.peek(angry[0]), before, atol=1e-12)


def test_ordinary_speech_is_no_emotion_of_its_own() -> None:
    ordinary = random_arrays()["ordinary"]
    decision = VoiceLinear.from_arrays(random_arrays() | {"ordinary": ordinary * 0})
    windows = vectors_of(20, seed=8)
    voice, other = DECISION.open_voice(), decision.open_voice()
    for each in (voice, other):
        updated(each, windows)
        each.enrol()
    difference = np.asarray(other.state()["enrolled_margins"]) - voice.state()["enrolled_margins"]
    np.testing.assert_allclose(difference, 20 * ordinary)


def test_a_constant_shift_of_the_voice_is_learned_away() -> None:
    vectors = vectors_of(80, seed=4)
    own = random_arrays() | {
        "raw_weights": np.zeros((12, 4), np.float32),
        "rule": np.array([0, 0, 40.0, 0, 50, 0, 0, 0, 0, 0]),
    }
    decision = VoiceLinear.from_arrays(own)
    here, there = decision.open_voice(), decision.open_voice()
    shift = np.linspace(-0.3, 0.3, 12).astype(np.float32)
    small = vectors * np.float32(0.2)
    np.testing.assert_allclose(updated(here, small), updated(there, small + shift), atol=1e-5)


def test_the_same_vector_gives_the_same_bits() -> None:
    unaligned = np.empty(13, np.float32)[1:]
    for vector in vectors_of(7, seed=1):
        unaligned[:] = vector
        np.testing.assert_array_equal(
            DECISION.probabilities(unaligned), DECISION.probabilities(vector.copy())
        )


def test_many_at_once_are_as_one_by_one() -> None:
    vectors = vectors_of(30, seed=5)
    np.testing.assert_allclose(
        DECISION.probabilities(vectors), [DECISION.probabilities(vector) for vector in vectors], rtol=1e-12
    )


def test_doubt_begins_under_its_bound() -> None:
    assert DECISION.is_unsure(np.array([0.39, 0.3, 0.2, 0.11]))
    assert not DECISION.is_unsure(np.array([0.4, 0.3, 0.2, 0.1]))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("raw_weights", np.nan, "raw_weights holds a value that is not finite"),
        ("own_bias", np.inf, "own_bias holds a value that is not finite"),
        ("scale", 0.0, "scale holds a value that is not over 0"),
        ("temperatures", -1.0, "temperatures holds a value that is not over 0"),
        ("unsure_below", 1.5, r"unsure_below is 1\.5; expected 0 to 1"),
        ("rule", -1.5, "numbers of windows are not negative"),
    ],
)
def test_values_that_cannot_be(name: str, value: float, words: str) -> None:
    arrays = random_arrays()
    arrays[name].flat[0] = value
    with pytest.raises(ValueError, match=words):
        VoiceLinear.from_arrays(arrays)


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("temperatures", np.ones(3), "temperatures holds 3 values; expected 2"),
        ("rule", np.ones(3), "rule holds 3 values; expected baseline_windows, share_windows"),
        ("rule", np.array([0.5, -1.0, 9.0, *RULE[3:]]), "numbers of windows are not negative"),
        ("rule", np.array([0.5, 1.0, 0.0, *RULE[3:]]), "numbers of windows are not negative"),
    ],
)
def test_arrays_that_cannot_be(name: str, array: NDArray[Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VoiceLinear.from_arrays(random_arrays() | {name: array})


@pytest.mark.parametrize(
    "changed",
    [
        {"windows": np.array(1.0, np.float32)},
        {"margins": np.zeros(3)},
        {"raw": np.zeros((4, 1))},
        {"windows": np.array(-1.0)},
        {"windows": np.array(41.0)},
        {"windows": np.array(np.nan)},
        {"margins": np.array([0, 0, np.inf, 0])},
        {"more": np.array(0.0)},
    ],
)
def test_a_state_that_is_none(changed: dict[str, NDArray[Any]]) -> None:
    state = {**DECISION.open_voice().state(), **changed}
    with pytest.raises(
        ValueError, match=r"no voice for a model of kind voice-linear: .*(expected|not finite)"
    ):
        DECISION.open_voice(state)
    with pytest.raises(
        ValueError, match=r"no voice for a model of kind voice-linear: .*(expected|not finite)"
    ):
        DECISION.open_voice({"windows": np.array(1.0)})


def test_a_model_without_a_baseline_takes_no_voice() -> None:
    decision = RbfSvc.from_arrays(tiny_arrays())
    assert decision.open_voice().state() == {}
    assert decision.open_voice({}).known == 0.0
    with pytest.raises(
        ValueError, match="kind rbf-svc, which learns none: arrays enrolled, enrolled_margins"
    ):
        decision.open_voice(DECISION.open_voice().state())
