"""The process: its packages, its standard streams and messages, threads, heap.

Nothing but the standard library is imported before `check_packages` has run.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emotion.errors import CallmoodError

PACKAGES: Final = ("emotion", "streamer", "trainer")


class ShadowedPackageError(ImportError):
    """Python would import another package under the name of one of callmood's.

    Not part of the tree in emotion/errors.py, because that package may be the hidden one.
    """


def check_packages() -> None:
    """Check that every package is found beside this one, without importing it."""
    home = Path(__file__).resolve().parents[1]
    for package in PACKAGES:
        wanted = home / package / "__init__.py"
        spec = find_spec(package)
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
    """Open each standard stream that the process was started without on the null device.

    Otherwise the next file, such as a recording, gets the free descriptor, and whatever a library prints.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process


def complain(error: "CallmoodError", command: str | None = None) -> int:
    """Print an error and give its exit code; a command's name adds where its help is."""
    from streamer.blocking_calls import loud_stderr

    line = error_line(str(error), command)
    with loud_stderr(), suppress(OSError):  # The exit code says it, too.
        sys.stderr.write(line)
    return error.exit_code


def error_line(text: str, command: str | None = None) -> str:
    """Give the line of an error, with its line break."""
    from emotion.errors import message_line

    line = message_line(text)
    if command is not None:
        line += f"{'' if line.endswith('?') else ';'} see `{command} --help`"
    return f"callmood: {line}\n"


def say_note(words: str) -> None:
    """Print a note, where a command does something else than was typed."""
    from emotion.errors import message_line

    with suppress(OSError):
        sys.stderr.write(f"note: {message_line(words)}\n")


def compute_on_one_thread() -> None:
    """Limit OpenBLAS to one thread; has no effect once numpy is imported.

    A window is too small to share: waiting threads would cost several times the analysis itself. A number
    that the user has set stays.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class OneComputingThread:
    """Makes numpy's OpenBLAS compute on one thread while any block runs, for programs that import callmood.

    The number of threads decides the last bits of a product, so rows would differ from those of the commands,
    and more threads only wait, see `compute_on_one_thread`. A number set by the user is kept. The setting is
    that of the whole process; the last block to end restores it. Other libraries than OpenBLAS are left as
    they are.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._num_blocks = 0
        self._nums_before: list[int] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Compute on one thread during the block."""
        if "OMP_NUM_THREADS" in os.environ or "OPENBLAS_NUM_THREADS" in os.environ:
            yield
            return
        with self._lock:
            self._num_blocks += 1
            if self._num_blocks == 1:
                self._nums_before = [get() for get, _ in _openblas_functions()]
                for _, set_number in _openblas_functions():
                    set_number(1)
        try:
            yield
        finally:
            with self._lock:
                self._num_blocks -= 1
                if not self._num_blocks:
                    for (_, set_number), number in zip(_openblas_functions(), self._nums_before, strict=True):
                        set_number(number)


@cache
def _openblas_functions() -> tuple[tuple[Callable[[], int], Callable[[int], object]], ...]:
    """Give the functions that get and set the number of threads, for each OpenBLAS that is loaded.

    Not threadpoolctl 3.8: only the thread that set a limit first can lift it, whichever block ends last.
    """
    import ctypes

    import numpy  # noqa: F401, ICN001 - loads OpenBLAS

    found = []
    with suppress(OSError):  # no /proc
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        paths = {line[line.index("/") :] for line in lines if "openblas" in line and "/" in line}
        for library in map(ctypes.CDLL, sorted(paths)):
            for prefix, suffix in product(("scipy_", ""), ("64_", "", "_64")):
                names = [f"{prefix}openblas_{verb}_num_threads{suffix}" for verb in ("get", "set")]
                if all(hasattr(library, name) for name in names):
                    found.append((getattr(library, names[0]), getattr(library, names[1])))
                    break
    return tuple(found)


one_computing_thread: Final = OneComputingThread()


_ARENA_MAX: Final = -8
_MMAP_THRESHOLD: Final = -3
"""Numbers of these settings in glibc's malloc.h."""

_LARGE_BYTES: Final = 1_000_000
"""Blocks of this size or more return to the system when freed, and leave no hole."""


def share_one_heap() -> None:
    """Make all threads allocate from one heap; call before the first one starts.

    glibc gives each thread its own heap. Memory that one thread allocates and another frees leaves holes, and
    each heap grows for hours, as `make soak` shows. Only one of our threads computes at a time, so none waits
    for the heap. Other C libraries are left as they are.
    """
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_ARENA_MAX, 1)
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
