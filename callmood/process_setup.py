"""Set up the process: package check, standard streams, threads, heap. Imports the standard library only."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PACKAGES: Final = ("emotion", "streamer", "trainer")


class ShadowedPackageError(ImportError):
    """Python would import something else under the name of one of callmood's packages.

    It stands outside the tree in emotion/errors.py, because that package may be the very one that is hidden.
    """


def check_packages() -> None:
    """Look for every room beside this package, without importing one."""
    home = Path(__file__).resolve().parents[1]
    for room in PACKAGES:
        wanted = home / room / "__init__.py"
        spec = find_spec(room)
        if spec is None:
            raise ShadowedPackageError(f"{wanted.parent} is missing; install callmood anew")
        found = Path(spec.origin).resolve() if spec.origin else None
        if found != wanted:
            other = found or ", ".join(spec.submodule_search_locations or ("nowhere",))
            raise ShadowedPackageError(
                f"{other} hides callmood's own package {wanted.parent}; "
                f"give callmood an environment of its own, or start it from another folder"
            )


def open_standard_streams() -> None:
    """Give the process each standard stream that it was started without, leading nowhere.

    Otherwise the next file to be opened, a recording perhaps, gets the free descriptor, and with it whatever
    a library prints.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process


def compute_on_one_thread() -> None:
    """Ask OpenBLAS for a single thread; to be called before numpy is imported, or it has no effect.

    A window is too small to share: the other threads would only wait for work, busily, at several times the
    cost of the analysis itself. A number that the user has set stays.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


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
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_ARENA_MAX, 1)
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
