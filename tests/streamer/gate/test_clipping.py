"""How much of a window is at full scale, however the sound is cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from streamer.gate.clipping import SCALE, ClippingMeter
from tests.strategies import cuts


def loud(num_samples: int, seed: int, channels: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(0, 0.6, (num_samples, channels)), -1, 1).astype(np.float32)


@given(st.data())
def test_the_share_is_counted_in_samples_of_the_source(data: st.DataObject) -> None:
    sound = loud(data.draw(st.integers(1, 3_000)), 3, data.draw(st.integers(1, 3)))
    origin = data.draw(st.integers(0, 10**9))
    meter = ClippingMeter()
    for cut in data.draw(cuts(len(sound))):
        meter.push(sound[cut], origin + cut.start)
    starts = sorted(data.draw(st.lists(st.integers(0, len(sound) - 1), min_size=1, max_size=5)))
    for start in starts:
        end = min(len(sound), start + 500)
        expected = float(np.mean(np.any(np.abs(sound[start:end]) >= SCALE, axis=1)))
        assert meter.share(origin + start, origin + end) == pytest.approx(expected)


@pytest.mark.parametrize(("value", "share"), [(0.96, 0.0), (0.98, 1.0), (-0.98, 1.0)])
def test_the_loudest_code_of_a_telephone_is_full_scale(value: float, share: float) -> None:
    meter = ClippingMeter()
    meter.push(np.full((100, 1), value, np.float32), 0)
    assert meter.share(0, 100) == share


def test_what_lies_before_the_window_is_forgotten() -> None:
    meter = ClippingMeter()
    for first in range(0, 100_000, 100):
        meter.push(np.ones((100, 1), np.float32), first)
        assert meter.share(max(0, first - 900), first + 100) == 1.0
        assert len(meter._places) <= 10
