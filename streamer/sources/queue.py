"""Queues between sources and the worker: bounded in seconds, drops counted, read in order of arrival."""

import threading
import time
from collections import deque
from collections.abc import Sequence

from streamer.events import AudioBlock


class BlockQueue:
    """Blocks on their way from one source to one worker.

    A live source must never wait: `put` makes room by dropping the oldest block. A file can: `put_waiting`
    holds it back and nothing is lost. Whoever waits is woken, nobody looks again and again.
    """

    def __init__(self, max_seconds: float, sample_rate: int, news: threading.Event | None = None) -> None:
        self._max_samples = max_seconds * sample_rate
        self._sample_rate = sample_rate
        self._blocks: deque[AudioBlock] = deque()
        self._num_samples = 0
        self._dropped_samples = 0
        self._overruns = 0
        self._end_sample = 0
        self._closed = False
        self._closed_at: float | None = None
        self._error: BaseException | None = None
        self._absence: str | None = None
        self._news = news
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._emptied = threading.Condition(self._lock)

    def put(self, block: AudioBlock) -> None:
        """Append a block at once; the oldest ones are dropped, and counted, where it does not fit."""
        with self._lock:
            while self._blocks and not self._fits(block):
                self._drop_oldest()
            self._append(block)

    def put_waiting(self, block: AudioBlock) -> bool:
        """Append a block as soon as there is room."""
        with self._lock:
            self._emptied.wait_for(lambda: self._closed or not self._blocks or self._fits(block))
            self._append(block)
            return not self._closed

    def get(self, timeout_seconds: float) -> AudioBlock | None:
        """Take the oldest block."""
        with self._lock:
            self._filled.wait_for(lambda: bool(self._blocks) or self._closed, timeout_seconds)
            if not self._blocks:
                return None
            block = self._take_oldest()
            self._emptied.notify()
            return block

    def note_absence(self, reason: str | None) -> None:
        """Learn that the source's device is away and is waited for, or is back."""
        with self._lock:
            self._absence = reason
            self._tell_news()

    def close(self, error: BaseException | None = None) -> None:
        """Take no more blocks; those inside can still be taken. A second call changes nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._closed_at = time.monotonic()
                self._error = error
                self._filled.notify_all()
                self._emptied.notify_all()
                self._tell_news()

    def discard(self) -> None:
        """Drop what is inside, and count it, for a stop that cannot wait."""
        with self._lock:
            while self._blocks:
                self._drop_oldest()
            self._emptied.notify_all()

    @property
    def closed(self) -> bool:
        """True once the source delivers nothing more."""
        with self._lock:
            return self._closed

    @property
    def closed_at(self) -> float | None:
        """``time.monotonic()`` when it was closed, s; None before."""
        with self._lock:
            return self._closed_at

    @property
    def drained(self) -> bool:
        """True once the queue is closed and its last block taken."""
        with self._lock:
            return self._closed and not self._blocks

    @property
    def error(self) -> BaseException | None:
        """What ended the source, if anything did."""
        with self._lock:
            return self._error

    @property
    def absence(self) -> str | None:
        """Why the source's device is away just now; None where it is there."""
        with self._lock:
            return self._absence

    @property
    def oldest_arrival(self) -> float | None:
        """``time.monotonic()`` at the arrival of the block that `get` would give, s."""
        with self._lock:
            return self._blocks[0].arrived if self._blocks else None

    @property
    def end_sample(self) -> int:
        """One past the last sample ever put, in the numbers of the stream."""
        with self._lock:
            return self._end_sample

    @property
    def dropped_seconds(self) -> float:
        """Sound dropped so far, s."""
        with self._lock:
            return self._dropped_samples / self._sample_rate

    @property
    def overruns(self) -> int:
        """Blocks before which the card had lost input, those dropped included."""
        with self._lock:
            return self._overruns

    def _fits(self, block: AudioBlock) -> bool:
        return self._num_samples + len(block.samples) <= self._max_samples

    def _append(self, block: AudioBlock) -> None:
        if self._closed:
            return
        self._blocks.append(block)
        self._num_samples += len(block.samples)
        self._overruns += block.overrun
        self._end_sample = block.end_sample
        self._filled.notify()
        self._tell_news()

    def _tell_news(self) -> None:
        if self._news is not None:
            self._news.set()

    def _drop_oldest(self) -> None:
        self._dropped_samples += len(self._take_oldest().samples)

    def _take_oldest(self) -> AudioBlock:
        block = self._blocks.popleft()
        self._num_samples -= len(block.samples)
        return block


class SourceMultiplexer:
    """A queue for each source, and one place for the worker to wait at.

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
        """Take the block that has waited longest."""
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
