"""How descriptors move from frame to frame."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray

REACH: Final = 2
"""Frames to either side."""


def deltas(tracks: FloatArray) -> FloatArray:
    """Give the slope of the line through five frames, by least squares.

    S. Furui, "Speaker-independent isolated word recognition using dynamic features of speech spectrum", IEEE
    Trans. ASSP 34(1), 1986. At its ends a track is continued with its first and last value.

    Parameters
    ----------
    tracks : ndarray, shape (num_descriptors, num_frames), float32
        num_frames >= 1.

    Returns
    -------
    ndarray, shape (num_descriptors, num_frames), float32
        Change per frame.
    """
    num_descriptors, num_frames = tracks.shape
    padded = np.empty((num_descriptors, num_frames + 2 * REACH), dtype=np.float32)
    padded[:, :REACH] = tracks[:, :1]
    padded[:, REACH:-REACH] = tracks
    padded[:, -REACH:] = tracks[:, -1:]
    slopes = padded[:, 2 * REACH :] - padded[:, : -2 * REACH]
    slopes *= np.float32(2)
    slopes += padded[:, 3:-1]
    slopes -= padded[:, 1:-3]
    slopes *= np.float32(0.1)
    return slopes


def flux(bands: FloatArray) -> FloatArray:
    """Give how much louder a frame's bands are than those of the frame before.

    S. Boeck and G. Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013, without the
    filter: mean over bands of the rise in level, falls counted as none.

    Parameters
    ----------
    bands : ndarray, shape (num_frames, num_bands), float32
        dB; num_frames >= 1.

    Returns
    -------
    ndarray, shape (num_frames,), float32
        dB, >= 0; 0 for the first frame.
    """
    num_frames, num_bands = bands.shape
    rises = bands[1:] - bands[:-1]
    np.maximum(rises, 0, out=rises)
    risen = np.zeros(num_frames, dtype=np.float32)
    np.matmul(rises, np.full(num_bands, 1 / num_bands, dtype=np.float32), out=risen[1:])
    return risen
