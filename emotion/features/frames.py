"""The frame grid with memory: pieces of sound in, batches of completed frames out."""

import math

import numpy as np

from emotion.arrays import FloatArray, Samples

LOUDEST = 1e4
"""Samples are held within ±80 dB over full scale, so that no square of a square leaves float32."""


class FrameGrid:
    """Frame j covers the samples ``[j * frame_hop, j * frame_hop + frame_length)`` of a stretch without gaps.

    Parameters
    ----------
    frame_length, frame_hop : int
        Samples in a frame, and between frame starts; 1 <= frame_hop <= frame_length.
    longest_piece : int
        The most samples that are pushed at once.
    """

    def __init__(self, frame_length: int, frame_hop: int, longest_piece: int) -> None:
        self.frame_length = frame_length
        self.frame_hop = frame_hop
        self.batch_size = math.ceil(longest_piece / frame_hop)
        self._held = np.zeros(frame_length - 1 + longest_piece, dtype=np.float32)
        self._num_held = 0
        self._batch = np.lib.stride_tricks.sliding_window_view(self._held, frame_length)[::frame_hop][
            : self.batch_size
        ]

    def push(self, piece: Samples) -> tuple[FloatArray, int]:
        """Take the next piece and give the frames that it completes.

        Parameters
        ----------
        piece : ndarray, shape (n,), float32
            Mono, n <= longest_piece.

        Returns
        -------
        frames : ndarray, shape (batch_size, frame_length), float32
            A view that the next push overwrites. Always of one shape, so that matrix products take one path
            and give the same bits; rows past `num_new` hold no frame and are to be ignored.
        num_new : int
            How many rows, from the first, are new frames.
        """
        self._drop_what_no_frame_needs()
        end = self._num_held + len(piece)
        held = self._held[self._num_held : end]
        # np.clip does the same at twice the cost.
        np.maximum(piece, np.float32(-LOUDEST), out=held)
        np.minimum(held, np.float32(LOUDEST), out=held)
        self._num_held = end
        return self._batch, self._num_complete

    @property
    def _num_complete(self) -> int:
        return max(0, (self._num_held - self.frame_length) // self.frame_hop + 1)

    def _drop_what_no_frame_needs(self) -> None:
        num_spent = self._num_complete * self.frame_hop
        self._num_held -= num_spent
        self._held[: self._num_held] = self._held[num_spent : num_spent + self._num_held].copy()
