"""`speech`: level, mel spectrogram, pooling, and windows that stand alone."""

import math

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import FloatArray, Samples
from emotion.encoders import COLUMN_HOP, RECOGNISER, TURN_ENCODER, EncoderFrames
from emotion.errors import UsageError
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set
from emotion.features.speech import (
    FEATURE_NAMES,
    LEVEL_RMS,
    NUM_BANDS,
    SpeechStream,
    audible_frames,
    level_window,
    log_mel,
    pool,
)
from emotion.window_grid import WindowGrid
from tests.spoken import DEMO
from tests.strategies import cuts, signals, sound

pytestmark = pytest.mark.usefixtures("compiled_librosa")


@pytest.mark.parametrize("kind", ["noise", "tone", "chirp", "pauses"])
@pytest.mark.parametrize("num_samples", [400, 559, 560, 32_000])
def test_it_is_that_of_librosa_without_padding(kind: str, num_samples: int) -> None:
    samples = sound(kind, num_samples, 1.0, seed=1)
    powers = librosa.feature.melspectrogram(
        y=samples,
        sr=16_000,
        n_fft=TURN_ENCODER.frame_length,
        hop_length=COLUMN_HOP,
        n_mels=NUM_BANDS,
        center=False,
    )
    logs = np.log10(np.maximum(powers, 1e-10))
    wanted = (np.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0
    ours = log_mel(samples)
    assert ours.dtype == np.float32
    assert ours.shape == powers.shape == (NUM_BANDS, (num_samples - 400) // 160 + 1)
    # Where little sounds beside much, float32 has the bands to the last of its digits under the loudest.
    np.testing.assert_allclose(ours, wanted, atol=2e-2)
    assert np.abs(ours - wanted).mean() < 1e-3


def test_silence_is_even() -> None:
    assert np.ptp(log_mel(np.zeros(1000, dtype=np.float32))) == 0


HEARABLE = ("noise", "tone", "chirp", "pauses")


def frame_levels(samples: Samples) -> list[float]:
    """Mean squares of the frames' middles, the slow way."""
    places = [256 + frame * 384 for frame in range(RECOGNISER.num_frames(len(samples)))]
    return [float(np.mean(np.square(samples[at : at + 384], dtype=np.float64))) for at in places]


@given(signals(min_samples=RECOGNISER.frame_length, max_samples=20_000, kinds=HEARABLE))
def test_what_is_heard_has_the_level_that_the_encoder_wants(samples: Samples) -> None:
    window = level_window(samples)
    assert window.sound.shape == samples.shape
    assert window.sound.dtype == np.float32
    assert abs(window.sound.mean(dtype=np.float64)) < 1e-6
    levels = np.array(frame_levels(window.sound))
    assert window.audible.any()
    assert math.isclose(math.sqrt(levels[window.audible].mean()), LEVEL_RMS, rel_tol=1e-5)
    assert (levels[window.audible] >= 0.999e-3 * levels.max()).all()
    assert (levels[~window.audible] <= 1.001e-3 * levels.max()).all()


@given(
    signals(min_samples=RECOGNISER.frame_length, max_samples=20_000, kinds=HEARABLE, levels=(1.0, 0.01)),
    st.floats(-40, 20),
)
def test_a_gain_changes_nothing(samples: Samples, gain_db: float) -> None:
    louder = samples * np.float32(10 ** (gain_db / 20))
    ours, theirs = level_window(samples), level_window(louder)
    np.testing.assert_allclose(ours.sound, theirs.sound, rtol=1e-5, atol=1e-6)


def test_powers_of_two_change_no_bit() -> None:
    samples = sound("noise", 9000, 0.3, seed=4)
    np.testing.assert_array_equal(level_window(samples).sound, level_window(samples * np.float32(64)).sound)


def test_a_pause_is_not_heard_and_does_not_count_for_the_level() -> None:
    voice, hush = sound("noise", 16_000, 0.2, seed=1), sound("noise", 16_000, 0.002, seed=2)
    window = level_window(np.concatenate([voice, hush]))
    assert window.audible[:40].all()
    assert not window.audible[43:].any()
    alone = level_window(voice)
    np.testing.assert_allclose(window.sound[:16_000], alone.sound, rtol=0.02, atol=1e-3)


def test_silence_is_not_heard() -> None:
    for value in (0.0, -0.0, 0.3, -1.0, 1e-45):
        window = level_window(np.full(5000, value, dtype=np.float32))
        assert not window.audible.any()
        assert np.abs(window.sound).max() < 1e-6


def test_the_gain_has_an_end() -> None:
    faint = sound("noise", 5000, 1e-12, seed=1)
    window = level_window(faint)
    assert not window.audible.any()
    assert np.abs(window.sound).max() < 1e-6


@given(
    signals(min_samples=RECOGNISER.frame_length, max_samples=20_000), st.integers(1, 200), st.integers(1, 400)
)
def test_frames_of_any_length_are_heard_from_30_db_under_the_loudest(
    samples: Samples, first: int, hop: int
) -> None:
    encoder = EncoderFrames("of a test", (), 0, frame_length=hop + 2 * first, frame_hop=hop)
    count = encoder.num_frames(len(samples))
    audible = audible_frames(samples, encoder)
    frames = samples[first : first + count * hop].reshape(count, hop)
    powers = np.mean(np.square(frames, dtype=np.float64), axis=1)
    assert audible.shape == powers.shape
    assert audible.any()
    assert (powers[audible] >= 0.999e-3 * powers.max()).all()
    assert (powers[~audible] <= 1.001e-3 * powers.max()).all()


RANDOM = np.random.default_rng(3)
TAPS = tuple(RANDOM.normal(tap, 1 + tap, (10, 288)).astype(np.float32) for tap in range(3))
HEARD = np.array([True] * 4 + [False] * 5 + [True])


@pytest.mark.parametrize("encoder", [RECOGNISER, TURN_ENCODER], ids=lambda encoder: encoder.folder)
def test_every_value_has_its_name(encoder: EncoderFrames) -> None:
    taps = tuple(RANDOM.normal(tap, 1 + tap, (10, encoder.tap_width)).astype(np.float32) for tap in range(3))
    names = [name for name in FEATURE_NAMES if name.split(".")[0] in encoder.tap_names]
    values = dict(zip(names, pool(taps, HEARD), strict=True))
    for tap, name in enumerate(encoder.tap_names):
        for value in (0, 7, encoder.tap_width - 1):
            column = taps[tap][HEARD, value].astype(np.float64)
            np.testing.assert_allclose(
                values[f"{name}.{value:03d}.mean"], column.mean(), rtol=1e-5, atol=1e-6
            )
            np.testing.assert_allclose(values[f"{name}.{value:03d}.std"], column.std(), rtol=1e-5)


def test_no_two_values_have_one_name() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == 2 * 3 * (288 + 384)


def test_what_is_not_heard_is_not_summed_up() -> None:
    others = tuple(np.where(HEARD[:, np.newaxis], tap, np.float32(1e6)) for tap in TAPS)
    np.testing.assert_array_equal(pool(others, HEARD), pool(TAPS, HEARD))


def test_one_frame_has_no_deviation() -> None:
    one = pool(TAPS, np.arange(10) == 2).reshape(3, 2, 288)
    np.testing.assert_array_equal(one[:, 0], np.stack([tap[2] for tap in TAPS]))
    assert not one[:, 1].any()


def test_the_taps_are_left_as_they_were() -> None:
    before = [tap.copy() for tap in TAPS]
    pool(TAPS, np.ones(10, dtype=bool))
    np.testing.assert_array_equal(before, TAPS)


SPEECH = feature_set("speech")
GRID = WindowGrid.from_seconds(2, 0.5, 16_000)
SMALL = WindowGrid(5000, 1700, 16_000)


@pytest.fixture(scope="module")
def spoken() -> Samples:
    samples, sample_rate = soundfile.read(DEMO, dtype="float32")
    assert sample_rate == SPEECH.sample_rate
    return np.asarray(samples[: 8 * sample_rate])


def live_vectors(samples: Samples, grid: WindowGrid, pieces: list[slice]) -> FloatArray:
    """Feed a stream as the worker does: whatever arrives is held until the next piece is full."""
    stream = SPEECH.open(grid)
    held = np.zeros(0, dtype=np.float32)
    pushed, vectors = 0, []
    for piece in pieces:
        held = np.concatenate([held, samples[piece]])
        while len(held) >= (due := grid.step if pushed else grid.first_piece):
            stream.push(held[:due])
            held, pushed = held[due:], pushed + due
            if pushed >= grid.win:
                vectors.append(stream.vector())
    return np.stack(vectors)


@settings(max_examples=25)
@given(signals(min_samples=SMALL.win, max_samples=SMALL.win + 5 * SMALL.step), st.data())
def test_live_has_the_bits_of_offline_however_the_sound_is_cut(samples: Samples, data: st.DataObject) -> None:
    live = live_vectors(samples, SMALL, data.draw(cuts(len(samples))))
    np.testing.assert_array_equal(live, window_vectors(SPEECH, SMALL, samples))


@settings(max_examples=25)
@given(signals(min_samples=SMALL.win, max_samples=SMALL.win + 5 * SMALL.step), st.data())
def test_a_window_is_the_clip_of_its_own_samples(samples: Samples, data: st.DataObject) -> None:
    vectors = window_vectors(SPEECH, SMALL, samples)
    window = data.draw(st.integers(0, len(vectors) - 1))
    start, end = SMALL.span(window)
    np.testing.assert_array_equal(vectors[window], SPEECH.clip_vector(samples[start:end]))


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
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-4)


def test_dc_moves_nothing_beyond_rounding(spoken: Samples) -> None:
    ours, theirs = (window_vectors(SPEECH, GRID, each) for each in (spoken, spoken + np.float32(0.3)))
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-4)


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
    with pytest.raises(UsageError, match=r"a whole frame of 895 samples: give at least 0\.056 s"):
        SPEECH.open(WindowGrid(894, 1, 16_000))
    SPEECH.open(WindowGrid.from_seconds(0.056, 0.01, 16_000))


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
