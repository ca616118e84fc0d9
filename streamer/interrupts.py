"""Ctrl-C: the first asks, the second insists, and afterwards the old handlers are back."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

INSISTING_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})
ASKING_SIGNALS: Final = (*INSISTING_SIGNALS, signal.SIGHUP)
"""A terminal that closes says so once or more, as its shell likes: saying it again is no insisting."""


@contextmanager
def interrupts(ask: Callable[[], None]) -> Iterator[None]:
    """Let a signal ask for an ordered stop while the block runs.

    In a thread that is not the main one signals cannot be handled, and nothing is changed. SIGHUP stays
    ignored where it was, as under `nohup`.

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
        At the second Ctrl-C or SIGTERM; also where a library made another error of it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = insisted = False

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what `signal` calls
        nonlocal asked, insisted
        if not asked:
            asked = True
            ask()
        elif number in INSISTING_SIGNALS:
            insisted = True
            raise KeyboardInterrupt

    is_ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    handled = INSISTING_SIGNALS if is_ignored else ASKING_SIGNALS
    before = {number: signal.signal(number, handle) for number in handled}
    try:
        yield
    except Exception as error:
        # A library that is interrupted while it loads says that it cannot be loaded.
        if insisted:
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            # None stands for a handler that was not set from Python: it cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
