"""The command `callmood`: check that its packages are its own, then run a subcommand."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

INTERRUPTED: Final = 130
"""The exit code of a command that Ctrl-C ended, as shells give it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand."""
    with _interruptible():
        return _leave(_run(argv))


def _run(argv: Sequence[str] | None) -> int:
    try:
        # All of it in here: whoever presses Ctrl-C is to see no traceback, however early.
        from callmood.process import ShadowedPackageError, check_packages, open_standard_streams

        open_standard_streams()
        try:
            check_packages()
        except ShadowedPackageError as error:
            sys.stderr.write(f"callmood: {error}\n")
            return 1
        from callmood.cli import run_command

        return run_command(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ImportError as error:
        if _is_interrupted(error):
            return INTERRUPTED
        raise


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, and let neither strike while something is imported."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        plain = ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL))
        before = {number: handler for number, handler in plain if signal.getsignal(number) is handler}
    for number in before:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what `signal` calls
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            # Libraries that are interrupted while they load crash, or swallow the interruption.
            os._exit(INTERRUPTED)
        frame = frame.f_back
    raise KeyboardInterrupt


def _leave(code: int) -> int:
    """End the process at once where a library hangs in a call: to put it in order would hang, or crash."""
    microphone = sys.modules.get("streamer.sources.microphone")
    if microphone is not None and microphone.is_hanging():
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    return code


def _is_interrupted(error: BaseException | None) -> bool:
    """Tell whether Ctrl-C is behind it: what is interrupted while it loads says that it cannot be loaded."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


if __name__ == "__main__":
    sys.exit(main())
