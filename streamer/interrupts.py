"""Ctrl-C: the first asks, the second insists, and afterwards the old handlers are back."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ASKING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts(ask: Callable[[], None]) -> Iterator[None]:
    """Let a signal ask for an ordered stop while the block runs.

    In a thread that is not the main one signals cannot be handled, and nothing is changed.

    Parameters
    ----------
    ask : callable
        Called at the first signal, from the signal handler: it must take no lock.

    Yields
    ------
    None
        Until the block ends.

    Raises
    ------
    KeyboardInterrupt
        At the second signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what `signal` calls
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        ask()

    before = {number: signal.signal(number, handle) for number in ASKING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None stands for a handler that was not set from Python: it cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
