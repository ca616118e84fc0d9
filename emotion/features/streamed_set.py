"""A feature set whose windows slide: frames are described once, when they arrive."""

import math

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.errors import UsageError
from emotion.features.descriptor_stream import DescriptorStream
from emotion.features.descriptors import FrameRecipe
from emotion.features.kept_memory import keep_freed_memory
from emotion.window_grid import WindowGrid

CLIP_STEP_SECONDS = 0.5
"""A whole clip is worked through in steps of this length, as a stream would be."""


class StreamedSet:
    """A feature set that is live and offline the same.

    Parameters
    ----------
    name : str
        The name that cards and command lines use.
    version : int
        Raised whenever any value changes.
    sample_rate : int
        Hz.
    frame_length, frame_hop : int
        Samples in a frame, and between frame starts.
    recipe : FrameRecipe
        From frames to descriptors to vectors.
    """

    offline_only = False

    def __init__(
        self,
        name: str,
        *,
        version: int,
        sample_rate: int,
        frame_length: int,
        frame_hop: int,
        recipe: FrameRecipe,
    ) -> None:
        self.name = name
        self.version = version
        self.sample_rate = sample_rate
        self.frame_length = frame_length
        self.frame_hop = frame_hop
        self.feature_names = tuple(feature.name for feature in recipe.features)
        self.feature_units = tuple(feature.unit for feature in recipe.features)
        self._recipe = recipe
        keep_freed_memory()

    def open(self, grid: WindowGrid) -> DescriptorStream:
        """Start a stream with no memory.

        Parameters
        ----------
        grid : WindowGrid
            At the set's own sample rate.

        Returns
        -------
        DescriptorStream
            Holds at most win of descriptors.

        Raises
        ------
        UsageError
            If the grid is at another rate, or win so short that a window may hold no whole frame.
        """
        self._refuse_other_rate(grid)
        # Window starts fall at every multiple of gcd(step, hop) from a frame start.
        longest_wait = self.frame_hop - math.gcd(grid.step, self.frame_hop)
        shortest = self.frame_length + longest_wait
        if grid.win < shortest:
            milliseconds = math.ceil(1000 * shortest / self.sample_rate)
            raise UsageError(
                f"win is {grid.win / self.sample_rate:.4g} s, and a window of {self.name} must hold "
                f"a whole frame of {self.frame_length} samples: give at least {milliseconds / 1000:g} s"
            )
        return self._stream(grid)

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
        num_missing = max(0, self.frame_length - len(samples))
        clip = np.concatenate([samples, np.zeros(num_missing, dtype=np.float32)])
        step = min(len(clip), round(CLIP_STEP_SECONDS * self.sample_rate))
        grid = WindowGrid(len(clip), step, self.sample_rate)
        stream = self._stream(grid)
        stream.push(clip[: grid.first_piece])
        for start in range(grid.first_piece, len(clip), step):
            stream.push(clip[start : start + step])
        return stream.vector()

    def _stream(self, grid: WindowGrid) -> DescriptorStream:
        return DescriptorStream(self._recipe, grid, self.frame_length, self.frame_hop)

    def _refuse_other_rate(self, grid: WindowGrid) -> None:
        if grid.sample_rate != self.sample_rate:
            raise UsageError(
                f"the grid is laid at {grid.sample_rate} Hz and {self.name} hears at {self.sample_rate} Hz: "
                "resample, and lay the grid at the set's rate"
            )
