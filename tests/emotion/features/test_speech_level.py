"""DC and level go, and only what is sound is heard."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.encoder.recogniser import FRAME_HOP, FRAME_LENGTH, FRAME_MIDDLE, num_frames
from emotion.features.speech_level import LEVEL_RMS, heard_frames, level_window
from tests.strategies import signals, sound

HEARABLE = ("noise", "tone", "chirp", "pauses")


def frame_levels(samples: Samples) -> list[float]:
    """Mean squares of the frames' middles, the slow way."""
    places = [FRAME_MIDDLE + frame * FRAME_HOP for frame in range(num_frames(len(samples)))]
    return [float(np.mean(np.square(samples[at : at + FRAME_HOP], dtype=np.float64))) for at in places]


@given(signals(min_samples=FRAME_LENGTH, max_samples=20_000, kinds=HEARABLE))
def test_what_is_heard_has_the_level_that_the_encoder_wants(samples: Samples) -> None:
    window = level_window(samples)
    assert window.sound.shape == samples.shape
    assert window.sound.dtype == np.float32
    assert abs(window.sound.mean(dtype=np.float64)) < 1e-6
    levels = np.array(frame_levels(window.sound))
    assert window.heard.any()
    assert math.isclose(math.sqrt(levels[window.heard].mean()), LEVEL_RMS, rel_tol=1e-5)
    assert (levels[window.heard] >= 0.999e-3 * levels.max()).all()
    assert (levels[~window.heard] <= 1.001e-3 * levels.max()).all()


@given(
    signals(min_samples=FRAME_LENGTH, max_samples=20_000, kinds=HEARABLE, levels=(1.0, 0.01)),
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
    assert window.heard[:40].all()
    assert not window.heard[43:].any()
    alone = level_window(voice)
    np.testing.assert_allclose(window.sound[:16_000], alone.sound, rtol=0.02, atol=1e-3)


def test_silence_is_not_heard() -> None:
    for value in (0.0, -0.0, 0.3, -1.0, 1e-45):
        window = level_window(np.full(5000, value, dtype=np.float32))
        assert not window.heard.any()
        assert np.abs(window.sound).max() < 1e-6


def test_the_gain_has_an_end() -> None:
    faint = sound("noise", 5000, 1e-12, seed=1)
    window = level_window(faint)
    assert not window.heard.any()
    assert np.abs(window.sound).max() < 1e-6


@given(signals(min_samples=FRAME_LENGTH, max_samples=20_000), st.integers(1, 200), st.integers(1, 400))
def test_frames_of_any_length_are_heard_from_30_db_under_the_loudest(
    samples: Samples, first: int, hop: int
) -> None:
    count = (len(samples) - first) // hop
    heard = heard_frames(samples, first, hop, count)
    frames = samples[first : first + count * hop].reshape(count, hop)
    powers = np.mean(np.square(frames, dtype=np.float64), axis=1)
    assert heard.shape == powers.shape
    assert heard.any()
    assert (powers[heard] >= 0.999e-3 * powers.max()).all()
    assert (powers[~heard] <= 1.001e-3 * powers.max()).all()
