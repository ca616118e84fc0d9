"""What comes from all sources of a session, one block after the other, in the order of arrival."""

import threading
import time
from collections.abc import Sequence

from streamer.block import AudioBlock
from streamer.block_queue import BlockQueue


class Inbox:
    """A queue for each source, and one place for the worker to wait at.

    Parameters
    ----------
    max_seconds : sequence of float
        How much sound each queue holds, s, by number of the source.
    sample_rates : sequence of int
        Of the sources, Hz.

    Attributes
    ----------
    queues : tuple of BlockQueue
        By number of the source: each is filled by its own.
    """

    def __init__(self, max_seconds: Sequence[float], sample_rates: Sequence[int]) -> None:
        self._news = threading.Event()
        self.queues = tuple(
            BlockQueue(seconds, rate, self._news)
            for seconds, rate in zip(max_seconds, sample_rates, strict=True)
        )

    def get(self, timeout_seconds: float) -> tuple[int, AudioBlock] | None:
        """Take the block that has waited longest.

        Parameters
        ----------
        timeout_seconds : float
            The longest wait, s.

        Returns
        -------
        (int, AudioBlock) or None
            The number of its source and the block; None where none came in time, or none will ever come.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            # Before looking: what comes while we look sets it again.
            self._news.clear()
            arrivals = [
                (arrival, number) for number, arrival in enumerate(self._arrivals()) if arrival is not None
            ]
            if arrivals:
                number = min(arrivals)[1]
                block = self.queues[number].get(0.0)
                if block is not None:
                    return number, block
            if self.drained or not self._news.wait(max(0.0, deadline - time.monotonic())):
                return None

    def close(self) -> None:
        """Take no more blocks; those inside can still be taken."""
        for queue in self.queues:
            queue.close()

    def discard(self) -> None:
        """Drop what is inside, and count it, for a stop that cannot wait."""
        for queue in self.queues:
            queue.discard()

    @property
    def drained(self) -> bool:
        """True once all was taken, and all sources have ended, or one has failed."""
        if any(queue.error for queue in self.queues):
            self.close()
        return all(queue.drained for queue in self.queues)

    @property
    def error(self) -> BaseException | None:
        """What ended the first source that did not end by itself."""
        return next((queue.error for queue in self.queues if queue.error is not None), None)

    @property
    def end_samples(self) -> tuple[int, ...]:
        """One past the last sample ever put, by number of the source."""
        return tuple(queue.end_sample for queue in self.queues)

    @property
    def absences(self) -> tuple[str | None, ...]:
        """Why its device is away just now, by number of the source; None for one that is there."""
        return tuple(queue.absence for queue in self.queues)

    @property
    def dropped_seconds(self) -> float:
        """Sound dropped so far by all queues, s."""
        return sum(queue.dropped_seconds for queue in self.queues)

    @property
    def overruns(self) -> int:
        """How often a card has lost input."""
        return sum(queue.overruns for queue in self.queues)

    def _arrivals(self) -> list[float | None]:
        return [queue.oldest_arrival for queue in self.queues]
