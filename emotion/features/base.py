"""The interface of a feature set: a name, a version, a frame grid, and the same numbers offline and live."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.features.functionals import FUNCTIONALS
from emotion.window_grid import WindowGrid


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A value per frame.

    Attributes
    ----------
    name : str
        ``group.descriptor``.
    unit : str
        As shown to people; ``1`` for a ratio.
    """

    name: str
    unit: str


def numbered(group: str, count: int, unit: str) -> tuple[Descriptor, ...]:
    """Name the coefficients of a group, in an order that sorts.

    Parameters
    ----------
    group : str
        First part of the names.
    count : int
        Coefficients.
    unit : str
        Shared by all.

    Returns
    -------
    tuple of Descriptor
        ``group.00``, ``group.01`` and so on, with as many digits as the last one needs.
    """
    digits = max(2, len(str(count - 1)))
    return tuple(Descriptor(f"{group}.{index:0{digits}d}", unit) for index in range(count))


def with_functionals(descriptors: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
    """Name the features that the functionals make of descriptors, in the order of a feature vector.

    Parameters
    ----------
    descriptors : tuple of Descriptor
        In the order of the columns.

    Returns
    -------
    tuple of Descriptor
        ``group.descriptor.functional``; a mean or an extreme has the unit of its descriptor.
    """
    return tuple(
        Descriptor(f"{descriptor.name}.{functional}", descriptor.unit)
        for descriptor in descriptors
        for functional in FUNCTIONALS
    )


class FrameRecipe(Protocol):
    """From frames to rows of descriptors, and from the rows of a window to its vector; keeps no memory."""

    @property
    def num_columns(self) -> int:
        """Values kept for each frame."""
        ...

    @property
    def features(self) -> tuple[Descriptor, ...]:
        """Names and units of the vector's values, in order."""
        ...

    def describe(self, frames: FloatArray) -> FloatArray:
        """Describe frames, each by itself.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, frame_length), float32
            Sound, each frame one hop after the one before it.

        Returns
        -------
        ndarray, shape (num_frames, num_columns), float32
            Finite.
        """
        ...

    def vector(self, rows: FloatArray) -> FloatArray:
        """Sum up a window.

        Parameters
        ----------
        rows : ndarray, shape (n, num_columns), float32
            The rows of the window's frames, oldest first; n >= 1.

        Returns
        -------
        ndarray, shape (len(features),), float32
            The feature vector.
        """
        ...


class FeatureStream(Protocol):
    """The memory of one leg: what a feature set keeps of the last win of sound.

    The caller hands over one piece at a time: first pieces of exactly ``grid.first_piece`` samples, then of
    exactly ``grid.step``. Work is therefore always done in blocks of one shape, and values do not depend on
    how the source cut the sound.
    """

    def push(self, piece: Samples) -> None:
        """Take the next piece and compute the frames that it completes.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,)
            Mono float32 at the set's sample rate.
        """
        ...

    def vector(self) -> FloatArray:
        """Give the feature vector of the last win samples pushed.

        Returns
        -------
        ndarray, shape (num_features,), float32
            Finite for any finite input, silence included.
        """
        ...


class FeatureSet(Protocol):
    """A named, versioned recipe from a window of sound to a feature vector."""

    @property
    def name(self) -> str:
        """The name that cards and command lines use."""
        ...

    @property
    def version(self) -> int:
        """Raised whenever any value changes; a model of another version is refused."""
        ...

    @property
    def sample_rate(self) -> int:
        """Hz."""
        ...

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        ...

    @property
    def frame_hop(self) -> int:
        """Samples between frame starts; the grid starts at the first sample of the segment."""
        ...

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name a value, in order, as ``group.descriptor.functional``."""
        ...

    @property
    def feature_units(self) -> tuple[str, ...]:
        """The unit of each value, in the order of the names; ``1`` for a ratio."""
        ...

    @property
    def offline_only(self) -> bool:
        """True where the values need a whole clip in view, so that nothing can be streamed."""
        ...

    def open(self, grid: WindowGrid) -> FeatureStream:
        """Start a stream with no memory.

        Parameters
        ----------
        grid : WindowGrid
            At the set's own sample rate.

        Returns
        -------
        FeatureStream
            Holds at most win of descriptors.

        Raises
        ------
        UsageError
            If the set is offline only, or win is shorter than one frame.
        """
        ...

    def clip_vector(self, samples: Samples) -> FloatArray:
        """Give one vector for a clip of any length, as if the clip were the window.

        Parameters
        ----------
        samples : ndarray, shape (n,), n >= 1
            Mono float32 at the set's sample rate. A clip shorter than one frame is continued with zeros.

        Returns
        -------
        ndarray, shape (num_features,), float32
            The functionals over all frames of the clip.
        """
        ...


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
