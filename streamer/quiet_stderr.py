"""Libraries that complain to file descriptor 2 themselves, kept quiet where the error is told anyway."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what is written to file descriptor 2 nowhere while the block runs.

    Yields
    ------
    None
        Until the block ends.
    """
    try:
        saved = os.dup(2)
    except OSError:
        yield  # Standard error is closed already.
        return
    if sys.stderr is not None and not sys.stderr.closed:
        sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
