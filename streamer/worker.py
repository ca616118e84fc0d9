"""The worker thread: it takes blocks from the queues, runs the pipeline and publishes snapshots."""

import threading
import time
from collections.abc import Callable
from typing import Final

from streamer.analysis.spectrogram import SpectrogramColumns
from streamer.events import UserCommandQueue
from streamer.pipeline import Pipeline
from streamer.snapshot import Snapshot
from streamer.sources.queue import SourceMultiplexer

WAIT_SECONDS: Final = 0.1
"""How long a key waits for its answer where no sound comes."""

PUBLISH_SECONDS: Final = 0.1
DRAIN_SECONDS: Final = 5.0
LAST_SECONDS: Final = 5.0


class Worker:
    """Takes blocks from the inbox until it is drained, and leaves the latest snapshot for the screen.

    Attributes
    ----------
    latest : Snapshot
        Replaced as a whole, so any thread may read it at any time.
    error : Exception or None
        What ended the work before its time.
    """

    def __init__(
        self,
        inbox: SourceMultiplexer,
        listening: Pipeline,
        commands: UserCommandQueue,
        spectrogram: SpectrogramColumns | None,
        ended: Callable[[], None],
    ) -> None:
        self._inbox = inbox
        self._listening = listening
        self._commands = commands
        self._spectrogram = spectrogram
        self._ended = ended
        self._thread = threading.Thread(target=self._run, name="callmood-worker")
        self._next_publish = 0.0
        self._is_started = False
        self.error: Exception | None = None
        # Waited for in place of the thread: a join that Ctrl-C interrupts takes a running thread for ended.
        self._over = threading.Event()
        self.latest = self._snapshot()

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
                self._inbox.discard()
                self._over.wait(LAST_SECONDS)
        if self.is_done:
            self._thread.join()
        return self.is_done

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
            self.latest = self._snapshot()
            self._over.set()
            self._ended()

    def _work(self) -> None:
        while not (self._inbox.drained or self._listening.is_over):
            found = self._inbox.get(WAIT_SECONDS)
            if found is None:
                self._obey_all()
            else:
                source, block = found
                self._obey(source, block.first_sample)
                self._listening.take(source, block)
            self._listening.look_for_sources(time.monotonic(), self._inbox.queues)
            if time.monotonic() >= self._next_publish:
                self.latest = self._snapshot()
                self._next_publish = time.monotonic() + PUBLISH_SECONDS
        self._obey_all()
        self._listening.finish()
        self._listening.count_missing(time.monotonic(), self._inbox.queues)

    def _obey_all(self) -> None:
        for source in self._listening.sources:
            self._obey(source.number, source.position)

    def _obey(self, source: int, position: int) -> None:
        for command in self._commands.due(source, position):
            self._listening.obey(source, command)

    def _snapshot(self) -> Snapshot:
        listening, tally = self._listening, self._listening.tally
        return Snapshot(
            stream_seconds=listening.stream_seconds,
            windows=tally.windows,
            legs=listening.leg_views,
            lag_seconds=tally.lag_seconds,
            real_time_factor=listening.real_time_factor,
            overruns=self._inbox.overruns,
            gaps=tally.gaps,
            marks=tally.marks,
            dropped_seconds=self._inbox.dropped_seconds,
            paused=listening.paused,
            saving=listening.saving,
            messages=tuple(listening.messages),
            spectrogram=None if self._spectrogram is None else self._spectrogram.view(),
            overlap_seconds=listening.overlap_seconds,
            drift_seconds=listening.drift_seconds,
            num_alerts=listening.alerting.num_alerts,
            alerts=listening.alerting.holding,
            absent=listening.absent,
            mute=listening.mute,
            skipped=tally.skipped,
            too_slow=listening.too_slow,
        )
