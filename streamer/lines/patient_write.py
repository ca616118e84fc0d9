"""Writing to what may take nothing for a while: a pipe whose reader is busy, a terminal that was halted."""

import errno
import os
import select
import time
from contextlib import suppress
from typing import Final

PATIENCE_SECONDS: Final = 1.0
"""How long a reader may keep the worker waiting."""


def write_patiently(
    descriptor: int, rest: bytearray, *, blocks: bool = False, patience_seconds: float | None = None
) -> None:
    """Write all of it, but do not wait for ever.

    Parameters
    ----------
    descriptor : int
        Open for writing.
    rest : bytearray
        What was written is taken off it, also where not all could be.
    blocks : bool
        A write waits where there is no room: then only so much is written as there is sure to be room for.
    patience_seconds : float, optional
        How long nothing may be taken, s; `PATIENCE_SECONDS` unless given.

    Raises
    ------
    TimeoutError
        If nothing was taken for so long.
    OSError
        As the system gives it.
    """
    patience_seconds = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
    at_most = select.PIPE_BUF if blocks else None
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    taken = time.monotonic()
    is_ready = not blocks
    while rest:
        left_seconds = taken + patience_seconds - time.monotonic()
        is_ready = is_ready or bool(poll.poll(max(0.0, left_seconds) * 1000))
        written = 0
        if is_ready:
            # There may be room for some, and yet not for what is written in one piece or not at all.
            with suppress(BlockingIOError):
                written = os.write(descriptor, rest[:at_most])
        if written:
            del rest[:written]
            taken = time.monotonic()
        elif left_seconds <= 0.0:
            raise TimeoutError(errno.ETIMEDOUT, f"its reader has taken nothing for {patience_seconds:g} s")
        is_ready = False


def unfinished(rest: bytearray, num_new: int) -> bytearray:
    """Give the end of a line that a reader has the beginning of: no other may stand behind half of it.

    Parameters
    ----------
    rest : bytearray
        What was left of that end, if any, and of a new line.
    num_new : int
        Length of the new line, bytes.

    Returns
    -------
    bytearray
        Empty where nothing is owed; a new line of which nothing was written is not.
    """
    num_older = len(rest) - num_new
    return rest if num_older < 0 else rest[:num_older]


def takes_more(descriptor: int, owed: bytearray, *, blocks: bool = False) -> bool:
    """Write what is owed, without any patience, and tell whether more would find room now.

    Parameters
    ----------
    descriptor : int
        Open for writing.
    owed : bytearray
        As `unfinished` gives it; what was written is taken off it.
    blocks : bool
        As for `write_patiently`.

    Returns
    -------
    bool
        False also where nobody is at the other end.
    """
    try:
        write_patiently(descriptor, owed, blocks=blocks, patience_seconds=0.0)
    except OSError:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return [events for _, events in poll.poll(0)] == [select.POLLOUT]
