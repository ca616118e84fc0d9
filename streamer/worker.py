"""The worker thread: it takes blocks from the queues, runs the pipeline and publishes snapshots."""

import threading
import time
from collections.abc import Callable
from typing import Final

from emotion import wall_clock
from streamer.events import CommandKind, UserCommand, UserCommandQueue
from streamer.pipeline import Pipeline
from streamer.sources.queue import SourceMultiplexer

WAIT_SECONDS: Final = 0.1
"""How long a key waits for its answer where no sound comes."""

PUBLISH_SECONDS: Final = 0.1
DRAIN_SECONDS: Final = 5.0
LAST_SECONDS: Final = 5.0


class Worker:
    """Takes blocks from the multiplexer until it is drained, and leaves the latest snapshot for the screen.

    `ended` is called from the thread when it has nothing more to do, and must not block.

    Attributes
    ----------
    latest : Snapshot
        Replaced as a whole, so any thread may read it at any time.
    error : Exception or None
        What ended the work before its time.
    """

    def __init__(
        self,
        multiplexer: SourceMultiplexer,
        pipeline: Pipeline,
        ended: Callable[[], None],
    ) -> None:
        self._multiplexer = multiplexer
        self._pipeline = pipeline
        self._commands = UserCommandQueue(len(multiplexer.queues))
        self._ended = ended
        self._thread = threading.Thread(target=self._run, name="callmood-worker")
        self._next_publish = 0.0
        self._is_started = False
        self.error: Exception | None = None
        # Waited for in place of the thread: a join that Ctrl-C interrupts takes a running thread for ended.
        self._over = threading.Event()
        self.latest = self._pipeline.snapshot(self._multiplexer)

    def start(self) -> None:
        """Begin to work."""
        self._is_started = True
        self._thread.start()

    def stop(self) -> bool:
        """Wait until the queue is drained; give up what is inside where that takes too long."""
        if not self._is_started:
            return True
        try:
            self._over.wait(DRAIN_SECONDS)
        finally:
            # Also where the user insists while we wait.
            if not self.is_done:
                self._multiplexer.discard()
                self._over.wait(LAST_SECONDS)
        if self.is_done:
            self._thread.join()
        return self.is_done

    def command(self, kind: CommandKind) -> None:
        """Let the user pause, go on, or mark, at the samples that have just arrived."""
        self._commands.give(UserCommand(kind, self._multiplexer.end_samples, wall_clock.now()))

    @property
    def is_done(self) -> bool:
        """True once the thread has done all it had to do."""
        return self._over.is_set()

    @property
    def is_running(self) -> bool:
        """True while the thread may still take blocks and tell sinks."""
        return self._is_started and not self.is_done

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - the session raises it after the ordered stop
            self.error = error
        finally:
            self.latest = self._pipeline.snapshot(self._multiplexer)
            self._over.set()
            self._ended()

    def _work(self) -> None:
        while not (self._multiplexer.drained or self._pipeline.is_over):
            found = self._multiplexer.get(WAIT_SECONDS)
            if found is None:
                self._obey_all()
            else:
                source, block = found
                self._obey(source, block.first_sample)
                self._pipeline.take(source, block)
            self._pipeline.look_for_sources(time.monotonic(), self._multiplexer.queues)
            if time.monotonic() >= self._next_publish:
                self.latest = self._pipeline.snapshot(self._multiplexer)
                self._next_publish = time.monotonic() + PUBLISH_SECONDS
        self._obey_all()
        self._pipeline.finish()
        self._pipeline.count_missing(time.monotonic(), self._multiplexer.queues)

    def _obey_all(self) -> None:
        for source in self._pipeline.sources:
            self._obey(source.number, source.position)

    def _obey(self, source: int, position: int) -> None:
        for command in self._commands.due(source, position):
            self._pipeline.obey(source, command)
