"""Level, mixing, and resampling with memory."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emotion.arrays import Samples
from emotion.errors import UsageError
from emotion.signal import (
    FLOOR_DBFS,
    SILENCE_DBFS,
    StreamResampler,
    level_dbfs,
    level_of_moments,
    mix_down,
    mixing_note,
    moments_of,
    resample,
)
from tests.strategies import cuts, signals


def _sine(amplitude: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (amplitude * np.sin(2 * np.pi * 100 * np.arange(16_000) / 16_000)).astype(np.float32)


@pytest.mark.parametrize("amplitude_db", [0.0, -20.0, -60.0, -100.0])
def test_a_sine_lies_three_db_below_its_peak(amplitude_db: float) -> None:
    level = level_dbfs(_sine(10 ** (amplitude_db / 20)))
    assert level == pytest.approx(amplitude_db - 10 * np.log10(2), abs=1e-4)


def test_dc_is_no_sound() -> None:
    assert level_dbfs(np.full(1000, 0.5, np.float32)) == FLOOR_DBFS
    assert level_dbfs(_sine(0.1) + np.float32(0.5)) == pytest.approx(level_dbfs(_sine(0.1)), abs=1e-3)


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.float32), np.zeros(7, np.float32), np.ones(1, np.float32)]
)
def test_nothing_lies_on_the_floor(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    assert level_dbfs(samples) == FLOOR_DBFS < SILENCE_DBFS


def test_the_loudest_sample_there_may_be_has_a_finite_level() -> None:
    loud = np.where(np.arange(64) % 2 == 0, np.float32(1e6), np.float32(-1e6)).astype(np.float32)
    assert level_dbfs(loud) == pytest.approx(120.0)


@given(
    st.sets(st.integers(1, 3999)),
    st.integers(0, 99),
    st.sampled_from((1e-5, 0.1, 1e6)),
    st.sampled_from((0.0, 0.5, 1.0)),
)
def test_parts_have_the_level_of_the_whole(places: set[int], seed: int, amplitude: float, dc: float) -> None:
    steps = np.random.default_rng(seed).standard_normal(4000).cumsum()
    samples = (amplitude * steps / np.abs(steps).max() + dc).astype(np.float32)
    parts = [moments_of(samples[a:b]) for a, b in pairwise(sorted({0, 4000, *places}))]
    assert level_of_moments(parts) == pytest.approx(level_dbfs(samples), abs=1e-9)


SOUND = arrays.arrays(
    np.float32,
    st.tuples(st.integers(0, 80), st.integers(1, 8)),
    elements=st.floats(-1, 1, width=32),
)


@given(SOUND, st.lists(st.integers(0, 80), max_size=6))
def test_cut_anywhere(samples: Samples, cuts: list[int]) -> None:
    whole = mix_down(samples)
    pieces = np.split(samples, sorted(min(cut, len(samples)) for cut in cuts))
    np.testing.assert_array_equal(np.concatenate([mix_down(piece) for piece in pieces]), whole)


@given(SOUND)
def test_the_memory_layout_does_not_matter(samples: Samples) -> None:
    np.testing.assert_array_equal(mix_down(np.asfortranarray(samples)), mix_down(samples))
    np.testing.assert_array_equal(mix_down(np.repeat(samples, 2, axis=0)[::2]), mix_down(samples))


@given(SOUND)
def test_it_is_the_mean(samples: Samples) -> None:
    mixed = mix_down(samples)
    assert mixed.dtype == np.float32
    assert mixed.flags.c_contiguous
    np.testing.assert_allclose(mixed, samples.astype(np.float64).mean(axis=1), atol=1e-6)


def test_one_channel_is_handed_through() -> None:
    samples = np.array([[0.1], [np.float32(1) / 3]], np.float32)
    np.testing.assert_array_equal(mix_down(samples), samples[:, 0])


@pytest.mark.parametrize(
    ("channels", "note"),
    [
        (1, ()),
        (2, ("two channels mixed down to one",)),
        (6, ("six channels mixed down to one",)),
        (24, ("24 channels mixed down to one",)),
    ],
)
def test_the_note(channels: int, note: tuple[str, ...]) -> None:
    assert mixing_note(channels) == note


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


def test_a_finished_segment_takes_no_more() -> None:
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
