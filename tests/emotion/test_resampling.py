"""However the sound is cut, the resampled stretch has the same bits and the length that the rates say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.errors import UsageError
from emotion.resampling import StreamResampler, resample
from tests.strategies import cuts, signals

RATES = (8000, 7999, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000)
rates = st.sampled_from(RATES)


def tone(frequency_hz: float, sample_rate: int, seconds: float = 1.0) -> Samples:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def middle_rms(samples: Samples) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return float(np.sqrt(np.mean(middle.astype(float) ** 2)))


@given(st.data(), signals(max_samples=20_000), rates, rates)
def test_any_cutting_gives_the_bits_of_the_whole(
    data: st.DataObject, samples: Samples, source_rate: int, target_rate: int
) -> None:
    stream = StreamResampler(source_rate, target_rate)
    pieces = [stream.push(samples[piece]) for piece in data.draw(cuts(len(samples)))]
    joined = np.concatenate([*pieces, stream.finish()])
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(joined, resample(samples, source_rate, target_rate))


@given(st.integers(0, 5000), st.integers(1000, 200_000), st.integers(1000, 200_000))
def test_the_total_is_the_floor_of_the_exact_ratio(
    num_samples: int, source_rate: int, target_rate: int
) -> None:
    out = resample(np.ones(num_samples, dtype=np.float32), source_rate, target_rate)
    assert len(out) == num_samples * target_rate // source_rate
    assert np.isfinite(out).all()


@given(signals(max_samples=20_000), rates)
def test_equal_rates_pass_the_samples_through(samples: Samples, rate: int) -> None:
    stream = StreamResampler(rate, rate)
    np.testing.assert_array_equal(stream.push(samples), samples)
    assert len(stream.finish()) == 0


@pytest.mark.parametrize("target_rate", [16000, 22050])
@pytest.mark.parametrize("source_rate", [8000, 11025, 44100, 48000, 96000])
def test_a_tone_keeps_its_place_pitch_and_level(source_rate: int, target_rate: int) -> None:
    out = resample(tone(1000, source_rate), source_rate, target_rate)
    wanted = tone(1000, target_rate)
    inner = slice(len(out) // 4, -len(out) // 4)
    np.testing.assert_allclose(out[inner], wanted[inner], atol=2e-5)


@pytest.mark.parametrize(
    ("source_rate", "target_rate", "frequency_hz"), [(48000, 16000, 11000), (44100, 22050, 15000)]
)
def test_what_would_fold_is_suppressed(source_rate: int, target_rate: int, frequency_hz: float) -> None:
    loud = tone(frequency_hz, source_rate)
    out = resample(loud, source_rate, target_rate)
    assert 20 * np.log10(middle_rms(out) / middle_rms(loud)) < -100


def test_read_only_blocks_and_views_are_welcome() -> None:
    stereo = np.stack([tone(300, 48000), tone(400, 48000)], axis=1)
    left = stereo[:, 0]
    left.flags.writeable = False
    np.testing.assert_array_equal(resample(left, 48000, 16000), resample(left.copy(), 48000, 16000))


def test_a_finished_stretch_takes_no_more() -> None:
    stream = StreamResampler(48000, 16000)
    stream.finish()
    with pytest.raises(ValueError, match="finished"):
        stream.push(tone(300, 48000))
    with pytest.raises(ValueError, match="finished"):
        stream.finish()


@pytest.mark.parametrize("rates", [(0, 16000), (48000, -1)])
def test_a_rate_that_is_none_is_refused(rates: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="sample rate of"):
        StreamResampler(*rates)
