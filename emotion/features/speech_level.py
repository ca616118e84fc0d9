"""A window of speech at the level at which the encoders hear, and which of their frames are sound at all."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples
from emotion.encoder.recogniser import FRAME_HOP, FRAME_MIDDLE, num_frames

LEVEL_RMS: Final = 0.05
"""RMS of the window's active frames, full scale 1 (-26 dBFS): the level at which the encoder was tried."""
ACTIVE_POWER: Final = 10.0**-3.0
"""A frame is active from 30 dB under the loudest of its window."""
HEARD_POWER: Final = 10.0**-7.5
"""Nothing that stays below -75 dBFS at the new level is heard."""
MAX_GAIN: Final = LEVEL_RMS * 10.0 ** (140.0 / 20.0)
"""114 dB: a window under -140 dBFS stays quieter than the rest, so that digital silence stays silence."""


class LevelledWindow(NamedTuple):
    """What the recogniser's encoder is given, and where to listen.

    Attributes
    ----------
    sound : ndarray, shape (n,), float32
        Without DC; RMS of the active frames 0.05.
    heard : ndarray, shape (num_frames(n),), bool
        Frames to be summed up; none in silence.
    """

    sound: Samples
    heard: NDArray[np.bool_]


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
    powers = _frame_powers(sound, FRAME_MIDDLE, FRAME_HOP, num_frames(len(samples)))
    active = _active(powers)
    rms = math.sqrt(powers[active].mean())
    gain = LEVEL_RMS / rms if rms * MAX_GAIN > LEVEL_RMS else MAX_GAIN
    sound *= gain
    return LevelledWindow(sound.astype(np.float32), active & (powers * (gain * gain) > HEARD_POWER))


def heard_frames(sound: Samples, first: int, hop: int, count: int) -> NDArray[np.bool_]:
    """Say which frames of a levelled window are sound, for frames of another length.

    Parameters
    ----------
    sound : ndarray, shape (n,), float32
        As `level_window` gives it.
    first, hop, count : int
        Where the first frame begins, how many samples each has, and how many there are;
        ``first + hop * count <= n``.

    Returns
    -------
    ndarray, shape (count,), bool
        True from 30 dB under the loudest frame on; at least one is.
    """
    return _active(_frame_powers(sound, first, hop, count))


def _frame_powers(sound: NDArray[np.floating], first: int, hop: int, count: int) -> NDArray[np.floating]:
    frames = sound[first : first + hop * count].reshape(count, hop)
    powers: NDArray[np.floating] = np.einsum("fs,fs->f", frames, frames) / hop
    return powers


def _active(powers: NDArray[np.floating]) -> NDArray[np.bool_]:
    active: NDArray[np.bool_] = powers >= ACTIVE_POWER * powers.max()
    return active
