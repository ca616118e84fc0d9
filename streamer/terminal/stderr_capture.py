"""What libraries write to file descriptor 2 while the panel is drawn: shown, and written out afterwards."""

import os
import select
import sys
import threading
import time
from collections import deque
from typing import Final

from streamer.quiet_stderr import loud_stderr

_MAX_LINES: Final = 200
_MAX_LINE_BYTES: Final = 500
_READ_BYTES: Final = 65_536


class StderrCapture:
    """Puts a pipe in the place of a file descriptor and reads it in a thread of its own.

    PortAudio and ALSA write there themselves, past `sys.stderr`. Memory is bounded: the last 200 lines are
    kept, each cut at 500 bytes, and how many went before is counted.

    Parameters
    ----------
    descriptor : int
        2 but in tests.
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
        """Begin to capture."""
        _flush_stderr()
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
        """Give the lines of the last seconds.

        Parameters
        ----------
        seconds : float
            How far back, s.

        Returns
        -------
        tuple of str
            Oldest first; an unfinished line is not among them.
        """
        since = time.monotonic() - seconds
        with self._lock:
            return tuple(line for moment, line in self._lines if moment >= since)

    def close(self) -> None:
        """Put the descriptor back, then write out what was captured; a second call does nothing."""
        saved, self._saved = self._saved, None
        if saved is None:
            return
        _flush_stderr()
        with loud_stderr():
            os.dup2(saved, self._descriptor)
        os.close(saved)
        # Not by the end of the pipe: a child process may hold it open for ever.
        os.close(self._stop_write)
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        with self._lock:
            lines = [line for _, line in self._lines]
            omitted = self._num_lines - len(lines)
        if omitted:
            lines.insert(0, f"… {omitted} lines before these were not kept")
        if lines:
            _write_all(self._descriptor, "".join(f"{line}\n" for line in lines).encode())

    def _read(self, read_end: int, stop_read: int) -> None:
        stopped = False
        while not stopped:
            ready, _, _ = select.select([read_end, stop_read], [], [])
            stopped = stop_read in ready
            self._drain(read_end)
        if self._unfinished:
            self._take(b"\n")
        os.close(read_end)
        os.close(stop_read)

    def _drain(self, read_end: int) -> None:
        while True:
            try:
                written = os.read(read_end, _READ_BYTES)
            except BlockingIOError:
                return
            if not written:
                return
            self._take(written)

    def _take(self, written: bytes) -> None:
        *whole, rest = (self._unfinished + written).split(b"\n")
        self._unfinished = rest[:_MAX_LINE_BYTES]
        now = time.monotonic()
        with self._lock:
            for line in whole:
                text = line[:_MAX_LINE_BYTES].decode(errors="replace").rstrip()
                if text:
                    self._num_lines += 1
                    self._lines.append((now, text))


def _flush_stderr() -> None:
    if sys.stderr is not None and not sys.stderr.closed:
        sys.stderr.flush()


def _write_all(descriptor: int, text: bytes) -> None:
    try:
        while text:
            text = text[os.write(descriptor, text) :]
    except OSError:
        return  # Standard error is gone; there is nowhere left to say it.
