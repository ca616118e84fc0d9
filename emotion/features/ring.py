"""The descriptors of the last win of sound, and no more."""

import numpy as np

from emotion.arrays import FloatArray


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
