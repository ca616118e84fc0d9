"""Libraries that complain to file descriptor 2 themselves, kept quiet where the error is told anyway."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


class _Redirection:
    """What becomes of file descriptor 2, which is the whole process's: several threads may want it quiet."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.num_users = 0
        self._saved: int | None = None

    def save(self) -> None:
        if self._saved is None:
            try:
                self._saved = os.dup(2)
            except OSError:
                return  # Standard error is closed already.

    def restore(self) -> None:
        saved, self._saved = self._saved, None
        if saved is not None:
            os.dup2(saved, 2)
            os.close(saved)


_REDIRECTION: Final = _Redirection()


@contextmanager
def loud_stderr() -> Iterator[None]:
    """Have what is written to file descriptor 2 arrive, whoever wants it quiet.

    Yields
    ------
    None
        Until the block ends nobody else redirects it.
    """
    with _REDIRECTION.lock:
        _REDIRECTION.restore()
        yield


@contextmanager
def quiet_stderr(*, redirected: bool = True) -> Iterator[None]:
    """Send what is written to file descriptor 2 nowhere while the block runs.

    Parameters
    ----------
    redirected : bool, optional
        False where a library redirects it itself: it is only put back after the block, also where the library
        hangs.

    Yields
    ------
    None
        Until the block ends.
    """
    if sys.stderr is not None and not sys.stderr.closed:
        sys.stderr.flush()
    with _REDIRECTION.lock:
        _REDIRECTION.num_users += 1
        _REDIRECTION.save()
        if redirected:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
    try:
        yield
    finally:
        with _REDIRECTION.lock:
            _REDIRECTION.num_users -= 1
            if not _REDIRECTION.num_users:
                _REDIRECTION.restore()
