"""The interface of a feature set, and what several sets share: names, functionals, levels, checks."""

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.errors import UsageError
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


FUNCTIONALS: Final[tuple[str, ...]] = ("mean", "std", "min", "max")
"""Their order in a feature vector."""


def with_functionals(
    descriptors: tuple[Descriptor, ...], functionals: tuple[str, ...] = FUNCTIONALS
) -> tuple[Descriptor, ...]:
    """Name the features that functionals make of descriptors, in the order of a feature vector.

    Parameters
    ----------
    descriptors : tuple of Descriptor
        In the order of the columns.
    functionals : tuple of str, optional
        In their order for each descriptor.

    Returns
    -------
    tuple of Descriptor
        ``group.descriptor.functional``; a mean or an extreme has the unit of its descriptor.
    """
    return tuple(
        Descriptor(f"{descriptor.name}.{functional}", descriptor.unit)
        for descriptor in descriptors
        for functional in functionals
    )


def summarise(descriptors: FloatArray) -> FloatArray:
    """Give mean, standard deviation (over n, not n - 1), minimum and maximum of each descriptor.

    Parameters
    ----------
    descriptors : ndarray, shape (num_frames, num_descriptors), float32
        num_frames >= 1.

    Returns
    -------
    ndarray, shape (num_descriptors, 4), float32
        In the order of `FUNCTIONALS`.
    """
    num_frames, num_descriptors = descriptors.shape
    weights = np.full(num_frames, 1 / num_frames, dtype=np.float32)
    summary = np.empty((len(FUNCTIONALS), num_descriptors), dtype=np.float32)
    mean, deviation, lowest, highest = summary
    np.matmul(weights, descriptors, out=mean)
    squares = descriptors - mean
    squares *= squares
    np.sqrt(weights @ squares, out=deviation)
    descriptors.min(axis=0, out=lowest)
    descriptors.max(axis=0, out=highest)
    return summary.T


LEVEL_DBFS: Final = -26.0
"""Every window is taken as if its RMS lay here: the usual level of speech in ITU-T P.56."""
QUIETEST_DBFS: Final = -140.0
"""A window quieter than this counts as this quiet."""


def level_of_frames(rms: FloatArray) -> float:
    """Give the level of a window from its frames.

    Parameters
    ----------
    rms : ndarray, shape (n,), float32
        Of each frame without its mean, full scale 1.

    Returns
    -------
    float
        Mean square over the frames, dBFS, at least `QUIETEST_DBFS`.
    """
    exact = rms.astype(np.float64)
    mean_square = float(exact @ exact) / len(exact)
    return max(QUIETEST_DBFS, 10 * math.log10(max(mean_square, 1e-30)))


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

    def vector(self) -> FloatArray:
        """Give the feature vector of the last win samples pushed.

        Returns
        -------
        ndarray, shape (num_features,), float32
            Finite for any finite input, silence included.
        """


class FeatureSet(Protocol):
    """A named, versioned recipe from a window of sound to a feature vector.

    Attributes
    ----------
    name : str
        The name that cards and command lines use.
    version : int
        Raised whenever any value changes; a model of another version is refused.
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.
    frame_hop : int
        Samples between frame starts; the grid starts at the first sample of the segment.
    feature_names : tuple of str
        One name a value, in order, as ``group.descriptor.functional``.
    feature_units : tuple of str
        The unit of each value, in the order of the names; ``1`` for a ratio.
    offline_only : bool
        True where the values need a whole clip in view, so that nothing can be streamed.
    """

    name: str
    version: int
    sample_rate: int
    frame_length: int
    frame_hop: int
    feature_names: tuple[str, ...]
    feature_units: tuple[str, ...]
    offline_only: bool

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


def check_grid(feature_set: FeatureSet, grid: WindowGrid, shortest: int) -> None:
    """Refuse a grid that a feature set cannot be streamed on.

    Parameters
    ----------
    feature_set : FeatureSet
        The set.
    grid : WindowGrid
        The grid asked for.
    shortest : int
        Samples of the shortest win in which every window holds a whole frame.

    Raises
    ------
    UsageError
        If the grid is at another rate than the set, or its win shorter.
    """
    name, sample_rate = feature_set.name, feature_set.sample_rate
    if grid.sample_rate != sample_rate:
        raise UsageError(
            f"the grid is laid at {grid.sample_rate} Hz and {name} hears at {sample_rate} Hz: "
            "resample, and lay the grid at the set's rate"
        )
    if grid.win < shortest:
        milliseconds = math.ceil(1000 * shortest / sample_rate)
        raise UsageError(
            f"win is {grid.win / sample_rate:.4g} s, and a window of {name} must hold a whole frame "
            f"of {feature_set.frame_length} samples: give at least {milliseconds / 1000:g} s"
        )


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
    for end in range(grid.first_piece, len(samples) + 1, grid.step):
        stream.push(samples[max(0, end - grid.step) : end])
        if end >= grid.win:
            vectors[(end - grid.win) // grid.step] = stream.vector()
    return vectors
