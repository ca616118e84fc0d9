"""Descriptors of the samples themselves: energy and zero crossings."""

import numpy as np

from emotion.arrays import FloatArray


def frame_rms(frames: FloatArray) -> FloatArray:
    """Give the root of the mean square of each frame, DC included.

    Parameters
    ----------
    frames : ndarray, shape (num_frames, frame_length), float32
        Sound, not tapered.

    Returns
    -------
    ndarray, shape (num_frames,), float32
        Full scale is 1.
    """
    mean_square: FloatArray = np.einsum("fn,fn->f", frames, frames)
    mean_square /= np.float32(frames.shape[1])
    return np.sqrt(mean_square)


def zero_crossing_rate(frames: FloatArray, threshold: float) -> FloatArray:
    """Give the share of samples whose sign differs from that of the sample before them in the frame.

    Parameters
    ----------
    frames : ndarray, shape (num_frames, frame_length), float32
        Sound.
    threshold : float
        Samples no further from zero than this count as zero, and zero counts as positive.

    Returns
    -------
    ndarray, shape (num_frames,), float32
        Crossings per sample, in 0..1; the first sample of a frame crosses nothing.
    """
    negative = frames < -np.float32(threshold)
    crossings = np.count_nonzero(negative[:, 1:] != negative[:, :-1], axis=1)
    rate: FloatArray = (crossings / frames.shape[1]).astype(np.float32)
    return rate
