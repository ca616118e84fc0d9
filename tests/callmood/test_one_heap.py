"""Threads share a heap: what the C library says of a process that has several."""

import subprocess
import sys

import pytest

# A thread's first piece of memory opens its heap, unless it has to share one.
COUNTS_HEAPS = """
import ctypes, sys, threading
from callmood.one_heap import share_one_heap
if sys.argv[1] == "one":
    share_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
barrier = threading.Barrier(4)
def take():
    libc.malloc(ctypes.c_size_t(5000))
    barrier.wait(10)
threads = [threading.Thread(target=take) for _ in range(3)]
for thread in threads:
    thread.start()
barrier.wait(10)
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
"""


@pytest.mark.parametrize("heaps", ["one", "many"])
def test_threads_share_a_heap_where_they_are_told_to(heaps: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTS_HEAPS, heaps], capture_output=True, text=True, check=True, timeout=60
    )
    if "<malloc" not in done.stdout:
        pytest.skip("this C library does not tell of its heaps")
    assert (done.stdout.count("<heap nr=") == 1) == (heaps == "one"), done.stdout
