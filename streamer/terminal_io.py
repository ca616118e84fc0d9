"""Terminal input and output: the screen's interface, keys, writes with a time limit, captured stderr."""

import codecs
import errno
import os
import queue
import re
import select
import termios
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from streamer.blocking_calls import flush_stderr, loud_stderr
from streamer.session_info import SessionInfo, Summary
from streamer.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Note:
    """The note of a mark is finished: empty for a mark without one, None where the user gave it up."""

    text: str | None


Key: TypeAlias = Literal["pause", "mark", "begin_note", "forward", "back", "quit"] | Note
"""What a user can ask a session for; "pause" also ends a pause. `begin_note` is always
followed by a `Note`."""


class Screen:
    """Shows nothing and reads no key; a panel overrides both.

    All calls but `wake` come from the main thread, in this order: `open` once, before the sound starts;
    `draw` and `poll` in turns, at most four draws a second; `close` once, also after an error. Lines
    printed one a window are no screen but a `Sink`.
    """

    def __init__(self) -> None:
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()

    def open(self, info: SessionInfo) -> None:
        """Take the terminal over."""

    def draw(self, snapshot: Snapshot) -> None:
        """Show the latest state; quick, and safe at any size of the terminal."""

    def poll(self, timeout_seconds: float) -> Key | None:
        """Wait for a key, for a call of `wake`, or for the time to pass, whichever comes first."""
        with suppress(queue.Empty):
            self._wakes.get(timeout=timeout_seconds)
        return None

    def tell(self, message: str) -> None:
        """Answer a key that cannot be obeyed, in one line."""

    def wake(self) -> None:
        """Make a waiting `poll` return at once; the next `poll` where none is waiting.

        Called from other threads and from signal handlers, so it must take no lock: the put of a
        `SimpleQueue` or one byte written to a pipe will do.
        """
        self._wakes.put(None)

    def close(self, summary: Summary | None) -> None:
        """Give the terminal back; a second call does nothing."""


WRITE_TIMEOUT_SECONDS: Final = 1.0
"""How long a reader may keep the worker waiting."""


def write_with_timeout(
    descriptor: int, rest: bytearray, *, blocks: bool = False, patience_seconds: float | None = None
) -> None:
    """Write all; raise `TimeoutError` once the reader has taken nothing for the time of patience."""
    patience_seconds = WRITE_TIMEOUT_SECONDS if patience_seconds is None else patience_seconds
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
            # There may be room, but not for what a pipe takes in one piece or not at all.
            with suppress(BlockingIOError):
                written = os.write(descriptor, rest[:at_most])
        if written:
            del rest[:written]
            taken = time.monotonic()
        elif left_seconds <= 0.0:
            raise TimeoutError(errno.ETIMEDOUT, f"its reader has taken nothing for {patience_seconds:g} s")
        is_ready = False


def unfinished_line(rest: bytearray, num_new: int) -> bytearray:
    """Give the rest of a line that was written in part: it must be completed before the next one."""
    num_older = len(rest) - num_new
    return rest if num_older < 0 else rest[:num_older]


def flush_unfinished(descriptor: int, owed: bytearray, *, blocks: bool = False) -> bool:
    """Write the rest of a line without waiting, and tell whether more can be written now."""
    try:
        write_with_timeout(descriptor, owed, blocks=blocks, patience_seconds=0.0)
    except OSError:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return [events for _, events in poll.poll(0)] == [select.POLLOUT]


def open_controlling_terminal() -> int | None:
    """Open the terminal that this process was started from, to read keys while sound comes in by a pipe."""
    try:
        return os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None


def open_terminal_again(descriptor: int) -> int:
    """Open a terminal once more, non-blocking: the mode of the given descriptor is shared with the shell."""
    try:
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return descriptor


class Stroke(NamedTuple):
    """A key: "text" and "paste" with what was typed or pasted; all others have a name."""

    key: Literal[
        "text", "paste", "left", "right", "enter", "escape", "backspace", "erase", "repaint", "quit", "gone"
    ]
    text: str = ""


_CONTROLS: Final[Mapping[str, Stroke]] = MappingProxyType(
    {
        "\r": Stroke("enter"),
        "\n": Stroke("enter"),
        "\x7f": Stroke("backspace"),
        "\x08": Stroke("backspace"),
        "\x15": Stroke("erase"),
        "\x04": Stroke("quit"),
        "\x0c": Stroke("repaint"),
    }
)
_ARROWS: Final[Mapping[bytes, Stroke]] = MappingProxyType(
    {
        b"\x1b[D": Stroke("left"),
        b"\x1bOD": Stroke("left"),
        b"\x1b[C": Stroke("right"),
        b"\x1bOC": Stroke("right"),
    }
)
_PASTE: Final = re.compile(rb"\x1b\[200~(.*?)\x1b\[201~", re.DOTALL)
_PASTE_START: Final = b"\x1b[200~"
_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\[O])", re.DOTALL)
"""Arrow keys, function keys, Alt with a letter: only two arrows have a meaning."""

_UNFINISHED: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")

ESCAPE_SECONDS: Final = 0.05
"""How long the rest of a key that sends several bytes may take: after that, Escape was pressed."""

_MAX_PASTE_BYTES: Final = 65_536
PASTE_ON: Final = "\x1b[?2004h"
PASTE_OFF: Final = "\x1b[?2004l"
"""Have the terminal say what is pasted: no letter of it is taken for a key."""


class Keyboard:
    """Reads keys as they are pressed, without echo; Ctrl-C still interrupts."""

    def __init__(self, descriptor: int, encoding: str = "utf-8") -> None:
        self._descriptor = descriptor
        self._before: list[int | list[bytes | int]] | None = None
        self._waiting: deque[Stroke] = deque()
        self._unread = b""
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("ignore")
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    def open(self) -> None:
        """Switch line editing and echo off, and Ctrl-Z: a stopped process would lose sound unseen."""
        self._before = termios.tcgetattr(self._descriptor)
        modes = termios.tcgetattr(self._descriptor)
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        modes[6][termios.VMIN] = 1
        modes[6][termios.VTIME] = 0
        modes[6][termios.VSUSP] = os.fpathconf(self._descriptor, "PC_VDISABLE")
        termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)

    def wait(self, timeout_seconds: float) -> Stroke | None:
        """Wait for a key, for `wake`, or for the time to pass."""
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
        # The pipe is full where very many wakes are waiting already.
        with suppress(BlockingIOError):
            os.write(self._wake_write, b".")

    def close(self) -> None:
        """Put the terminal's modes back and forget keys not read; a second call does nothing."""
        before, self._before = self._before, None
        if before is None:
            return
        # The terminal may be gone, and its modes with it.
        with suppress(termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSANOW, before)
            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def __del__(self) -> None:
        """Close the pipe that `wake` writes to."""
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _read(self) -> None:
        pressed = self._read_some()
        if not pressed:
            self._waiting.append(Stroke("gone"))
        self._unread += pressed
        while _UNFINISHED.search(self._unread) and self._has_more():
            if not (pressed := self._read_some()):
                break
            self._unread += pressed
        self._take()

    def _read_some(self) -> bytes:
        try:
            return os.read(self._descriptor, 4096)
        except OSError:
            return b""

    def _has_more(self) -> bool:
        return bool(select.select([self._descriptor], [], [], ESCAPE_SECONDS)[0])

    def _take(self) -> None:
        """Turn what was read into keys; the beginning of a paste waits for its end."""
        while self._unread:
            if self._unread.startswith(_PASTE_START):
                paste = _PASTE.match(self._unread)
                if paste is None:
                    if len(self._unread) > _MAX_PASTE_BYTES:
                        self._unread = _PASTE_START + self._unread[-len(_PASTE_START) :]
                    return
                self._waiting.append(Stroke("paste", paste[1].decode(self._encoding, errors="ignore")))
                self._unread = self._unread[paste.end() :]
            elif self._unread.startswith(b"\x1b"):
                self._take_sequence()
            else:
                text, escape, rest = self._unread.partition(b"\x1b")
                self._unread = escape + rest
                for character in self._decoder.decode(text):
                    if stroke := _CONTROLS.get(character):
                        self._waiting.append(stroke)
                    elif character.isprintable():
                        self._waiting.append(Stroke("text", character))

    def _take_sequence(self) -> None:
        sequence = _SEQUENCE.match(self._unread)
        if sequence is not None:
            self._unread = self._unread[sequence.end() :]
            if arrow := _ARROWS.get(sequence[0]):
                self._waiting.append(arrow)
        else:
            # Alone, it is the key; what is cut, nobody knows.
            if self._unread == b"\x1b":
                self._waiting.append(Stroke("escape"))
            self._unread = b""


_MAX_LINES: Final = 200
_MAX_LINE_BYTES: Final = 500
_READ_BYTES: Final = 65_536


class StderrCapture:
    """Replaces a file descriptor by a pipe and reads it in a thread.

    PortAudio and ALSA write there themselves, past `sys.stderr`. Memory is bounded: the last 200 lines are
    kept, each cut at 500 bytes, and how many went before is counted.
    """

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._saved: int | None = None
        self._lines: deque[tuple[float, str]] = deque(maxlen=_MAX_LINES)
        self._num_lines = 0
        self._unfinished = b""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop_write = -1

    def open(self) -> None:
        """Start to capture."""
        flush_stderr()
        read_end, write_end = os.pipe()
        stop_read, self._stop_write = os.pipe()
        with loud_stderr():
            self._saved = os.dup(self._descriptor)
            os.dup2(write_end, self._descriptor)
        os.close(write_end)
        os.set_blocking(read_end, False)
        self._thread = threading.Thread(
            target=self._read, args=(read_end, stop_read), name="callmood-stderr", daemon=True
        )
        self._thread.start()

    def recent(self, seconds: float) -> tuple[str, ...]:
        """Give the lines of the last seconds."""
        since = time.monotonic() - seconds
        with self._lock:
            return tuple(line for moment, line in self._lines if moment >= since)

    def close(self) -> None:
        """Put the descriptor back, then write out what was captured; a second call does nothing."""
        saved, self._saved = self._saved, None
        if saved is None:
            return
        flush_stderr()
        with loud_stderr():
            os.dup2(saved, self._descriptor)
        os.close(saved)
        # The end of the pipe may never come: a child process may hold it open.
        os.close(self._stop_write)
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        with self._lock:
            lines = [line for _, line in self._lines]
            omitted = self._num_lines - len(lines)
        if omitted:
            lines.insert(0, f"… {omitted} lines before these were not kept")
        # Where standard error is gone, there is no place for a message either.
        with suppress(OSError), open(self._descriptor, "wb", closefd=False) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())

    def _read(self, read_end: int, stop_read: int) -> None:
        stopped = False
        with open(read_end, "rb", buffering=0) as captured:
            while not stopped:
                ready, _, _ = select.select([read_end, stop_read], [], [])
                stopped = stop_read in ready
                # None where there is no more for now.
                while written := captured.read(_READ_BYTES):
                    self._take(written)
        if self._unfinished:
            self._take(b"\n")
        os.close(stop_read)

    def _take(self, written: bytes) -> None:
        *whole, rest = (self._unfinished + written).split(b"\n")
        self._unfinished = rest[:_MAX_LINE_BYTES]
        now = time.monotonic()
        with self._lock:
            for line in whole:
                if text := line[:_MAX_LINE_BYTES].decode(errors="replace").rstrip():
                    self._num_lines += 1
                    self._lines.append((now, text))
