"""A sink that holds the folder of recordings to its bounds, from a thread of its own."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from emotion.printable import printable
from streamer.alerts.complaints import Complaints
from streamer.retention.bounds import Bounds
from streamer.retention.file_clock import FileClock, steady_seconds
from streamer.retention.size_text import size_text
from streamer.retention.tidying import Tidied, Tidying
from streamer.row import Row
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink

EVERY_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 5.0
"""How long the end of a session waits for the last pass."""

_BUSY_SECONDS: Final = 1.0
"""When to try again where another process is tidying."""

_LAST_SECONDS: Final = 0.5
_MAX_SAID: Final = 64


class Retention(Sink):
    """Tidies when the session begins, every minute, and when it ends.

    A minute is one of the clock or of the stream, whichever is over first: a replay may record an hour while
    the clock passes a minute. What goes wrong in it becomes a complaint: no recording hangs on it.

    Parameters
    ----------
    out_dir : Path
        The folder of all recordings.
    bounds : Bounds
        What it is held to.
    every_seconds : float, optional
        From the end of a pass to the next, s; of the clock, and of the stream.
    patience_seconds : float, optional
        How long the end of the session waits, s; what is left then is for the next session.
    clock : callable, optional
        Gives seconds since the epoch; unless given, those of a `FileClock`.
    """

    def __init__(
        self,
        out_dir: Path,
        bounds: Bounds,
        *,
        every_seconds: float = EVERY_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._out_dir = out_dir
        self._bounds = bounds
        self._every_seconds = every_seconds
        self._patience_seconds = patience_seconds
        self._clock = FileClock(bounds.keep_seconds or 0.0) if clock is None else clock
        self._tidying = Tidying(out_dir, bounds)
        self._complaints = Complaints()
        self._said: set[str] = set()
        self._began = steady_seconds()
        self._stream_seconds = 0.0
        self._due_seconds = every_seconds
        self._wanted = threading.Event()
        self._ending = threading.Event()
        self._given_up = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, facts: SessionFacts) -> None:
        """Start the thread, and with it the first pass."""
        # A daemon: a disk that hangs must not keep the program from ending.
        self._thread = threading.Thread(
            target=self._run, args=(facts.session,), name="callmood-retention", daemon=True
        )
        self._thread.start()

    def take_row(self, row: Row) -> None:
        """Have the recordings tidied where a minute of the stream is over."""
        self._stream_seconds = row.end
        if row.end >= self._due_seconds:
            self._wanted.set()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What could not be removed, and what was left alone."""
        return self._complaints.lines

    def close(self, summary: Summary | None) -> None:
        """Wait a little for the last pass, then give it up; a second call does nothing."""
        if self._thread is None:
            return
        if summary is None:
            self._given_up.set()
        self._ending.set()
        self._wanted.set()
        try:
            self._over.wait(self._patience_seconds)
        finally:
            # Also where the user insists while we wait.
            self._given_up.set()
            self._over.wait(_LAST_SECONDS)
            self._thread = None

    def _run(self, session: str) -> None:
        try:
            wait_seconds = 0.0
            while not self._is_ending_after(wait_seconds):
                self._due_seconds = self._stream_seconds + self._every_seconds
                wait_seconds = self._every_seconds if self._tidy(session).is_done else _BUSY_SECONDS
            if not self._given_up.is_set():
                self._end(self._tidy(session))
        except Exception as error:  # noqa: BLE001 - no tidiness is worth the recording
            self._complain(f"recordings are tidied no more: {error!r}")
        finally:
            self._over.set()

    def _is_ending_after(self, seconds: float) -> bool:
        """Wait for the next pass, or for the end."""
        self._wanted.wait(seconds)
        # Before looking whether it ends: `close` says that first, and sets this once more.
        self._wanted.clear()
        return self._ending.is_set()

    def _tidy(self, session: str) -> Tidied:
        seconds = steady_seconds() - self._began
        tidied = self._tidying.run(self._clock(), session, self._given_up.is_set, own_seconds=seconds)
        for line in tidied.complaints:
            self._complain(line)
        return tidied

    def _end(self, tidied: Tidied) -> None:
        """Say so where the bound does not hold."""
        bound = self._bounds.max_bytes
        if bound is not None and tidied.num_bytes > bound:
            self._complain(
                f"{printable(self._out_dir)} holds {size_text(tidied.num_bytes)} of recordings, "
                f"more than {size_text(bound)}: what is left is being recorded, or could not be removed"
            )

    def _complain(self, line: str) -> None:
        """Say each thing once, however often it is met."""
        if line not in self._said and len(self._said) < _MAX_SAID:
            self._said.add(line)
            self._complaints.add(line)
