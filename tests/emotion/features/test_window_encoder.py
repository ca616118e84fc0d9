"""What both encoders are given, and what is encoded anew, what is kept, of which window."""

import math
from collections.abc import Sequence
from itertools import pairwise

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import FloatArray, Samples
from emotion.encoders import (
    COLUMN_HOP,
    RECOGNISER,
    TURN_ENCODER,
    EncoderFrames,
    NormSums,
    num_places,
    recogniser_inputs,
    shared_encoder,
    turn_encoder_inputs,
)
from emotion.features.window_encoder import (
    LEVEL_RMS,
    NUM_BANDS,
    Frames,
    WindowEncoder,
    audible_frames,
    level_window,
    log_mel,
)
from emotion.window_grid import WindowGrid
from tests.strategies import signals, sound

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
    wanted = (np.maximum(logs, logs.max() - 8.0).T + 4.0) / 4.0
    ours = log_mel(samples)
    assert ours.dtype == np.float32
    assert ours.shape == powers.T.shape == ((num_samples - 400) // 160 + 1, NUM_BANDS)
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
    encoder = EncoderFrames("of a test", (), 0, frame_length=hop + 2 * first, frame_hop=hop, kept_width=0)
    count = encoder.num_frames(len(samples))
    audible = audible_frames(samples, encoder)
    frames = samples[first : first + count * hop].reshape(count, hop)
    powers = np.mean(np.square(frames, dtype=np.float64), axis=1)
    assert audible.shape == powers.shape
    assert audible.any()
    assert (powers[audible] >= 0.999e-3 * powers.max()).all()
    assert (powers[~audible] <= 1.001e-3 * powers.max()).all()


@given(signals(min_samples=6000, max_samples=9000), st.integers(0, 3000))
def test_frames_may_begin_inside_the_window(samples: Samples, first: int) -> None:
    window = level_window(samples, first)
    ours = audible_frames(window.sound, TURN_ENCODER, first)
    np.testing.assert_array_equal(ours, audible_frames(window.sound[first:], TURN_ENCODER))
    assert len(window.audible) == RECOGNISER.num_frames(len(samples) - first)


ENCODERS = (RECOGNISER, TURN_ENCODER)
GRIDS = (
    WindowGrid(8000, 2000, 16_000),
    WindowGrid(5000, 1700, 16_000),
    WindowGrid(4000, 4000, 16_000),
    WindowGrid(4000, 3000, 16_000),
    WindowGrid(1600, 100, 16_000),
)


class Heard:
    """What a window encoder gives for the windows asked for."""

    def __init__(self, grid: WindowGrid, samples: Samples, asked: Sequence[bool]) -> None:
        self.windows: list[list[tuple[Frames, Frames]]] = []
        self.num_encoded: list[int] = []
        """Chunks encoded for each window."""
        self._num_summed = 0
        encoder = WindowEncoder(grid, self._keep)
        for end in range(grid.first_piece, len(samples) + 1, grid.step):
            encoder.push(samples[max(0, end - grid.step) : end])
            window = (end - grid.win) // grid.step
            if 0 <= window < len(asked) and asked[window]:
                self._num_summed = 0
                self.windows.append(encoder.window())
                self.num_encoded.append(self._num_summed // len(ENCODERS))

    def _keep(self, frames: Frames) -> Frames:
        self._num_summed += 1
        return frames


def num_chunks(grid: WindowGrid) -> int:
    return math.ceil(grid.win / grid.step)


def sound_of(grid: WindowGrid, num_windows: int, seed: int = 1) -> Samples:
    return sound("noise", grid.win + (num_windows - 1) * grid.step, 0.2, seed)


def values_of(window: list[tuple[Frames, Frames]]) -> list[FloatArray]:
    return [np.concatenate([chunk[place].values for chunk in window]) for place in range(2)]


@pytest.mark.parametrize("grid", GRIDS)
def test_two_chunks_are_encoded_and_more_after_windows_that_were_not_asked_for(grid: WindowGrid) -> None:
    asked = [True, True, True, False, True, True, False, False, True] + [False] * 20 + [True]
    heard = Heard(grid, sound_of(grid, len(asked)), asked)
    most = num_chunks(grid)
    wanted = [most, 2, 2, 3, 2, 4, most if most <= 21 else 22]
    assert heard.num_encoded == [min(each, most) for each in wanted]
    assert all(len(window) == most for window in heard.windows)


@pytest.mark.parametrize("grid", GRIDS)
def test_the_second_time_is_final(grid: WindowGrid) -> None:
    for before, after in pairwise(Heard(grid, sound_of(grid, 4), [True] * 4).windows):
        for ours, theirs in zip(before[1:-1], after[:-2], strict=True):
            assert ours is theirs


def test_the_newest_chunk_is_encoded_once_more() -> None:
    first, second = Heard(GRIDS[0], sound_of(GRIDS[0], 2), [True] * 2).windows
    for once, twice in zip(first[-1], second[-2], strict=True):
        assert once.values.shape == twice.values.shape
        assert np.abs(once.values - twice.values).max() > 1e-2


@pytest.mark.parametrize("grid", GRIDS)
def test_a_frame_belongs_to_the_chunk_of_its_last_sample(grid: WindowGrid) -> None:
    num_windows = num_chunks(grid) + 3
    window = Heard(grid, sound_of(grid, num_windows), [True] * num_windows).windows[-1]
    end = grid.win + (num_windows - 1) * grid.step
    start = end - grid.win
    for place, encoder in enumerate(ENCODERS):
        lasts = np.arange(0, end, encoder.frame_hop) + encoder.frame_length - 1
        for number, chunk in enumerate(window):
            chunk_end = end - (len(window) - 1 - number) * grid.step
            inside = lasts[(lasts >= chunk_end - grid.step) & (lasts < chunk_end)]
            if num_chunks(grid) <= 2:
                # Nothing is kept then, and only what lies inside the window is heard.
                inside = inside[inside >= start + encoder.frame_length - 1]
            if grid.step >= encoder.frame_length:
                assert chunk[place].values.shape == (len(inside), encoder.num_values)
                assert chunk[place].audible.shape == (len(inside),)


@pytest.mark.parametrize("grid", [WindowGrid(7680, 1920, 16_000), WindowGrid(5000, 1920, 16_000)])
def test_a_window_asked_for_after_others_were_not_is_a_clip_by_itself(grid: WindowGrid) -> None:
    """Where it begins on the grids of frames; of what was heard before nothing is left."""
    before, samples = sound_of(grid, 3, seed=2), sound_of(grid, 12)
    samples[: len(before)] = before
    last = Heard(grid, samples, [True] * 3 + [False] * 8 + [True]).windows[-1]
    start, end = grid.span(11)
    (alone,) = Heard(WindowGrid(grid.win, grid.win, 16_000), samples[start:end], [True]).windows
    for ours, theirs in zip(values_of(last), values_of(alone), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)
    others = Heard(
        grid, np.concatenate([sound_of(grid, 3, seed=5), samples[len(before) :]]), [False] * 11 + [True]
    )
    for ours, theirs in zip(values_of(last), values_of(others.windows[0]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_kept_is_heard() -> None:
    """Frames attend to kept ones: with another past they have other values."""
    grid = GRIDS[0]
    samples = sound_of(grid, 2)
    kept = Heard(grid, samples, [True, True]).windows[-1]
    anew = Heard(grid, samples, [False, True]).windows[-1]
    for ours, theirs in zip(kept[-1], anew[-1], strict=True):
        assert np.abs(ours.values - theirs.values).max() > 1e-2


def test_the_second_window_is_that_of_both_networks_beside_what_the_first_has_left() -> None:
    """By hand: chunks 0 to 3, then 1 to 4, of which 1 and 2 are kept."""
    grid = WindowGrid(7680, 1920, 16_000)
    samples = sound_of(grid, 2)
    samples[3840:5760] *= np.float32(0.1)
    second = Heard(grid, samples, [True, True]).windows[1]
    recogniser, turn_encoder = (shared_encoder(encoder.folder) for encoder in ENCODERS)
    before, now = level_window(samples[:7680]).sound, level_window(samples[1920:]).sound

    _, kept, sums, squares = recogniser.run(recogniser_inputs(before, 0))
    first, last = (RECOGNISER.num_frames(end) for end in (1920, 5760))
    places = slice(num_places(1920), num_places(5760))
    norm = NormSums(places.stop - places.start, float(sums[places].sum()), float(squares[places].sum()))
    begin = last * RECOGNISER.frame_hop - 1920
    past = [np.asarray(kept[first:last], np.float16)]
    frames = recogniser.run(recogniser_inputs(now[begin:], 3840 - begin, [norm], past))[0]
    np.testing.assert_allclose(
        np.concatenate([chunk[0].values for chunk in second[2:]]),
        np.asarray(frames, np.float32),
        rtol=1e-4,
        atol=1e-3,
    )

    _, kept = turn_encoder.run(turn_encoder_inputs(log_mel(before * np.float32(20)), np.arange(377, 400), 0))
    first, last = (TURN_ENCODER.num_frames(end) for end in (1920, 5760))
    assert (first, last, TURN_ENCODER.num_frames(9600)) == (5, 17, 29)
    # Behind the last place, 24 frames before it.
    of_new = np.array([394, 395, 396, 397, 398, 399, 376, 377, 378, 379, 380, 381])
    columns = log_mel(now[(2 * last - 2) * COLUMN_HOP - 1920 :] * np.float32(20))
    past = [np.asarray(kept[first:last], np.float16)]
    frames = turn_encoder.run(turn_encoder_inputs(columns, of_new, 2, past))[0]
    np.testing.assert_allclose(
        np.concatenate([chunk[1].values for chunk in second[2:]]),
        np.asarray(frames, np.float32),
        rtol=1e-4,
        atol=1e-3,
    )


def test_nothing_is_encoded_in_silence_and_what_is_kept_stays() -> None:
    grid = GRIDS[0]
    samples = np.zeros(grid.win + 6 * grid.step, dtype=np.float32)
    samples[-2 * grid.step :] = sound_of(grid, 1)[: 2 * grid.step]
    heard = Heard(grid, samples, [True] * 7)
    assert heard.windows[:5] == [[]] * 5
    assert heard.num_encoded == [0] * 5 + [4, 2]


@settings(max_examples=15)
@given(
    signals(min_samples=2500, max_samples=9000, kinds=("noise", "pauses", "clicks", "constant")),
    st.integers(1278, 2500),
    st.integers(50, 2500),
    st.lists(st.booleans(), min_size=1, max_size=12),
)
def test_any_grid_and_any_windows_give_finite_frames(
    samples: Samples, win: int, step: int, asked: list[bool]
) -> None:
    grid = WindowGrid(win, min(step, win), 16_000)
    for window in Heard(grid, samples, asked).windows:
        assert len(window) in {0, num_chunks(grid)}
        for values in values_of(window) if window else ():
            assert len(values)
            assert np.isfinite(values).all()


def test_asking_twice_gives_the_same() -> None:
    encoder = WindowEncoder(GRIDS[0], lambda frames: frames)
    for piece in np.split(sound_of(GRIDS[0], 1), 4):
        encoder.push(piece)
    assert encoder.window() is encoder.window()
