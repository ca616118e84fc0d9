"""What a feature set promises: a name, a version, a grid, and the same numbers offline and live."""

from typing import Protocol

from emotion.arrays import FloatArray, Samples
from emotion.window_grid import WindowGrid


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
        """Samples between frame starts; the grid starts at the first sample of the stretch."""
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
