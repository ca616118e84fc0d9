"""Memory of a session that runs for weeks: all threads take it from one heap."""

import ctypes
from typing import Final

_ARENA_MAX: Final = -8
_MMAP_THRESHOLD: Final = -3
"""The numbers of these settings in glibc's malloc.h."""

_LARGE_BYTES: Final = 1_000_000
"""What is as large goes back to the system as soon as it is given back, and leaves no hole."""


def share_one_heap() -> None:
    """Let all threads take memory from one heap; to be called before the first one starts.

    glibc gives each thread a heap of its own. What one takes and another gives back leaves holes in each, and
    each goes on growing for hours: `make soak` shows it. Only one of our threads computes at a time, so that
    none waits for the heap. Another C library keeps its ways.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_ARENA_MAX, 1)
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
