"""Statistics over frames that an outlier hardly moves."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
    summary = np.empty((num_descriptors, len(ROBUST_FUNCTIONALS)), dtype=np.float32)
    if not num_frames:
        summary.fill(0)
        return summary
    places, mixing, averaging = _reading(num_frames)
    mean = tracks @ averaging
    squares = tracks - mean[:, np.newaxis]
    squares *= squares
    summary[:, 0] = mean
    np.sqrt(squares @ averaging, out=summary[:, 1])
    ordered = squares
    ordered[...] = tracks
    ordered.sort(axis=1)
    np.matmul(ordered.take(places, axis=1), mixing, out=summary[:, 2:])
    # Rounding may put one of two equal values under the other.
    np.maximum(summary[:, -1], 0, out=summary[:, -1])
    return summary


@lru_cache(maxsize=1024)
def _reading(num_frames: int) -> tuple[NDArray[np.intp], FloatArray, FloatArray]:
    """Tell which sorted values to take, how to mix them to percentiles and a range, and a mean's weights.

    Voiced frames come in any number: each that a window may have is remembered, in less than a megabyte.
    """
    exact = np.array(SHARES) * (num_frames - 1)
    below = exact.astype(np.intp)
    above = np.minimum(below + 1, num_frames - 1)
    part = exact - below
    mix = np.concatenate([np.diag(1 - part), np.diag(part)])
    to_values = np.zeros((len(SHARES), 4))
    to_values[[0, 2, 4], [0, 1, 2]] = 1
    to_values[[1, 3], 3] = -1, 1
    averaging = np.full(num_frames, 1 / num_frames, dtype=np.float32)
    return np.concatenate([below, above]), (mix @ to_values).astype(np.float32), averaging
