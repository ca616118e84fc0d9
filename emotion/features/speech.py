"""`speech`: what the early layers of two encoders of speech make of a window.

The window is brought to the level at which the encoders were fitted, both encode it, and mean and deviation
of each of their values over the frames that hold sound are the vector.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.encoders import (
    COLUMN_HOP,
    MAX_FRAMES,
    RECOGNISER,
    SAMPLE_RATE,
    TURN_ENCODER,
    EncoderFrames,
    shared_encoder,
)
from emotion.errors import UsageError
from emotion.features.base import check_grid, window_vectors
from emotion.features.spectrum import hann_taper, mel_filterbank, power_of_frames
from emotion.window_grid import WindowGrid

NUM_BANDS: Final = 80

_FLOOR: Final = 1e-10
_RANGE: Final = 8.0


def log_mel(sound: Samples) -> FloatArray:
    """Compute the log mel spectrogram of a sound.

    Parameters
    ----------
    sound : ndarray, shape (n,), float32
        Mono at 16 kHz, finite, of an RMS of about 1; n >= 400.

    Returns
    -------
    ndarray, shape (80, (n - 400) // 160 + 1), float32
        About -1 to 2; its whole range is 2.
    """
    taper, bands = _taper_and_bands()
    powers = bands @ power_of_frames(sound, taper, COLUMN_HOP).T
    logs = np.log10(np.maximum(powers, np.float32(_FLOOR)))
    np.maximum(logs, logs.max() - np.float32(_RANGE), out=logs)
    shifted: FloatArray = (logs + np.float32(4.0)) * np.float32(0.25)
    return shifted


@cache
def _taper_and_bands() -> tuple[FloatArray, FloatArray]:
    """Give the curve, and the weights of the bins in each band, shape (80, 201)."""
    length = TURN_ENCODER.frame_length
    return hann_taper(length), mel_filterbank(SAMPLE_RATE, length, NUM_BANDS).T.copy()


LEVEL_RMS: Final = 0.05
"""RMS of the window's active frames, full scale 1 (-26 dBFS): the level at which the encoder was tried."""
ACTIVE_POWER: Final = 10.0**-3.0
"""A frame is active from 30 dB under the loudest of its window."""
HEARD_POWER: Final = 10.0**-7.5
"""Nothing that stays below -75 dBFS at the new level is audible."""
MAX_GAIN: Final = LEVEL_RMS * 10.0 ** (140.0 / 20.0)
"""114 dB: a window under -140 dBFS stays quieter than the rest, so that digital silence stays silence."""


class LevelledWindow(NamedTuple):
    """What the recogniser's encoder is given, and where to listen.

    Attributes
    ----------
    sound : ndarray, shape (n,), float32
        Without DC; RMS of the active frames 0.05.
    audible : ndarray, shape (RECOGNISER.num_frames(n),), bool
        Frames to be summed up; none in silence.
    """

    sound: Samples
    audible: NDArray[np.bool_]


def level_window(samples: Samples) -> LevelledWindow:
    """Take DC and level out of a window.

    A frame's level is the RMS of its middle 384 samples (24 ms), which follow those of the frame before.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono at 16 kHz, finite; n >= 895.

    Returns
    -------
    LevelledWindow
        The same for any gain, but for the rounding of the samples, while the RMS of the active frames is
        over -140 dBFS.
    """
    sound = samples.astype(np.float64)
    sound -= sound.mean()
    powers = _frame_powers(sound, RECOGNISER)
    active = _active(powers)
    rms = math.sqrt(powers[active].mean())
    gain = LEVEL_RMS / rms if rms * MAX_GAIN > LEVEL_RMS else MAX_GAIN
    sound *= gain
    return LevelledWindow(sound.astype(np.float32), active & (powers * (gain * gain) > HEARD_POWER))


def audible_frames(sound: Samples, encoder: EncoderFrames) -> NDArray[np.bool_]:
    """Say which frames of a levelled window are sound.

    Parameters
    ----------
    sound : ndarray, shape (n,), float32
        As `level_window` gives it.
    encoder : EncoderFrames
        The frames; at least one fits in n samples.

    Returns
    -------
    ndarray, shape (encoder.num_frames(n),), bool
        True from 30 dB under the loudest frame on; at least one is.
    """
    return _active(_frame_powers(sound, encoder))


def _frame_powers(sound: NDArray[np.floating], encoder: EncoderFrames) -> NDArray[np.floating]:
    first, hop, count = encoder.frame_middle, encoder.frame_hop, encoder.num_frames(len(sound))
    frames = sound[first : first + hop * count].reshape(count, hop)
    powers: NDArray[np.floating] = np.einsum("fs,fs->f", frames, frames) / hop
    return powers


def _active(powers: NDArray[np.floating]) -> NDArray[np.bool_]:
    active: NDArray[np.bool_] = powers >= ACTIVE_POWER * powers.max()
    return active


FEATURE_NAMES: Final = tuple(
    f"{tap}.{value:03d}.{functional}"
    for encoder in (RECOGNISER, TURN_ENCODER)
    for tap in encoder.tap_names
    for functional in ("mean", "std")
    for value in range(encoder.tap_width)
)
"""Tap by tap, those of the recogniser first: all its means, then all its deviations."""


def pool(taps: Sequence[FloatArray], audible: NDArray[np.bool_]) -> FloatArray:
    """Summarise the audible frames.

    Parameters
    ----------
    taps : sequence of ndarray, each of shape (frames, width), float32
        Of one encoder, in the order of its ``tap_names``.
    audible : ndarray, shape (frames,), bool
        At least one is true.

    Returns
    -------
    ndarray, shape (num_taps * 2 * width,), float32
        In the order of `FEATURE_NAMES`.
    """
    parts = []
    for tap in taps:
        frames = tap[audible]
        mean = frames.mean(axis=0)
        frames -= mean
        np.multiply(frames, frames, out=frames)
        parts += [mean, np.sqrt(frames.mean(axis=0))]
    return np.concatenate(parts)


def window_vector(samples: Samples) -> FloatArray:
    """Give the feature vector of one window.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono at 16 kHz, finite; 895 samples to 8 s.

    Returns
    -------
    ndarray, shape (len(FEATURE_NAMES),), float32
        All 0 where nothing is audible.

    Raises
    ------
    ModelError
        If the file of an encoder is missing or changed.
    MissingExtraError
        If onnxruntime is not installed.
    """
    window = level_window(samples)
    if not window.audible.any():
        return np.zeros(len(FEATURE_NAMES), dtype=np.float32)
    recognised = shared_encoder(RECOGNISER.folder).encode(window.sound)
    # The spectrogram is one of sound with an RMS of 1.
    turns = shared_encoder(TURN_ENCODER.folder).encode(log_mel(window.sound * np.float32(1.0 / LEVEL_RMS)))
    of_turns = pool(turns, audible_frames(window.sound, TURN_ENCODER))
    return np.concatenate([pool(recognised, window.audible), of_turns])


class SpeechStream:
    """The memory of one leg.

    Parameters
    ----------
    grid : WindowGrid
        At 16 kHz.
    """

    def __init__(self, grid: WindowGrid) -> None:
        self._grid = grid
        self._last = np.zeros(grid.win, dtype=np.float32)
        self._num_pushed = 0

    def push(self, piece: Samples) -> None:
        """Take the next piece; nothing is encoded before a vector is asked for.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,)
            Mono float32 at 16 kHz.

        Raises
        ------
        ValueError
            If the piece has another length.
        """
        due = self._grid.step if self._num_pushed else self._grid.first_piece
        if len(piece) != due:
            raise ValueError(f"a piece of {len(piece)} samples where one of {due} was due")
        self._num_pushed += due
        self._last[:-due] = self._last[due:]
        self._last[-due:] = piece

    def vector(self) -> FloatArray:
        """Give the feature vector of the last win samples pushed.

        Returns
        -------
        ndarray, shape (num_features,), float32
            Of the window alone, encoded as a whole.

        Raises
        ------
        ValueError
            If less than win was pushed.
        """
        missing = self._grid.win - self._num_pushed
        if missing > 0:
            raise ValueError(f"the first window lacks {missing} samples")
        return window_vector(self._last)


CLIP_WIN_SECONDS = 2.0
CLIP_STEP_SECONDS = 0.5


class SpeechSet:
    """Mean and deviation, over the frames that are sound, of some taps of two encoders.

    Every window is encoded by itself, as a whole, its level taken out before: frames lie on the window's own
    grid, and a vector depends on nothing outside (docs/decisions/0015-encoder.md and
    docs/decisions/0021-two-encoders.md). Nothing is loaded before a stream is opened or a clip described.
    Frame length and hop are the recogniser's.
    """

    name = "speech"
    version = 2
    sample_rate = SAMPLE_RATE
    frame_length = RECOGNISER.frame_length
    frame_hop = RECOGNISER.frame_hop
    feature_names = FEATURE_NAMES
    feature_units = ("1",) * len(FEATURE_NAMES)
    offline_only = False

    def open(self, grid: WindowGrid) -> SpeechStream:
        """Start a stream with no memory.

        Parameters
        ----------
        grid : WindowGrid
            At 16 kHz.

        Returns
        -------
        SpeechStream
            Holds win of samples.

        Raises
        ------
        UsageError
            If the grid is at another rate, or win shorter than a frame or longer than 8 s.
        ModelError
            If the file of an encoder is missing or changed.
        MissingExtraError
            If onnxruntime is not installed.
        """
        check_grid(self, grid, self.frame_length)
        if grid.win > MAX_FRAMES * TURN_ENCODER.frame_hop:
            raise UsageError(
                f"win is {grid.win / self.sample_rate:.4g} s, and {self.name} hears at most 8 s as a whole: "
                "give a shorter win"
            )
        # What is missing is missed now, not in the middle of a call.
        for encoder in (RECOGNISER, TURN_ENCODER):
            shared_encoder(encoder.folder)
        return SpeechStream(grid)

    def clip_vector(self, samples: Samples) -> FloatArray:
        """Give one vector for a clip of any length.

        Parameters
        ----------
        samples : ndarray, shape (n,), n >= 1
            Mono float32 at 16 kHz. A clip shorter than one frame is continued with zeros.

        Returns
        -------
        ndarray, shape (num_features,), float32
            Mean of the vectors of its windows of 2 s, every 0.5 s, that hold anything audible; a clip shorter
            than that is one window. All 0 where nothing is audible.
        """
        grid = WindowGrid.from_seconds(CLIP_WIN_SECONDS, CLIP_STEP_SECONDS, self.sample_rate)
        if len(samples) < grid.win:
            missing = max(0, self.frame_length - len(samples))
            return window_vector(np.pad(samples, (0, missing)))
        vectors = window_vectors(self, grid, samples)
        # An active frame has values: the encoder's means are never all 0.
        audible: FloatArray = vectors[vectors.any(axis=1)]
        mean: FloatArray = np.mean(audible if len(audible) else vectors, axis=0)
        return mean
