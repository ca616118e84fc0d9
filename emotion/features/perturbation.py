"""Unsteadiness of the voice: how pitch and level differ between neighbouring voiced frames."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor

WIDEST_STEP_SEMITONES: Final = 4.0
"""Pitches further apart are not one voice moving but an error of an octave, or another voice."""

PERCENT_PER_SEMITONE: Final = 100 * float(np.log(2)) / 12

PERTURBATION: Final = (
    Descriptor("jitter.local.mean", "%"),
    Descriptor("jitter.second.mean", "%"),
    Descriptor("pitch_change.fall.mean", "semitone/s"),
    Descriptor("pitch_change.rise.mean", "semitone/s"),
    Descriptor("shimmer.local.mean", "dB"),
    Descriptor("shimmer.second.mean", "dB"),
)


def describe_perturbation(
    semitones: FloatArray, level_db: FloatArray, voiced: NDArray[np.bool_], frame_rate: float
) -> list[float]:
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
    list of len(PERTURBATION) floats
        In the order of `PERTURBATION`, jitter in % of the period. Zeros where no two voiced frames meet.
    """
    tracks = np.empty((2, len(voiced)), dtype=np.float32)
    tracks[0], tracks[1] = semitones, level_db
    steps = tracks[:, 1:] - tracks[:, :-1]
    sizes = np.abs(steps)
    joined = voiced[1:] & voiced[:-1]
    joined &= sizes[0] < WIDEST_STEP_SEMITONES
    weights = joined.astype(np.float32)
    num_joined = np.count_nonzero(joined)
    if not num_joined:
        return [0.0] * len(PERTURBATION)
    jitter, shimmer = ((sizes @ weights) / num_joined).tolist()
    drift = float(steps[0] @ weights) / num_joined
    fall, rise = (jitter - drift) / 2 * frame_rate, (jitter + drift) / 2 * frame_rate
    threes = joined[1:] & joined[:-1]
    bends = steps[:, 1:] - steps[:, :-1]
    np.abs(bends, out=bends)
    pitch_bend, level_bend = (bends @ threes.astype(np.float32)).tolist()
    percent, halved = PERCENT_PER_SEMITONE, 1 / max(1, 2 * int(np.count_nonzero(threes)))
    return [jitter * percent, pitch_bend * percent * halved, fall, rise, shimmer, level_bend * halved]
