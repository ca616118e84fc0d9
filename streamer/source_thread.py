"""The thread in which a source reads, and the end of it."""

import threading
from collections.abc import Callable

from streamer.intake import Intake


class SourceThread:
    """Reads until there is no more, then closes the queue: with the error, where there was one.

    Parameters
    ----------
    name : str
        Of the thread.
    read : callable
        Puts blocks into the queue; may raise anything.
    daemon : bool
        True where a read may hang for good: no exit waits for it.

    Attributes
    ----------
    stopping : threading.Event
        Set from `stop` on: `read` is to return.
    """

    def __init__(self, name: str, read: Callable[[Intake], None], *, daemon: bool = False) -> None:
        self.stopping = threading.Event()
        self._name = name
        self._read = read
        self._daemon = daemon
        # Waited for in place of the thread: a join that Ctrl-C interrupts takes a running thread for ended.
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._queue: Intake | None = None

    def start(self, queue: Intake) -> None:
        """Begin to read.

        Parameters
        ----------
        queue : Intake
            Handed to `read`, and closed after it.
        """
        self._queue = queue
        self._thread = threading.Thread(target=self._run, args=(queue,), name=self._name, daemon=self._daemon)
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end, and close the queue; a second call does nothing."""
        self.stopping.set()
        if self._queue is not None:
            self._queue.close()

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended.

        Parameters
        ----------
        seconds : float
            The longest wait, s.

        Returns
        -------
        bool
            False where it still reads after that, or was never started.
        """
        if self._thread is None or not self._ended.wait(seconds):
            return False
        self._thread.join()
        return True

    def _run(self, queue: Intake) -> None:
        try:
            self._read(queue)
        except Exception as error:  # noqa: BLE001 - the session raises it once everything is in order
            queue.close(error)
        else:
            queue.close()
        finally:
            self._ended.set()
