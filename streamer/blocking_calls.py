"""Calls into libraries that may never return, or that write to file descriptor 2 themselves."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

from emotion.errors import DeviceError

ANSWER_SECONDS: Final = 3.0
"""How long a sound server, or a library that asks one, may take to answer."""

T = TypeVar("T")


class NoAnswerError(DeviceError):
    """A sound server or library hangs: any other call to it would hang too."""


class BackgroundCall(Generic[T]):
    """A call in a thread that no exit waits for."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._ended = threading.Event()
        self._is_wanted = True
        self._results: list[T] = []
        self._error: BaseException | None = None

    def start(self, name: str) -> None:
        """Make the call in a thread of its own."""
        threading.Thread(target=self.run, name=name, daemon=True).start()

    def run(self) -> None:
        """Make the call in this thread, unless it was dropped."""
        try:
            if self._is_wanted:
                self._results.append(self._function())
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self._error = error
        finally:
            self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the call has returned; False if it has not. Ctrl-C interrupts this."""
        return self._ended.wait(seconds)

    def drop(self) -> None:
        """Cancel the call if it has not begun."""
        self._is_wanted = False

    def result(self) -> T:
        """Give what the call returned, or raise what it raised; it must have ended."""
        if self._error is not None:
            raise self._error
        return self._results[0]


class CallThread:
    """Makes calls into a library one after the other, always in the same thread.

    Libraries that are not thread-safe need the first, the sound of some systems the second. A call that hangs
    blocks the calls after it, but not their callers, which wait with a timeout.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._calls: SimpleQueue[BackgroundCall[Any]] = SimpleQueue()
        self._num_left = 0
        self._thread: threading.Thread | None = None

    @property
    def is_idle(self) -> bool:
        """True if every call has ended."""
        with self._lock:
            return not self._num_left

    def begin(self, function: Callable[[], T]) -> BackgroundCall[T]:
        """Queue a call."""
        call = BackgroundCall(function)
        with self._lock:
            self._num_left += 1
            self._calls.put(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        return call

    def _run(self) -> None:
        while True:
            self._calls.get().run()
            with self._lock:
                self._num_left -= 1


class _StderrRedirection:
    """State of file descriptor 2, which belongs to the whole process: several threads may silence it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.num_users = 0
        self.saved: int | None = None

    def restore(self) -> None:
        saved, self.saved = self.saved, None
        if saved is not None:
            os.dup2(saved, 2)
            os.close(saved)


_STDERR: Final = _StderrRedirection()


def flush_stderr() -> None:
    """Write out what Python still holds back for standard error."""
    if sys.stderr is not None and not sys.stderr.closed:
        sys.stderr.flush()


@contextmanager
def loud_stderr() -> Iterator[None]:
    """Show what is written to file descriptor 2 while the block runs, even if another thread silences it."""
    with _STDERR.lock:
        _STDERR.restore()
        yield


@contextmanager
def quiet_stderr(*, redirected: bool = True) -> Iterator[None]:
    """Discard what is written to file descriptor 2 while the block runs.

    With `redirected=False` a library redirects it itself; it is only put back.
    """
    flush_stderr()
    with _STDERR.lock:
        _STDERR.num_users += 1
        if _STDERR.saved is None:
            with suppress(OSError):  # Standard error may be closed already.
                _STDERR.saved = os.dup(2)
        if redirected:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
    try:
        yield
    finally:
        with _STDERR.lock:
            _STDERR.num_users -= 1
            if not _STDERR.num_users:
                _STDERR.restore()
