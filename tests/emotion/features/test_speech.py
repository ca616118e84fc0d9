"""`speech`: pooling, streams with kept state, clips."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.encoders import RECOGNISER, TURN_ENCODER, EncoderFrames
from emotion.errors import UsageError
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set
from emotion.features.speech import FEATURE_NAMES, Moments, SpeechStream, moments, pool
from emotion.features.window_encoder import Frames
from emotion.window_grid import WindowGrid
from tests.spoken import DEMO
from tests.strategies import cuts, signals, sound

RANDOM = np.random.default_rng(3)
HEARD = np.array([True] * 4 + [False] * 5 + [True])


def ten_frames(encoder: EncoderFrames) -> FloatArray:
    taps = [RANDOM.normal(10 * tap, 1 + tap, (10, encoder.tap_width)) for tap in range(3)]
    return np.concatenate(taps, axis=1).astype(np.float32)


def in_chunks(values: FloatArray, audible: NDArray[np.bool_], bounds: list[int]) -> list[Moments]:
    parts = zip(np.split(values, bounds), np.split(audible, bounds), strict=True)
    return [moments(Frames(frames, heard)) for frames, heard in parts]


@pytest.mark.parametrize("encoder", [RECOGNISER, TURN_ENCODER], ids=lambda encoder: encoder.folder)
@pytest.mark.parametrize("bounds", [[], [3], [2, 2, 6, 9], [4, 9]])
def test_every_value_has_its_name_however_frames_lie_in_chunks(
    encoder: EncoderFrames, bounds: list[int]
) -> None:
    frames = ten_frames(encoder)
    names = [name for name in FEATURE_NAMES if name.split(".")[0] in encoder.tap_names]
    values = dict(zip(names, pool(in_chunks(frames, HEARD, bounds), encoder), strict=True))
    for tap, name in enumerate(encoder.tap_names):
        for value in (0, 7, encoder.tap_width - 1):
            column = frames[HEARD, tap * encoder.tap_width + value].astype(np.float64)
            np.testing.assert_allclose(
                values[f"{name}.{value:03d}.mean"], column.mean(), rtol=1e-5, atol=1e-6
            )
            np.testing.assert_allclose(values[f"{name}.{value:03d}.std"], column.std(), rtol=1e-5)


def test_no_two_values_have_one_name() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == 2 * 3 * (288 + 384)


def test_what_is_not_heard_is_not_summed_up() -> None:
    frames = ten_frames(RECOGNISER)
    others = np.where(HEARD[:, np.newaxis], frames, np.float32(1e6))
    for ours, theirs in zip(moments(Frames(others, HEARD)), moments(Frames(frames, HEARD)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_small_deviation_far_from_zero_keeps_its_digits() -> None:
    frames = np.float32(300) + ten_frames(RECOGNISER) * np.float32(1e-2)
    parts = in_chunks(frames, HEARD, [4])
    deviations = pool(parts, RECOGNISER).reshape(3, 2, 288)[:, 1]
    np.testing.assert_allclose(deviations.ravel(), frames[HEARD].astype(np.float64).std(axis=0), rtol=2e-3)


def test_one_frame_has_no_deviation() -> None:
    frames = ten_frames(RECOGNISER)
    one = pool(in_chunks(frames, np.arange(10) == 2, [5]), RECOGNISER).reshape(3, 2, 288)
    np.testing.assert_array_equal(one[:, 0].ravel(), frames[2])
    assert not one[:, 1].any()


def test_the_frames_are_left_as_they_were() -> None:
    frames = ten_frames(RECOGNISER)
    before = frames.copy()
    moments(Frames(frames, np.ones(10, dtype=bool)))
    np.testing.assert_array_equal(before, frames)


SPEECH = feature_set("speech")
GRID = WindowGrid.from_seconds(2, 0.5, 16_000)
SMALL = WindowGrid(5000, 1700, 16_000)
ATOL = 1e-3
"""Kept keys and values are rounded to 11 bits: a last digit of the sound may turn one of these."""


@pytest.fixture(scope="module")
def spoken() -> Samples:
    samples, sample_rate = soundfile.read(DEMO, dtype="float32")
    assert sample_rate == SPEECH.sample_rate
    return np.asarray(samples[: 8 * sample_rate])


def live_vectors(samples: Samples, grid: WindowGrid, pieces: list[slice], asked: list[bool]) -> FloatArray:
    """Feed a stream as the worker does: whatever arrives is held until the next piece is full."""
    stream = SPEECH.open(grid)
    held = np.zeros(0, dtype=np.float32)
    pushed, vectors = 0, []
    for piece in pieces:
        held = np.concatenate([held, samples[piece]])
        while len(held) >= (due := grid.step if pushed else grid.first_piece):
            stream.push(held[:due])
            held, pushed = held[due:], pushed + due
            if pushed >= grid.win and asked[(pushed - grid.win) // grid.step]:
                vectors.append(stream.vector())
    return np.array(vectors)


@settings(max_examples=25)
@given(
    signals(min_samples=SMALL.win, max_samples=SMALL.win + 5 * SMALL.step),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.data(),
)
def test_the_same_windows_of_the_same_samples_have_the_same_bits(
    samples: Samples, asked: list[bool], data: st.DataObject
) -> None:
    live = live_vectors(samples, SMALL, data.draw(cuts(len(samples))), asked)
    np.testing.assert_array_equal(live, live_vectors(samples, SMALL, [slice(None)], asked))


@settings(max_examples=15)
@given(signals(min_samples=SMALL.win, max_samples=SMALL.win + 5 * SMALL.step), st.data())
def test_live_has_the_bits_of_offline_however_the_sound_is_cut(samples: Samples, data: st.DataObject) -> None:
    live = live_vectors(samples, SMALL, data.draw(cuts(len(samples))), [True] * 6)
    np.testing.assert_array_equal(live, window_vectors(SPEECH, SMALL, samples))


@settings(max_examples=15)
@given(signals(min_samples=SMALL.win, max_samples=SMALL.win + 5 * SMALL.step))
def test_the_first_window_is_the_clip_of_its_own_samples(samples: Samples) -> None:
    first = window_vectors(SPEECH, SMALL, samples)[0]
    np.testing.assert_allclose(first, SPEECH.clip_vector(samples[: SMALL.win]), rtol=1e-4, atol=1e-4)


def test_two_streams_do_not_hear_each_other() -> None:
    ours, theirs = sound("pauses", 15_200, 0.5, seed=1), sound("noise", 15_200, 1.0, seed=2)
    streams = SPEECH.open(SMALL), SPEECH.open(SMALL)
    audible = []
    start, end = 0, SMALL.first_piece
    while end <= 15_200:
        for stream, samples in zip(streams, (ours, theirs), strict=True):
            stream.push(samples[start:end])
        if end >= SMALL.win:
            audible.append(streams[0].vector())
            streams[1].vector()
        start, end = end, end + SMALL.step
    np.testing.assert_array_equal(np.stack(audible), window_vectors(SPEECH, SMALL, ours))


@pytest.mark.parametrize("gain_db", [-40.0, -17.3, 9.9, 20.0])
def test_a_gain_moves_nothing_beyond_rounding(spoken: Samples, gain_db: float) -> None:
    louder = spoken * np.float32(10 ** (gain_db / 20))
    ours, theirs = (window_vectors(SPEECH, GRID, each) for each in (spoken, louder))
    assert ours.any()
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=ATOL)


def test_dc_moves_nothing_beyond_rounding(spoken: Samples) -> None:
    ours, theirs = (window_vectors(SPEECH, GRID, each) for each in (spoken, spoken + np.float32(0.3)))
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=ATOL)


def test_speech_is_told_from_noise_and_silence(spoken: Samples) -> None:
    voice, noise = SPEECH.clip_vector(spoken), SPEECH.clip_vector(sound("noise", 40_000, 0.1, seed=1))
    assert np.abs(voice - noise).max() > 1
    assert not SPEECH.clip_vector(np.zeros(40_000, dtype=np.float32)).any()


def test_a_clip_is_the_mean_of_its_windows_that_hold_sound(spoken: Samples) -> None:
    clip = spoken[: GRID.win + 3 * GRID.step]
    windows = window_vectors(SPEECH, GRID, clip)
    np.testing.assert_array_equal(SPEECH.clip_vector(clip), windows.mean(axis=0))
    trailed = np.concatenate([clip, np.zeros(5 * GRID.win, dtype=np.float32)])
    vectors = window_vectors(SPEECH, GRID, trailed)
    assert not vectors[-1].any()
    np.testing.assert_array_equal(SPEECH.clip_vector(trailed), vectors[vectors.any(axis=1)].mean(axis=0))


@pytest.mark.parametrize("num_samples", [1, 894, 895, 31_999])
def test_a_short_clip_is_one_window(num_samples: int) -> None:
    vector = SPEECH.clip_vector(sound("noise", num_samples, 0.1, seed=1))
    assert vector.shape == (4032,)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()


def test_a_grid_at_another_rate_is_refused_with_both() -> None:
    with pytest.raises(UsageError, match=r"22050 Hz.*16000 Hz"):
        SPEECH.open(WindowGrid.from_seconds(2, 0.5, 22_050))


def test_a_win_without_a_whole_frame_is_refused_and_the_shortest_named_is_not() -> None:
    with pytest.raises(UsageError, match=r"a whole frame of 895 samples: give at least 0\.08 s"):
        SPEECH.open(WindowGrid(1277, 1, 16_000))
    SPEECH.open(WindowGrid.from_seconds(0.08, 0.01, 16_000))


def test_a_win_longer_than_the_turn_encoder_hears_is_refused() -> None:
    with pytest.raises(UsageError, match=r"win is 8\.1 s, and speech hears at most 8 s as a whole"):
        SPEECH.open(WindowGrid.from_seconds(8.1, 0.5, 16_000))
    SPEECH.open(WindowGrid.from_seconds(8, 0.5, 16_000))


def stream_with_one_piece() -> SpeechStream:
    stream = SPEECH.open(SMALL)
    assert isinstance(stream, SpeechStream)
    stream.push(np.zeros(SMALL.first_piece, dtype=np.float32))
    return stream


@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_piece_of_another_length_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="1700 was due"):
        stream_with_one_piece().push(np.zeros(SMALL.step + wrong, dtype=np.float32))


def test_no_vector_before_win_is_full() -> None:
    with pytest.raises(ValueError, match="lacks 3400 samples"):
        stream_with_one_piece().vector()
