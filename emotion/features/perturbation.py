"""Unsteadiness of the voice: how pitch and level differ between neighbouring voiced frames."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor

WIDEST_STEP_SEMITONES: Final = 4.0
"""Pitches further apart are not one voice moving but an error of an octave, or another voice."""

PERTURBATION: Final = (
    Descriptor("jitter.local.mean", "%"),
    Descriptor("jitter.local.p50", "%"),
    Descriptor("jitter.second.mean", "%"),
    Descriptor("pitch_change.fall.mean", "semitone/s"),
    Descriptor("pitch_change.rise.mean", "semitone/s"),
    Descriptor("shimmer.local.mean", "dB"),
    Descriptor("shimmer.local.p50", "dB"),
    Descriptor("shimmer.second.mean", "dB"),
)


def describe_perturbation(
    semitones: FloatArray, level_db: FloatArray, voiced: NDArray[np.bool_], frame_rate: float
) -> FloatArray:
    """Measure jitter-like and shimmer-like quantities over consecutive voiced frames.

    True jitter and shimmer compare single periods (H. Titze and I. Liang, "Comparison of Fo extraction
    methods for high-precision voice perturbation measurements", JSHR 36, 1993); these compare frames 10 ms
    apart, each the mean of a few periods. ``local`` is the difference of neighbours, ``second`` of a frame
    from the mean of both its neighbours, which a steady glide does not move.

    Parameters
    ----------
    semitones, level_db : ndarray, shape (num_frames,), float32
        Pitch and level of each frame.
    voiced : ndarray, shape (num_frames,), bool
        Frames to look at.
    frame_rate : float
        Frames a second.

    Returns
    -------
    ndarray, shape (len(PERTURBATION),), float32
        In the order of `PERTURBATION`, jitter in % of the period. Zeros where no two voiced frames meet.
    """
    values = np.zeros(len(PERTURBATION), dtype=np.float32)
    change = np.diff(semitones)
    joined = voiced[1:] & voiced[:-1] & (np.abs(change) < WIDEST_STEP_SEMITONES)
    if not joined.any():
        return values
    percent = np.float32(100 * np.log(2) / 12)
    steps, level_steps = change[joined], np.diff(level_db)[joined]
    jitter, shimmer = percent * np.abs(steps), np.abs(level_steps)
    values[0], values[1] = jitter.mean(), np.median(jitter)
    values[5], values[6] = shimmer.mean(), np.median(shimmer)
    rises = np.maximum(steps, 0).mean()
    values[3], values[4] = (rises - steps.mean()) * frame_rate, rises * frame_rate
    threes = joined[1:] & joined[:-1]
    if threes.any():
        values[2] = percent * np.abs(np.diff(change)[threes]).mean() / 2
        values[7] = np.abs(np.diff(np.diff(level_db))[threes]).mean() / 2
    return values
