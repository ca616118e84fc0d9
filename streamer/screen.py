"""What a session shows itself on: a panel in a terminal, or nothing at all."""

import queue
from typing import Literal, TypeAlias

from streamer.session_facts import SessionFacts, Summary
from streamer.snapshot import Snapshot

Key: TypeAlias = Literal["pause", "mark", "quit"]
"""What a user can ask for; "pause" also ends a pause."""


class Screen:
    """Shows nothing and hears no key; a panel overrides what it draws and reads.

    All calls but `wake` come from the main thread, in this order: `open` once, before the sound starts;
    `draw` and `poll` in turns, at most four draws a second; `close` once, also after an error. Lines
    printed one a window are no screen but a `Sink`.
    """

    def __init__(self) -> None:
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()

    def open(self, facts: SessionFacts) -> None:
        """Take the terminal over.

        Parameters
        ----------
        facts : SessionFacts
            What will not change.
        """

    def draw(self, snapshot: Snapshot) -> None:
        """Show the latest state; quick, and safe at any size of the terminal.

        Parameters
        ----------
        snapshot : Snapshot
            May be the same one as before.
        """

    def poll(self, timeout_seconds: float) -> Key | None:
        """Wait for a key, for a call of `wake`, or for the time to pass, whichever comes first.

        Parameters
        ----------
        timeout_seconds : float
            The longest wait, s; 0 looks and leaves.

        Returns
        -------
        {'pause', 'mark', 'quit'} or None
            None where no key that means anything was pressed.
        """
        try:
            self._wakes.get(timeout=timeout_seconds)
        except queue.Empty:
            return None
        return None

    def wake(self) -> None:
        """Make a waiting `poll` return at once; the next `poll` where none is waiting.

        Called from other threads and from signal handlers, so it must take no lock: the put of a
        `SimpleQueue` or one byte written to a pipe will do.
        """
        self._wakes.put(None)

    def close(self, summary: Summary | None) -> None:
        """Give the terminal back; a second call does nothing.

        Parameters
        ----------
        summary : Summary or None
            The last word; None where the session failed.
        """
