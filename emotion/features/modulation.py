"""The modulation spectrum: how fast an envelope swings, 1 to 20 times a second."""

from functools import lru_cache
from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor
from emotion.features.mel import decibels

CENTRES_HZ: Final = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 20.0)
EDGES_HZ: Final = (0.5, *CENTRES_HZ, 24.0)
SHORTEST_TRANSFORM: Final = 512
"""Frames of 10 ms; a quarter of a hertz between bins, so that each band has some."""
LEAST: Final = 1e-6
"""A mean square that counts as none: a swing of 0.14 %."""


def modulation_features(group: str) -> tuple[Descriptor, ...]:
    """Name what `modulation_levels` gives of one envelope.

    Parameters
    ----------
    group : str
        First part of the names.

    Returns
    -------
    tuple of Descriptor
        In its order.
    """
    return tuple(Descriptor(f"{group}.hz_{round(centre):02d}.level", "dB") for centre in CENTRES_HZ)


def modulation_levels(envelopes: FloatArray, frame_rate: float) -> FloatArray:
    """Measure the swing of envelopes around their means, in bands.

    The spectrum of the envelope of speech is due to T. Houtgast and H. Steeneken, "A review of the MTF
    concept in room acoustics and its use for estimating speech intelligibility in auditoria", JASA 77, 1985,
    who also divide by the mean. Here: the envelope over its mean, less 1, under a Hann curve as long as the
    window; its power gathered in triangles between neighbouring centres.

    Parameters
    ----------
    envelopes : ndarray, shape (num_envelopes, num_frames), float32
        Not negative; num_frames >= 1.
    frame_rate : float
        Frames a second.

    Returns
    -------
    ndarray, shape (num_envelopes, 9), float32
        Level of the mean square in each band around `CENTRES_HZ`, dB, where a swing of ±100 % is -3 dB; at
        least -60 dB.
    """
    num_frames = envelopes.shape[1]
    taper, averaging, bands, length = _analysis(num_frames, frame_rate)
    mean = envelopes @ averaging
    swing: FloatArray = envelopes / np.maximum(mean, np.float32(1e-30))[:, np.newaxis]
    swing -= np.float32(1)
    swing *= taper
    # numpy's types promise no float32 here; numpy 2 gives it.
    parts: FloatArray = np.fft.rfft(swing, length).view(np.float32)[:, : len(bands)]
    return decibels(np.square(parts) @ bands, LEAST)


@lru_cache(maxsize=8)
def _analysis(num_frames: int, frame_rate: float) -> tuple[FloatArray, FloatArray, FloatArray, int]:
    """Give the taper, the weights of a mean, those of each part of a bin in each band, and the length of the
    transform.
    """
    length = max(SHORTEST_TRANSFORM, 1 << (num_frames - 1).bit_length())
    # Never zero at a frame, so that a window of one or two still has weight.
    taper = np.sin(np.pi * (np.arange(num_frames) + 0.5) / num_frames) ** 2
    last = int(np.ceil(EDGES_HZ[-1] * length / frame_rate))
    bins_hz = np.arange(last + 1)[:, np.newaxis] * frame_rate / length
    low, centre, high = (np.array(EDGES_HZ[start : start + len(CENTRES_HZ)]) for start in range(3))
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    # Parseval: twice for the negative frequencies.
    triangles *= 2 / (length * np.sum(taper**2))
    averaging = np.full(num_frames, 1 / num_frames, dtype=np.float32)
    return taper.astype(np.float32), averaging, triangles.repeat(2, axis=0).astype(np.float32), length
