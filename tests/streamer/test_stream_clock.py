"""The sample index: counted while all is well, estimated after an overrun."""

import pytest

from streamer.stream_clock import Placed, StreamClock

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
