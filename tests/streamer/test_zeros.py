"""A live source that delivers nothing but zeros is told of while it lasts, and afterwards."""

import numpy as np
import pytest

from streamer.block import AudioBlock
from streamer.zeros import ZERO_SECONDS, Zeros

LINE = "only zeros come: unmute mic, or let this program hear it"


def block(arrived: float, value: float = 0.0, *, away: bool = False) -> AudioBlock:
    samples = np.zeros((16, 2), np.float32)
    samples[7, 1] = value
    return AudioBlock(samples, 0, arrived, away=away)


def said_of(zeros: Zeros) -> str | None:
    assert zeros.now == (zeros.line is not None)
    return zeros.line


def test_zeros_are_told_of_after_a_while_and_taken_back_with_the_first_sound() -> None:
    zeros = Zeros("mic")
    for tenth in range(int(10 * ZERO_SECONDS)):
        zeros.take(block(50.0 + tenth / 10))
    assert said_of(zeros) is None
    zeros.take(block(50.0 + ZERO_SECONDS))
    assert said_of(zeros) == LINE
    zeros.take(block(50.0 + ZERO_SECONDS + 7))
    zeros.take(block(63.0, 1 / 32768))
    assert said_of(zeros) is None
    assert zeros.complaint == "mic delivered nothing but zeros for 12 s: it was muted, or refused"


def test_stretches_are_added_up_and_short_ones_are_not_counted() -> None:
    zeros = Zeros("mic")
    for start in (0.0, 100.0):
        zeros.take(block(start))
        zeros.take(block(start + 6))
        zeros.take(block(start + 7, 0.1))
    zeros.take(block(200.0))
    zeros.take(block(204.0))
    assert zeros.seconds == pytest.approx(12.0)


@pytest.mark.parametrize("value", [1e-30, -1.0, np.nan])
def test_anything_else_is_sound(value: float) -> None:
    zeros = Zeros("mic")
    for second in range(20):
        zeros.take(block(float(second), value if second % 4 == 3 else 0.0))
    assert (zeros.line, zeros.complaint) == (None, None)


def test_a_device_that_was_away_was_not_silent() -> None:
    zeros = Zeros("mic")
    zeros.take(block(0.0))
    zeros.take(block(600.0, away=True))
    zeros.take(block(601.0))
    assert zeros.line is None
