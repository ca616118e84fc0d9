"""libmpg123 prints on C's standard error; what a user must know of a recording, callmood says itself."""

import ctypes
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

_LOCK: Final = threading.Lock()


class _Redirection:
    """C's `stderr`, which is one for the whole process."""

    users: int = 0
    usual: int | None = None


@contextmanager
def quiet_stdio() -> Iterator[None]:
    """Discard what C code prints to its `stderr` stream while the block runs, in any thread.

    File descriptor 2 stays as it is: neither Python's own messages nor child processes are touched. Where the
    C library is not glibc, nothing is discarded.

    Yields
    ------
    None
        Until the block ends.
    """
    if not _is_glibc():
        yield
        return
    with _LOCK:
        if not _Redirection.users:
            stream = _stderr()
            _Redirection.usual, stream.value = stream.value, _nowhere()
        _Redirection.users += 1
    try:
        yield
    finally:
        with _LOCK:
            _Redirection.users -= 1
            if not _Redirection.users:
                _stderr().value = _Redirection.usual


@cache
def _is_glibc() -> bool:
    """Elsewhere `stderr` is a constant, or has another name."""
    return platform.libc_ver()[0] == "glibc"


def _stderr() -> ctypes.c_void_p:
    return ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stderr")


@cache
def _nowhere() -> int:
    open_stream = ctypes.CDLL(None).fopen
    open_stream.restype = ctypes.c_void_p
    stream: int | None = open_stream(os.devnull.encode(), b"we")
    if stream is None:
        raise OSError(f"cannot open {os.devnull}")
    return stream
