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
    mean_square: FloatArray = np.vecdot(frames, frames)
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
    crosses = np.zeros(frames.shape, dtype=np.bool_)
    np.not_equal(negative[:, 1:], negative[:, :-1], out=crosses[:, 1:])
    # Eight booleans at a time: numpy's own count along an axis goes one by one.
    counts = np.bitwise_count(crosses.view(np.uint64)).sum(axis=1, dtype=np.uint32)
    rate: FloatArray = (counts / frames.shape[1]).astype(np.float32)
    return rate
