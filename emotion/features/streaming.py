"""Feature sets whose windows slide: each frame is described once, when it arrives, and kept for one win."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Final

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.features.base import Descriptor, check_grid
from emotion.window_grid import WindowGrid


def overlapping(samples: FloatArray, length: int, hop: int = 1) -> FloatArray:
    """View every overlapping span of an array as a row, without a copy.

    What ``sliding_window_view`` does, at a tenth of its 10 us: a step makes six such views.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32, C-contiguous
        n >= length.
    length, hop : int
        Samples in a row, and between the starts of rows.

    Returns
    -------
    ndarray, shape ((n - length) // hop + 1, length), float32
        Row i begins at sample ``hop * i``; to be read only.
    """
    num_rows = (len(samples) - length) // hop + 1
    # The constructor holds the view within its buffer, which as_strided would not.
    view: FloatArray = np.ndarray((num_rows, length), dtype=np.float32, buffer=samples, strides=(4 * hop, 4))
    return view


LOUDEST = 1e4
"""Samples are held within ±80 dB over full scale, so that no square of a square leaves float32."""


class FrameGrid:
    """Frame j covers the samples ``[j * frame_hop, j * frame_hop + frame_length)`` of a segment.

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
        num_spent = self._num_complete * self.frame_hop
        self._num_held -= num_spent
        self._held[: self._num_held] = self._held[num_spent : num_spent + self._num_held].copy()
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


class DescriptorRing:
    """Holds rows in order of time, always in one piece of memory.

    It writes along a strip of twice its capacity and moves the rows that still count to the front when the
    strip is full, so that a window of rows is a plain slice and its sums always begin with the oldest row.

    Parameters
    ----------
    capacity : int
        The most rows that must be kept.
    num_descriptors : int
        Values in a row.
    """

    def __init__(self, capacity: int, num_descriptors: int) -> None:
        self._capacity = capacity
        self._strip = np.zeros((2 * capacity, num_descriptors), dtype=np.float32)
        self._end = 0
        self.num_seen = 0

    def append(self, rows: FloatArray) -> None:
        """Add the newest rows; what lies more than `capacity` back is forgotten.

        Parameters
        ----------
        rows : ndarray, shape (n, num_descriptors), float32
            n <= capacity.
        """
        if self._end + len(rows) > len(self._strip):
            num_kept = self._capacity - len(rows)
            self._strip[:num_kept] = self._strip[self._end - num_kept : self._end]
            self._end = num_kept
        self._strip[self._end : self._end + len(rows)] = rows
        self._end += len(rows)
        self.num_seen += len(rows)

    def since(self, first: int) -> FloatArray:
        """Give the rows from a running number on.

        Parameters
        ----------
        first : int
            Number of a row, counted from the first ever appended; at most `capacity` rows back.

        Returns
        -------
        ndarray, shape (num_seen - first, num_descriptors), float32
            A view, oldest row first.
        """
        return self._strip[self._end - (self.num_seen - first) : self._end]


class DescriptorStream:
    """The memory of one leg: the tail of a frame not yet complete, and win of descriptors.

    Parameters
    ----------
    feature_set : StreamedSet
        Says what to keep of a frame.
    grid : WindowGrid
        Where windows lie.
    """

    def __init__(self, feature_set: "StreamedSet", grid: WindowGrid) -> None:
        self._feature_set = feature_set
        self._grid = grid
        self._frames = FrameGrid(feature_set.frame_length, feature_set.frame_hop, grid.step)
        capacity = math.ceil(grid.win / feature_set.frame_hop) + self._frames.batch_size
        self._ring = DescriptorRing(capacity, feature_set.num_columns)
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
        self._num_pushed = self._grid.end_of_piece(self._num_pushed, len(piece))
        frames, num_new = self._frames.push(piece)
        if num_new:
            self._ring.append(self._feature_set.describe(frames)[:num_new])

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
        first_frame = -(-start // self._feature_set.frame_hop)
        return self._feature_set.vector(self._ring.since(first_frame))


CLIP_STEP_SECONDS = 0.5
"""A whole clip is worked through in steps of this length, as a stream would be."""


_KEPT_BYTES: Final = 1 << 21
"""A step's arrays come to less than half a megabyte."""


class StreamedSet(ABC):
    """A feature set that is live and offline the same: it describes frames, and sums up those of a window.

    Attributes
    ----------
    features : tuple of Descriptor
        Names and units of the vector's values, in order.
    num_columns : int
        Values kept for each frame.
    name, version, sample_rate, frame_length, frame_hop, feature_names, feature_units, offline_only
        See `emotion.features.base.FeatureSet`.
    """

    name: str
    version: int
    sample_rate: int
    frame_length: int
    frame_hop: int
    features: ClassVar[tuple[Descriptor, ...]]
    num_columns: ClassVar[int]
    offline_only = False

    def __init__(self) -> None:
        self.feature_names = tuple(feature.name for feature in self.features)
        self.feature_units = tuple(feature.unit for feature in self.features)
        # Let the C library keep what a step frees. glibc gives freed memory back beyond a threshold, and the
        # system clears each page when the next step asks for it again: 98 page faults, a quarter of a step of
        # `acoustic`. The threshold rises to twice the largest block that was ever freed (M_MMAP_THRESHOLD in
        # mallopt(3)), so freeing one is enough. It is never touched and costs no memory; a process then keeps
        # at most 4 MB that it could have returned. Other C libraries take no notice.
        np.empty(_KEPT_BYTES, dtype=np.uint8)

    @abstractmethod
    def describe(self, frames: FloatArray) -> FloatArray:
        """Describe frames, each by itself; keep no memory.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, frame_length), float32
            Sound, each frame one hop after the one before it.

        Returns
        -------
        ndarray, shape (num_frames, num_columns), float32
            Finite.
        """

    @abstractmethod
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
        # Window starts fall at every multiple of gcd(step, hop) from a frame start.
        longest_wait = self.frame_hop - math.gcd(grid.step, self.frame_hop)
        check_grid(self, grid, self.frame_length + longest_wait)
        return DescriptorStream(self, grid)

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
        clip = np.pad(samples, (0, max(0, self.frame_length - len(samples))))
        step = min(len(clip), round(CLIP_STEP_SECONDS * self.sample_rate))
        grid = WindowGrid(len(clip), step, self.sample_rate)
        stream = DescriptorStream(self, grid)
        for end in range(grid.first_piece, len(clip) + 1, step):
            stream.push(clip[max(0, end - step) : end])
        return stream.vector()
