"""Statistics over frames that an outlier hardly moves."""

from typing import Final

import numpy as np

from emotion.arrays import FloatArray
from emotion.features.descriptors import Descriptor

SHARES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
ROBUST_FUNCTIONALS: Final[tuple[str, ...]] = ("mean", "std", "p10", "p50", "p90", "iqr")
"""Their order in a feature vector."""


def with_robust_functionals(descriptors: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
    """Name the features that `summarise_robustly` makes.

    Parameters
    ----------
    descriptors : tuple of Descriptor
        In the order of the rows.

    Returns
    -------
    tuple of Descriptor
        ``group.descriptor.functional``, in the unit of the descriptor.
    """
    return tuple(
        Descriptor(f"{descriptor.name}.{functional}", descriptor.unit)
        for descriptor in descriptors
        for functional in ROBUST_FUNCTIONALS
    )


def summarise_robustly(tracks: FloatArray) -> FloatArray:
    """Give mean, standard deviation (over n), percentiles 10, 50 and 90, and the range of the middle half.

    Percentiles lie on straight lines between sorted values: R. Hyndman and Y. Fan, "Sample quantiles in
    statistical packages", The American Statistician 50, 1996, definition 7.

    Parameters
    ----------
    tracks : ndarray, shape (num_descriptors, num_frames), float32
        num_frames >= 0.

    Returns
    -------
    ndarray, shape (num_descriptors, 6), float32
        In the order of `ROBUST_FUNCTIONALS`; zeros where there is no frame.
    """
    num_descriptors, num_frames = tracks.shape
    summary = np.zeros((num_descriptors, len(ROBUST_FUNCTIONALS)), dtype=np.float32)
    if not num_frames:
        return summary
    weights = np.full(num_frames, 1 / num_frames, dtype=np.float32)
    mean = tracks @ weights
    squares = tracks - mean[:, np.newaxis]
    squares *= squares
    summary[:, 0] = mean
    summary[:, 1] = np.sqrt(squares @ weights)
    low, lower, middle, upper, high = _percentiles(np.sort(tracks, axis=1)).T
    summary[:, 2], summary[:, 3], summary[:, 4], summary[:, 5] = low, middle, high, upper - lower
    return summary


def _percentiles(ordered: FloatArray) -> FloatArray:
    """Read the `SHARES` off sorted rows."""
    places = np.array(SHARES) * (ordered.shape[1] - 1)
    below = places.astype(np.intp)
    above = np.minimum(below + 1, ordered.shape[1] - 1)
    part = (places - below).astype(np.float32)
    values: FloatArray = ordered[:, below] * (1 - part) + ordered[:, above] * part
    return values
