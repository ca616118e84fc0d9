"""Frames of 10 ms: the same however the sound is cut, and none made up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from streamer.envelopes.envelope import Envelope, Powers
from tests.strategies import cuts, signals
from tests.streamer.envelopes.material import envelope

RATES = st.sampled_from((8_000, 11_025, 44_100, 48_000))


def frame_by_frame(samples: Samples, origin: int, rate: int) -> dict[int, float]:
    """Give the power of each whole frame, from the definition."""
    members: dict[int, list[float]] = {}
    for index, value in enumerate(samples.tolist(), origin):
        members.setdefault(index * 100 // rate, []).append(value)
    for cut_off in {(origin - 1) * 100 // rate, (origin + len(samples)) * 100 // rate}:
        members.pop(cut_off, None)
    return {frame: float(np.var(values)) for frame, values in members.items()}


def all_frames(made: Envelope, origin: int, num_samples: int, rate: int) -> tuple[int, Powers]:
    """Give the frames of a stretch and a little more on both sides, and the number of the first."""
    first = max(0, origin * 100 // rate - 2)
    end = (origin + num_samples) * 100 // rate + 3
    return first, made.frames(first / 100, end / 100)


@given(st.data(), RATES, st.integers(0, 10**8))
def test_frames_are_those_of_the_definition_however_the_sound_is_cut(
    data: st.DataObject, rate: int, origin: int
) -> None:
    sound = data.draw(signals(max_samples=4_000, kinds=("noise", "tone", "clicks", "constant")))
    cut_up = Envelope(rate)
    for cut in data.draw(cuts(len(sound))):
        cut_up.push(sound[cut], origin + cut.start)
    first, found = all_frames(cut_up, origin, len(sound), rate)
    expected = frame_by_frame(sound, origin, rate)
    for index, power in enumerate(found, first):
        assert power == pytest.approx(expected.get(index, np.nan), rel=1e-9, abs=1e-14, nan_ok=True)
    np.testing.assert_array_equal(
        found, all_frames(envelope(sound, origin, rate), origin, len(sound), rate)[1]
    )


@given(RATES, st.integers(0, 10**6), st.integers(0, 4_000), st.integers(1, 6_000))
def test_a_gap_leaves_frames_that_are_no_number_and_shifts_none(
    rate: int, origin: int, before: int, missing: int
) -> None:
    sound = np.random.default_rng(before).standard_normal(before + missing + 3_000).astype(np.float32)
    end_of_gap = before + missing
    made = Envelope(rate)
    made.push(sound[:before], origin)
    made.push(sound[end_of_gap:], origin + end_of_gap)
    first, whole = all_frames(envelope(sound, origin, rate), origin, len(sound), rate)
    _, found = all_frames(made, origin, len(sound), rate)
    for index, (with_gap, without) in enumerate(zip(found, whole, strict=True), first):
        begins, ends = -(-index * rate // 100) - origin, -(-(index + 1) * rate // 100) - origin
        if ends <= before or begins >= end_of_gap:
            np.testing.assert_equal(with_gap, without)
        else:
            assert np.isnan(with_gap)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
def test_eight_seconds_are_kept_and_no_more(rate: int) -> None:
    made = Envelope(rate)
    block = np.full(rate // 20, 0.5, np.float32) * np.resize([1, -1], rate // 20).astype(np.float32)
    for first_sample in range(0, 20 * rate, len(block)):
        made.push(block, first_sample)
    found = made.frames(0.0, 25.0)
    assert len(found) == 2_500
    assert np.isnan(found[:1_200]).all()
    np.testing.assert_allclose(found[1_210:1_990], 0.25, rtol=0.01)
    assert np.isnan(found[2_006:]).all()
    assert made._powers.nbytes + made._waiting.nbytes < 10_000


def test_after_a_long_gap_nothing_old_stands_in_its_place() -> None:
    made = Envelope(8_000)
    made.push(np.ones(8_000, np.float32), 0)
    made.push(np.ones(8_000, np.float32), 8_000 * 9)
    found = made.frames(2.0, 10.0)
    assert np.isnan(found[:700]).all()
    assert (found[700:] == 0.0).all()


def test_more_than_is_kept_may_come_at_once() -> None:
    loud = np.random.default_rng(1).standard_normal(8_000 * 30).astype(np.float32)
    found = envelope(loud, 0, 8_000).frames(20.0, 30.0)
    assert np.isnan(found[:200]).all()
    np.testing.assert_allclose(found[200:], np.var(loud[8_000 * 22 :].reshape(-1, 80).astype(float), axis=1))


def test_windows_of_one_length_have_as_many_frames_wherever_they_begin() -> None:
    made = Envelope(8_000)
    starts = np.random.default_rng(2).uniform(0, 10_000, 200)
    assert {len(made.frames(start, start + 2.0)) for start in starts} == {200}
    assert len(made.frames(-0.35, 2.0)) == 235


def test_a_source_that_counts_backwards_is_refused() -> None:
    made = envelope(np.zeros(100, np.float32), 1_000)
    with pytest.raises(ValueError, match="1099 was told as the next sample after 1100"):
        made.push(np.zeros(10, np.float32), 1_099)


def test_the_blocks_may_be_used_again_by_who_gave_them() -> None:
    block = np.resize(np.array([0.5, -0.5], np.float32), 120)
    made = envelope(block, 0, 8_000)
    block[:] = 0.0
    made.push(np.resize(np.array([0.5, -0.5], np.float32), 40), 120)
    np.testing.assert_allclose(made.frames(0.0, 0.02), 0.25)
