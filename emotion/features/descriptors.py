"""What a set says of each frame, and under which names and units."""

from dataclasses import dataclass
from typing import Protocol

from emotion.arrays import FloatArray
from emotion.features.functionals import FUNCTIONALS


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
