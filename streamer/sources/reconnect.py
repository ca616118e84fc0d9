"""Wait for a device that went away, reopen it by its name, and go on within the same session."""

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from emotion.errors import DeviceError
from streamer.blocking_calls import BackgroundCall
from streamer.events import AudioBlock
from streamer.sources.base import BlockReceiver, Source, SourceInfo, SourceThread

RETRY_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 4.0)
"""Waits between attempts to reopen; the last one repeats."""

POLL_SECONDS: Final = 0.5
QUIET_POLLS: Final = 5
"""After so many polls in a row without a block the device counts as away. Polls, not seconds: if this process
was stopped, blocks may be waiting."""

FIRST_POLLS: Final = 20
"""The same before the first block: some devices take seconds to wake up."""

PROBE_POLLS: Final = 2
"""After so many polls without a block a source that `stalls` is probed, again and again."""

PROBE_TIMEOUT_SECONDS: Final = 0.5
"""A probe that has not returned after this time, when the session ends, counts as hanging."""

MAX_MISSING_SECONDS: Final = 1.0
"""Less sound than this missing at the end is no loss: blocks take a moment."""

MAX_START_SECONDS: Final = 3.0
"""The same if no block has come at all."""

STOP_SECONDS: Final = 10.0
"""How long a device that delivers may take to be released."""

ABANDON_SECONDS: Final = 0.3
"""How long a device that delivers nothing may take: it may hang for good, and is left to itself."""


class ReconnectingSource:
    """Delivers from a device; reopens it whenever it ends with a DeviceError, or delivers nothing.

    The sample index goes on by the monotonic clock, so the time away is a gap of about its true length. Any
    other error is a bug and ends the source. `probe` raises DeviceError if a source that `stalls` is away.
    """

    non_finite_samples = 0

    def __init__(
        self,
        source: Source,
        reopen: Callable[[SourceInfo], Source],
        *,
        probe: Callable[[], None] | None = None,
    ) -> None:
        self.info: Final = source.info
        self._source = source
        self._reopen = reopen
        self._probe = probe if source.info.stalls else None
        self._probed_at = math.inf
        self._relay: _Relay | None = None
        self._thread = SourceThread("callmood-reconnect", self._keep_open, daemon=True)

    def open(self) -> None:
        """Open the device; one that is missing at the start is an error."""
        self._source.open()

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver."""
        relay = _Relay(queue, self.info.sample_rate, place=None)
        self._source.start(relay)
        self._relay = relay
        # If a session gave up waiting for this start, `stop` was called meanwhile: the thread ends at once.
        self._thread.start(queue)

    def stop(self) -> None:
        """Deliver nothing more, close the queue, release the device; a second call does nothing.

        A device that hangs is not waited for, and released as soon as it answers.
        """
        relay = self._relay
        if relay is None:
            self._thread.stop()
            self._source.stop()
            return
        is_quiet = relay.quiet_seconds > (MAX_MISSING_SECONDS if relay.has_delivered else MAX_START_SECONDS)
        is_ended = self._thread.stopping.is_set() or relay.ended.is_set()
        is_reported = is_ended or (relay.num_attempts > 0 and not relay.has_delivered)
        is_hanging = self._probe is None or time.monotonic() - self._probed_at > PROBE_TIMEOUT_SECONDS
        if is_quiet and not is_reported and is_hanging:
            relay.note_absence(self._hanging_error().what)
        self._thread.stop()
        relay.ended.set()
        self._thread.wait(ABANDON_SECONDS if is_quiet or is_reported else STOP_SECONDS)

    def _keep_open(self, queue: BlockReceiver) -> None:
        """Own the device from its start on: release it when it ends, and reopen it."""
        relay = self._relay
        while relay is not None:
            self._watch(relay)
            if isinstance(relay.error, DeviceError) and not self._thread.stopping.is_set():
                # Without the advice: reopening is what is done about it.
                queue.note_absence(relay.error.what)
            self._source.stop()
            relay = None if self._thread.stopping.is_set() else self._wait_for_return(relay, queue)

    def _watch(self, relay: "_Relay") -> None:
        """Return when the device ends, delivers nothing although it should, or the source is stopped."""
        num_quiet, place = 0, relay.place
        while not (self._thread.stopping.is_set() or relay.ended.wait(POLL_SECONDS)):
            num_quiet = num_quiet + 1 if relay.place is place else 0
            place = relay.place
            if self._probe is None:
                if num_quiet >= (QUIET_POLLS if relay.has_delivered else FIRST_POLLS):
                    relay.close(self._hanging_error())
            elif num_quiet and num_quiet % PROBE_POLLS == 0:
                self._run_probe(self._probe, relay)

    def _run_probe(self, probe: Callable[[], None], relay: "_Relay") -> None:
        """Find out whether a quiet source is still there."""
        call = BackgroundCall(probe)
        self._probed_at = time.monotonic()
        call.start("callmood-probe")
        try:
            while not call.wait(POLL_SECONDS):
                if relay.ended.is_set():
                    return
            call.result()
        except DeviceError as error:
            relay.close(error)
        finally:
            self._probed_at = math.inf

    def _hanging_error(self) -> DeviceError:
        return DeviceError(
            f"{self.info.name} delivers nothing any more: it hangs, or the sound server does; see "
            "`callmood devices`, then start again"
        )

    def _wait_for_return(self, gone: "_Relay", queue: BlockReceiver) -> "_Relay | None":
        """Try to reopen until it succeeds; None once the source is stopped."""
        if gone.error is None:
            return None
        if not isinstance(gone.error, DeviceError):
            raise gone.error
        # A device that came back but delivered nothing does not get the quick attempts again.
        num_attempts = 0 if gone.has_delivered else gone.num_attempts
        while True:
            if self._thread.stopping.wait(RETRY_SECONDS[min(num_attempts, len(RETRY_SECONDS) - 1)]):
                return None
            num_attempts += 1
            # If no block has come yet, the gap begins at the start.
            place = gone.place or (0, gone.began)
            self._relay = _Relay(queue, self.info.sample_rate, place, num_attempts)
            with suppress(DeviceError):
                self._source = self._reopen(self.info)
                try:
                    self._source.open()
                    self._source.start(self._relay)
                except DeviceError:
                    self._source.stop()
                    raise
                return self._relay


class _Relay:
    """Receives the blocks of one opening of the device, and continues the index of the one before.

    `place` is where the latest block ended: its end in samples, and its arrival time.
    """

    def __init__(
        self, queue: BlockReceiver, sample_rate: int, place: tuple[int, float] | None, num_attempts: int = 0
    ) -> None:
        self.place = place
        self.num_attempts = num_attempts
        self.has_delivered = False
        self.ended = threading.Event()
        self.error: BaseException | None = None
        self.began = time.monotonic()
        self._queue = queue
        self._sample_rate = sample_rate
        self._shift = 0

    @property
    def quiet_seconds(self) -> float:
        """Time since the latest block, s."""
        return time.monotonic() - (self.began if self.place is None else self.place[1])

    def put(self, block: AudioBlock) -> None:
        """Pass a block on under its index in the session."""
        if self.ended.is_set():
            return
        is_back = False
        if not self.has_delivered:
            self.has_delivered = True
            self._queue.note_absence(None)
            if self.place is not None:
                is_back = True
                end_sample, until = self.place
                begins = block.arrived - len(block.samples) / self._sample_rate
                # One sample at least: the two sides of a gap must never be joined.
                away = max(1, round((begins - until) * self._sample_rate))
                self._shift = end_sample + away - block.first_sample
        if self._shift:
            block = replace(block, first_sample=block.first_sample + self._shift, away=is_back)
        self.place = (block.end_sample, block.arrived)
        self._queue.put(block)

    def put_waiting(self, block: AudioBlock) -> bool:
        """Pass a block on: a device never waits."""
        self.put(block)
        return not self.ended.is_set()

    def note_absence(self, reason: str | None) -> None:
        """Pass it on."""
        self._queue.note_absence(reason)

    def close(self, error: BaseException | None = None) -> None:
        """Note that the device has ended; called from its own thread, so it cannot be released here."""
        if not self.ended.is_set():
            self.error = error
            self.ended.set()
