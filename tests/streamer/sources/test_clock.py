"""The sample index of a microphone, and two devices on one clock: first blocks, drift, stalls, pauses."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import read_only
from streamer.events import AudioBlock
from streamer.sources.clock import Alignment, Epoch, Placed, StreamClock

RATE = 1000


def test_without_overruns_samples_are_counted_whatever_the_clocks_say() -> None:
    clock = StreamClock(RATE)
    placed = [clock.place(n, 9.0 - n, 5.0 * n, overflowed=False) for n in (100, 1, 50)]
    assert placed == [Placed(0, overrun=False), Placed(100, overrun=False), Placed(101, overrun=False)]


def test_a_flag_on_the_first_block_means_nothing() -> None:
    assert StreamClock(RATE).place(100, 1.0, 1.0, overflowed=True) == Placed(0, overrun=False)


@pytest.mark.parametrize(
    ("captured", "arrived", "first_sample"),
    [
        pytest.param((10.0, 10.35), (3.0, 3.4), 350, id="the stream's clock is believed"),
        pytest.param((0.0, 0.0), (3.0, 3.4), 400, id="no capture times: the arrival is"),
        pytest.param((10.0, 0.0), (3.0, 3.4), 400, id="one capture time missing"),
        pytest.param((10.0, 3610.35), (3.0, 3.4), 400, id="the wall clock was set forward"),
        pytest.param((10.0, 8.0), (3.0, 3.4), 400, id="the wall clock was set back"),
        pytest.param((10.0, 10.05), (3.0, 3.02), 101, id="a flag without time lost: one sample at least"),
    ],
)
def test_what_was_lost_is_estimated(
    captured: tuple[float, float], arrived: tuple[float, float], first_sample: int
) -> None:
    clock = StreamClock(RATE)
    clock.place(100, captured[0], arrived[0], overflowed=False)
    assert clock.place(100, captured[1], arrived[1], overflowed=True) == Placed(first_sample, overrun=True)
    assert clock.place(5, 0.0, 0.0, overflowed=False) == Placed(first_sample + 100, overrun=False)


LENGTH = 50


def block(first_sample: int, arrived: float, num_samples: int = LENGTH) -> AudioBlock:
    return AudioBlock(read_only(np.zeros((num_samples, 1), np.float32)), first_sample, arrived)


def test_the_second_source_begins_where_the_clock_says() -> None:
    epoch = Epoch()
    first, second = Alignment(RATE, epoch, stalls=False), Alignment(RATE, epoch, stalls=False)
    assert first.place(block(0, 100.05)).first_sample == 0
    assert second.place(block(0, 100.35)).first_sample == 300
    assert second.place(block(50, 100.40)).first_sample == 350, "and goes on from there"
    assert first.place(block(50, 100.10)).first_sample == 50


@given(
    st.floats(-0.002, 0.002),
    st.integers(0, 1000),
    st.integers(1, 400),
)
def test_a_card_that_runs_slow_or_fast_is_measured_and_put_right_at_a_gap(
    skew: float, seed: int, lost: int
) -> None:
    jitter = np.random.default_rng(seed).uniform(0.0, 0.08, 400).tolist()
    jitter[::20] = [0.0] * 20  # Now and then a block is punctual.
    alignment = Alignment(RATE, Epoch(), stalls=False)
    for number, late in enumerate(jitter):
        placed = alignment.place(block(number * LENGTH, (number + 1) * 0.05 * (1 + skew) + late))
        assert placed.first_sample == number * LENGTH, "no sample is moved within a segment"
        assert not placed.stalled
    drift = alignment.drift_seconds
    assert drift == pytest.approx(400 * 0.05 * skew, abs=0.05 * 220 * abs(skew) + 0.001)
    first = 400 * LENGTH + lost
    on_clock = (first / RATE) * (1 + skew)
    placed = alignment.place(block(first, on_clock + 0.05))
    assert placed.first_sample >= 400 * LENGTH, "never back over what was heard"
    if abs(drift) > 0.021 and first + drift * RATE > 400 * LENGTH:
        assert placed.first_sample == pytest.approx(on_clock * RATE, abs=0.05 * 220 * abs(skew) * RATE + 3)


def test_a_loudspeaker_that_was_silent_goes_on_at_the_time_it_is() -> None:
    alignment = Alignment(RATE, Epoch(), stalls=True)
    assert not alignment.place(block(0, 10.05)).stalled
    assert not alignment.place(block(50, 10.10)).stalled
    placed = alignment.place(block(100, 70.15))
    assert (placed.first_sample, placed.stalled) == (60_100, True)
    placed = alignment.place(block(150, 70.20))
    assert (placed.first_sample, placed.stalled) == (60_150, False)


def test_a_microphone_whose_block_comes_late_has_not_stalled() -> None:
    alignment = Alignment(RATE, Epoch(), stalls=False)
    alignment.place(block(0, 10.05))
    placed = alignment.place(block(50, 12.0))
    assert (placed.first_sample, placed.stalled) == (50, False)


def test_after_a_pause_a_fast_card_is_put_back() -> None:
    alignment = Alignment(RATE, Epoch(), stalls=False)
    alignment.place(block(0, 0.05))
    for number in range(1, 401):  # A tenth too fast: 20 s of samples in 18 s.
        alignment.place(block(50 * number, 0.05 + 0.045 * number), paused=True)
    placed = alignment.place(block(50 * 401, 0.05 + 0.045 * 401))
    assert placed.first_sample == pytest.approx(0.045 * 401 * RATE, abs=6)


def test_queued_blocks_do_not_grow_the_memory() -> None:
    alignment = Alignment(RATE, Epoch(), stalls=False)
    sizes = []
    for number in range(2000):
        alignment.place(block(number * LENGTH, (number + 1) * 0.0501))
        sizes.append(len(pickle.dumps(alignment)))
    assert sizes[100] < sizes[200], "the lateness of each block of the last ten seconds is kept"
    assert sizes[-1] <= sizes[250] + 100
