"""Single keys from a terminal, and the terminal as it was afterwards."""

import os
import re
import select
import termios
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from streamer.screen import Key

Press: TypeAlias = Key | Literal["repaint"]
"""What a key stands for; "repaint" (Ctrl-L) is the screen's own business."""

_PRESSES: Final[Mapping[bytes, Press]] = MappingProxyType(
    {
        b" ": "pause",
        b"p": "pause",
        b"m": "mark",
        b"q": "quit",
        b"\x04": "quit",
        b"\x0c": "repaint",
    }
)
_ESCAPE_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)
"""Arrow keys, function keys, Alt with a letter: none of them is one of ours."""


class Keyboard:
    """Reads keys as they are pressed, without echo; Ctrl-C still interrupts.

    Parameters
    ----------
    descriptor : int
        Of a terminal, open for reading.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[int | list[bytes | int]] | None = None
        self._waiting: deque[Press] = deque()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    def open(self) -> None:
        """Switch line editing and echo off, and Ctrl-Z: a stopped listener would lose sound unseen."""
        self._before = termios.tcgetattr(self._descriptor)
        modes = termios.tcgetattr(self._descriptor)
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        modes[6][termios.VMIN] = 1
        modes[6][termios.VTIME] = 0
        modes[6][termios.VSUSP] = os.fpathconf(self._descriptor, "PC_VDISABLE")
        termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)

    def wait(self, timeout_seconds: float) -> Press | None:
        """Wait for a key that means something, for `wake`, or for the time to pass.

        Parameters
        ----------
        timeout_seconds : float
            The longest wait, s.

        Returns
        -------
        Press or None
            "quit" also where the terminal is gone.
        """
        if not self._waiting:
            ready, _, _ = select.select(
                [self._descriptor, self._wake_read], [], [], max(0.0, timeout_seconds)
            )
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            if self._descriptor in ready:
                self._read()
        return self._waiting.popleft() if self._waiting else None

    def wake(self) -> None:
        """Make `wait` return; safe in any thread and in signal handlers."""
        try:
            os.write(self._wake_write, b".")
        except BlockingIOError:
            return  # So many wakes are waiting already that the pipe is full.

    def close(self) -> None:
        """Put the terminal's modes back and forget keys not read; a second call does nothing."""
        before, self._before = self._before, None
        if before is None:
            return
        try:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, before)
            termios.tcflush(self._descriptor, termios.TCIFLUSH)
        except termios.error:
            return  # The terminal is gone, and its modes with it.

    def __del__(self) -> None:
        """Close the pipe that `wake` writes to."""
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _read(self) -> None:
        try:
            pressed = os.read(self._descriptor, 1024)
        except OSError:
            pressed = b""
        if not pressed:
            self._waiting.append("quit")
        for byte in _ESCAPE_SEQUENCE.sub(b"", pressed).lower():
            press = _PRESSES.get(bytes([byte]))
            if press is not None:
                self._waiting.append(press)
