"""Queues between sources and the worker: bounded in seconds, drops counted, read in order of arrival."""

import threading
import time
from collections import deque
from collections.abc import Sequence

from streamer.events import AudioBlock


class BlockQueue:
    """Blocks on their way from one source to one worker.

    A live source must never wait: `put` makes room by dropping the oldest block. A file can: `put_waiting`
    holds it back and nothing is lost. `news` is set at every change, for a reader of several queues.

    Attributes
    ----------
    end_sample : int
        Index after the last sample ever put.
    overruns : int
        Blocks before which the card lost input, dropped ones included.
    absence : str or None
        Why the source's device is away; None if it is there.
    closed_at : float or None
        ``time.monotonic()`` when it was closed, s; None before.
    error : BaseException or None
        What ended the source, unless it reached its natural end.
    """

    def __init__(self, max_seconds: float, sample_rate: int, news: threading.Event | None = None) -> None:
        self._max_samples = max_seconds * sample_rate
        self._sample_rate = sample_rate
        self._blocks: deque[AudioBlock] = deque()
        self._num_samples = 0
        self._dropped_samples = 0
        self.end_sample = 0
        self.overruns = 0
        self.absence: str | None = None
        self.closed_at: float | None = None
        self.error: BaseException | None = None
        self._news = news or threading.Event()
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._emptied = threading.Condition(self._lock)

    def put(self, block: AudioBlock) -> None:
        """Append a block at once; if it does not fit, the oldest ones are dropped and counted."""
        with self._lock:
            while self._blocks and not self._fits(block):
                self._drop_oldest()
            self._append(block)

    def put_waiting(self, block: AudioBlock) -> bool:
        """Append a block as soon as there is room; False once the queue is closed."""
        with self._lock:
            self._emptied.wait_for(lambda: self.closed or not self._blocks or self._fits(block))
            self._append(block)
            return not self.closed

    def get(self, timeout_seconds: float) -> AudioBlock | None:
        """Take the oldest block; None if there is none after the timeout, or at the end."""
        with self._lock:
            self._filled.wait_for(lambda: bool(self._blocks) or self.closed, timeout_seconds)
            if not self._blocks:
                return None
            block = self._take_oldest()
            self._emptied.notify()
            return block

    def note_absence(self, reason: str | None) -> None:
        """Note that the source's device is away and will be reopened, or is back."""
        with self._lock:
            self.absence = reason
            self._news.set()

    def close(self, error: BaseException | None = None) -> None:
        """Take no more blocks; those inside can still be taken. A second call changes nothing."""
        with self._lock:
            if not self.closed:
                self.error = error
                self.closed_at = time.monotonic()
                self._filled.notify_all()
                self._emptied.notify_all()
                self._news.set()

    def discard(self) -> None:
        """Drop and count what is inside, for a stop that cannot wait."""
        with self._lock:
            while self._blocks:
                self._drop_oldest()
            self._emptied.notify_all()

    @property
    def closed(self) -> bool:
        """True once the source delivers nothing more."""
        return self.closed_at is not None

    @property
    def drained(self) -> bool:
        """True once the queue is closed and empty."""
        with self._lock:
            return self.closed and not self._blocks

    @property
    def oldest_arrival(self) -> float | None:
        """Arrival time of the block that `get` would give, by ``time.monotonic()``, s."""
        with self._lock:
            return self._blocks[0].arrived if self._blocks else None

    @property
    def dropped_seconds(self) -> float:
        """Sound dropped so far, s."""
        return self._dropped_samples / self._sample_rate

    def _fits(self, block: AudioBlock) -> bool:
        return self._num_samples + len(block.samples) <= self._max_samples

    def _append(self, block: AudioBlock) -> None:
        if self.closed:
            return
        self._blocks.append(block)
        self._num_samples += len(block.samples)
        self.overruns += block.overrun
        self.end_sample = block.end_sample
        self._filled.notify()
        self._news.set()

    def _drop_oldest(self) -> None:
        self._dropped_samples += len(self._take_oldest().samples)

    def _take_oldest(self) -> AudioBlock:
        block = self._blocks.popleft()
        self._num_samples -= len(block.samples)
        return block


class SourceMultiplexer:
    """A queue for each source, `queues`, and one place where the worker waits for all of them."""

    def __init__(self, max_seconds: Sequence[float], sample_rates: Sequence[int]) -> None:
        self._news = threading.Event()
        self.queues = tuple(
            BlockQueue(seconds, rate, self._news)
            for seconds, rate in zip(max_seconds, sample_rates, strict=True)
        )

    def get(self, timeout_seconds: float) -> tuple[int, AudioBlock] | None:
        """Take the block that has waited longest, with the number of its source."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            # Before the queues are read: a block that comes meanwhile sets it again.
            self._news.clear()
            arrival_times = ((queue.oldest_arrival, number) for number, queue in enumerate(self.queues))
            waiting = [(arrived, number) for arrived, number in arrival_times if arrived is not None]
            if waiting:
                number = min(waiting)[1]
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
        """Drop and count what is inside, for a stop that cannot wait."""
        for queue in self.queues:
            queue.discard()

    @property
    def drained(self) -> bool:
        """True once all sources have ended, or one has failed, and all queues are empty."""
        if any(queue.error for queue in self.queues):
            self.close()
        return all(queue.drained for queue in self.queues)

    @property
    def error(self) -> BaseException | None:
        """Error of the first source that failed."""
        return next((queue.error for queue in self.queues if queue.error is not None), None)

    @property
    def end_samples(self) -> tuple[int, ...]:
        """Index after the last sample ever put, by number of the source."""
        return tuple(queue.end_sample for queue in self.queues)

    @property
    def absences(self) -> tuple[str | None, ...]:
        """Why its device is away, by number of the source; None if it is there."""
        return tuple(queue.absence for queue in self.queues)

    @property
    def dropped_seconds(self) -> float:
        """Sound dropped so far by all queues, s."""
        return sum(queue.dropped_seconds for queue in self.queues)

    @property
    def overruns(self) -> int:
        """How often a card has lost input."""
        return sum(queue.overruns for queue in self.queues)
