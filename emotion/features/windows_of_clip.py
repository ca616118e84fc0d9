"""Windows of a recording, by the very code that listens."""

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.features.feature_set import FeatureSet
from emotion.window_grid import WindowGrid


def window_vectors(feature_set: FeatureSet, grid: WindowGrid, samples: Samples) -> FloatArray:
    """Give the feature vector of each window that lies wholly inside a clip.

    Parameters
    ----------
    feature_set : FeatureSet
        One that can be streamed.
    grid : WindowGrid
        At the set's sample rate.
    samples : ndarray, shape (n,), float32
        Mono at the set's sample rate.

    Returns
    -------
    ndarray, shape (grid.num_windows(n), num_features), float32
        Row k is window k; no row for a clip shorter than win.

    Raises
    ------
    UsageError
        If the set is offline only, or does not fit the grid.
    """
    stream = feature_set.open(grid)
    vectors = np.empty((grid.num_windows(len(samples)), len(feature_set.feature_names)), dtype=np.float32)
    if not len(vectors):
        return vectors
    start, end = 0, grid.first_piece
    while end < grid.win:
        stream.push(samples[start:end])
        start, end = end, end + grid.step
    for window in range(len(vectors)):
        stream.push(samples[start:end])
        vectors[window] = stream.vector()
        start, end = end, end + grid.step
    return vectors
