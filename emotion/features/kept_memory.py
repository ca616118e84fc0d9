"""Memory that each step frees, kept for the next step."""

from typing import Final

import numpy as np

KEPT_BYTES: Final = 1 << 21
"""A step's arrays come to less than half a megabyte."""


def keep_freed_memory() -> None:
    """Let the C library keep what a step frees, where it would hand it back to the system.

    glibc gives freed memory back beyond a threshold, and the system clears each page when the next step asks
    for it again: 98 page faults, a quarter of a step of `acoustic`. The threshold rises to twice the largest
    block that was ever freed (``M_MMAP_THRESHOLD`` in mallopt(3)), so freeing one is enough. It is never
    touched and costs no memory; a process then keeps at most 4 MB that it could have returned. Other C
    libraries take no notice.
    """
    np.empty(KEPT_BYTES, dtype=np.uint8)
