"""What a streamed set remembers of one leg."""

import math

from emotion.arrays import FloatArray, Samples
from emotion.features.descriptors import FrameRecipe
from emotion.features.frames import FrameGrid
from emotion.features.ring import DescriptorRing
from emotion.window_grid import WindowGrid


class DescriptorStream:
    """The memory of one leg: the tail of a frame not yet complete, and win of descriptors.

    Parameters
    ----------
    recipe : FrameRecipe
        Says what to keep of a frame.
    grid : WindowGrid
        Where windows lie.
    frame_length, frame_hop : int
        Samples in a frame, and between frame starts.
    """

    def __init__(self, recipe: FrameRecipe, grid: WindowGrid, frame_length: int, frame_hop: int) -> None:
        self._recipe = recipe
        self._grid = grid
        self._frame_hop = frame_hop
        self._frames = FrameGrid(frame_length, frame_hop, grid.step)
        capacity = math.ceil(grid.win / frame_hop) + self._frames.batch_size
        self._ring = DescriptorRing(capacity, recipe.num_columns)
        self._num_pushed = 0

    def push(self, piece: Samples) -> None:
        """Take the next piece and describe the frames that it completes.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,)
            Mono float32 at the set's sample rate.

        Raises
        ------
        ValueError
            If the piece has another length.
        """
        due = self._grid.step if self._num_pushed else self._grid.first_piece
        if len(piece) != due:
            raise ValueError(f"a piece of {len(piece)} samples where one of {due} was due")
        self._num_pushed += due
        frames, num_new = self._frames.push(piece)
        if num_new:
            self._ring.append(self._recipe.describe(frames)[:num_new])

    def vector(self) -> FloatArray:
        """Give the feature vector of the last win samples pushed.

        Returns
        -------
        ndarray, shape (num_features,), float32
            Of the frames that lie wholly inside the window.

        Raises
        ------
        ValueError
            If less than win was pushed.
        """
        start = self._num_pushed - self._grid.win
        if start < 0:
            raise ValueError(f"the first window lacks {-start} samples")
        first_frame = -(-start // self._frame_hop)
        return self._recipe.vector(self._ring.since(first_frame))
