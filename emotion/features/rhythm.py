"""Stretches of frames: voiced ones and pauses, how many, how long."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor

SWELL: Final = 0.1
"""How far over its mean a track must rise to swell, and under it to have ended, as a share of the mean."""

STRETCH_VALUES: Final = ("longest", "mean", "std")


def stretch_features(group: str) -> tuple[Descriptor, ...]:
    """Name what `describe_stretches` gives.

    Parameters
    ----------
    group : str
        First part of the names.

    Returns
    -------
    tuple of Descriptor
        In its order.
    """
    return (
        *(Descriptor(f"{group}.length.{value}", "s") for value in STRETCH_VALUES),
        Descriptor(f"{group}.stretches.rate", "1/s"),
        Descriptor(f"{group}.time.share", "1"),
    )


def describe_stretches(inside: NDArray[np.bool_], frame_rate: float, shortest: int) -> list[float]:
    """Describe the runs of frames that are in a state.

    The counts and lengths are those of F. Eyben et al., "The Geneva minimalistic acoustic parameter set
    (GeMAPS)", IEEE Trans. Affective Computing 7, 2016, for voiced and unvoiced regions.

    Parameters
    ----------
    inside : ndarray, shape (num_frames,), bool
        Whether each frame is in the state; num_frames >= 1.
    frame_rate : float
        Frames a second.
    shortest : int
        Runs of fewer frames do not count.

    Returns
    -------
    list of 5 floats
        Longest, mean and standard deviation of their lengths, s; runs a second; their share of all frames.
        Zeros where there is none.
    """
    # A window has a handful of runs: plain numbers are quicker here than arrays.
    seconds = [length / frame_rate for length in run_lengths(inside) if length >= shortest]
    if not seconds:
        return [0.0] * (len(STRETCH_VALUES) + 2)
    window_seconds = len(inside) / frame_rate
    mean = sum(seconds) / len(seconds)
    variance = sum((length - mean) ** 2 for length in seconds) / len(seconds)
    rate, share = len(seconds) / window_seconds, sum(seconds) / window_seconds
    return [max(seconds), mean, math.sqrt(variance), rate, share]


def run_lengths(inside: NDArray[np.bool_]) -> list[int]:
    """Give the lengths of runs of true values.

    Parameters
    ----------
    inside : ndarray, shape (n,), bool
        Any.

    Returns
    -------
    list of int
        In order.
    """
    # Truth is a byte of one: splitting text is many times quicker than looking for edges with arrays.
    return [len(run) for run in inside.tobytes().split(b"\0") if run]


def peak_rate(track: FloatArray, frame_rate: float) -> float:
    """Count the swells of a track: on loudness, about the syllables.

    A swell rises from `SWELL` under the mean to as much over it: the loudness peaks of GeMAPS (see
    `describe_stretches`), with the two thresholds of O. Schmitt, "A thermionic trigger", J. Scientific
    Instruments 15, 1938, so that the ripples of a steady tone, which rounding makes and moves, are none.

    Parameters
    ----------
    track : ndarray, shape (num_frames,), float32
        Smooth; num_frames >= 1.
    frame_rate : float
        Frames a second.

    Returns
    -------
    float
        Swells a second; one that the track begins with does not count.
    """
    mean = track.sum() / np.float32(len(track))
    above, below = track > mean * np.float32(1 + SWELL), track < mean * np.float32(1 - SWELL)
    outside = above[above | below]
    if not len(outside):
        return 0.0
    rises = np.count_nonzero(outside[1:] & ~outside[:-1])
    return float(rises) * frame_rate / len(track)
