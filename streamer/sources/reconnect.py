"""Wait for a device that went away, reopen it by its name, and go on within the same session."""

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
"""How long from one attempt to the next; the last holds for all that follow."""

STOP_SECONDS: Final = 10.0
"""How long a device that delivers may take to be released."""

LEAVE_SECONDS: Final = 0.3
"""One that does not is left behind after so long: it, or who is asked for it, may hang for good."""

HANGS_SECONDS: Final = 0.5
"""Whoever has not answered for so long, when the session ends, is taken to hang."""

LOOK_SECONDS: Final = 0.5
QUIET_LOOKS: Final = 5
"""So many looks in a row at which nothing has come, and the device is taken for gone. Looks, not seconds:
where our own process was stopped, sound may be waiting."""

FIRST_LOOKS: Final = 20
"""So many before the first sound: some devices take seconds to wake up."""

ASK_LOOKS: Final = 2
"""So many before it is asked whether a device that may be quiet is: what is told must be known soon."""

OWED_SECONDS: Final = 1.0
"""What is missing at the end is no loss if it is less: blocks take a moment."""

FIRST_SECONDS: Final = 3.0
"""The same where nothing has come at all."""


class ReconnectingSource:
    """Delivers what a device hears; where it goes away, waits until it is back and goes on.

    The sample index goes on by the monotonic clock, so the time away is a gap of about its true length. What
    is wrong with the program is no reason to wait: only a DeviceError is.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[SourceInfo], Source],
        *,
        ask: Callable[[], None] | None = None,
    ) -> None:
        self._source = source
        self._reopen = reopen
        self._ask = ask if source.info.stalls else None
        self._asked_at: float | None = None
        self._info = source.info
        self._relay: _Relay | None = None
        self._thread = SourceThread("callmood-returning", self._keep, daemon=True)

    @property
    def info(self) -> SourceInfo:
        """What is known of the device."""
        return self._info

    @property
    def non_finite_samples(self) -> int:
        """None: devices deliver whole numbers."""
        return 0

    def open(self) -> None:
        """Open the device; where it is not there at the start, nobody waits."""
        self._source.open()

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver."""
        relay = _Relay(queue, self._info.sample_rate, place=None)
        self._source.start(relay)
        self._relay = relay
        self._thread.start(queue)
        if self._thread.stopping.is_set():
            # Whoever did not want to wait for the start has stopped it meanwhile.
            relay.ended.set()

    def stop(self) -> None:
        """Deliver nothing more, close the queue, release the device; a second call does nothing.

        A device that hangs is left behind, and released as soon as it answers.
        """
        relay = self._relay
        if relay is None:
            self._thread.stop()
            self._source.stop()
            return
        is_quiet = relay.quiet_seconds > (OWED_SECONDS if relay.has_delivered else FIRST_SECONDS)
        is_told = relay.ended.is_set() or (relay.num_attempts > 0 and not relay.has_delivered)
        if is_quiet and not is_told and (self._ask is None or self._is_unanswered):
            relay.note_absence(self._hangs().what)
        self._thread.stop()
        relay.ended.set()
        self._thread.wait(LEAVE_SECONDS if is_quiet or is_told else STOP_SECONDS)

    def _keep(self, queue: BlockReceiver) -> None:
        """Own the device from its start on: release it where it ends, and try until it is back."""
        relay = self._relay
        while relay is not None:
            self._watch(relay)
            if isinstance(relay.error, DeviceError) and not self._thread.stopping.is_set():
                # Without the advice: waiting is what is done about it.
                queue.note_absence(relay.error.what)
            self._source.stop()
            relay = None if self._thread.stopping.is_set() else self._wait_for_return(relay, queue)

    def _watch(self, relay: "_Relay") -> None:
        """Wait until the device ends, or delivers nothing although it should."""
        num_quiet, place = 0, relay.place
        while not relay.ended.wait(LOOK_SECONDS):
            num_quiet = num_quiet + 1 if relay.place is place else 0
            place = relay.place
            if self._ask is None:
                if num_quiet >= (QUIET_LOOKS if relay.has_delivered else FIRST_LOOKS):
                    relay.close(self._hangs())
            elif num_quiet and num_quiet % ASK_LOOKS == 0:
                self._ask_whether(relay)

    def _ask_whether(self, relay: "_Relay") -> None:
        """Find out whether it is for good reason that nothing comes."""
        if self._ask is None:
            return
        asked = BackgroundCall(self._ask)
        self._asked_at = time.monotonic()
        asked.start("callmood-asking")
        try:
            while not asked.wait(LOOK_SECONDS):
                if relay.ended.is_set():
                    return
            asked.result()
        except DeviceError as error:
            relay.close(error)
        finally:
            self._asked_at = None

    @property
    def _is_unanswered(self) -> bool:
        asked_at = self._asked_at
        return asked_at is not None and time.monotonic() - asked_at > HANGS_SECONDS

    def _hangs(self) -> DeviceError:
        return DeviceError(
            f"{self._info.name} delivers nothing any more: it hangs, or the sound server does; see "
            "`callmood devices`, then start again"
        )

    def _wait_for_return(self, gone: "_Relay", queue: BlockReceiver) -> "_Relay | None":
        if gone.error is None:
            return None
        if not isinstance(gone.error, DeviceError):
            raise gone.error
        # One that came back only to go again has used up its quick attempts.
        num_attempts = 0 if gone.has_delivered else gone.num_attempts
        while True:
            if self._thread.stopping.wait(RETRY_SECONDS[min(num_attempts, len(RETRY_SECONDS) - 1)]):
                return None
            num_attempts += 1
            # Where nothing has come yet, what is missing counts from the start.
            place = gone.place or (0, gone.began)
            self._relay = _Relay(queue, self._info.sample_rate, place, num_attempts)
            with suppress(DeviceError):
                self._source = self._reopen(self._info)
                try:
                    self._source.open()
                    self._source.start(self._relay)
                except DeviceError:
                    self._source.stop()
                    raise
                if self._thread.stopping.is_set():
                    self._relay.ended.set()
                return self._relay


class _Relay:
    """Between one opening of the device and the queue: counts on from where the one before has ended."""

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
        """How long nothing has come, s."""
        return time.monotonic() - (self.began if self.place is None else self.place[1])

    def put(self, block: AudioBlock) -> None:
        """Hand a block on."""
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
                # A sample at least: the two sides of a gap must never be glued.
                away = max(1, round((begins - until) * self._sample_rate))
                self._shift = end_sample + away - block.first_sample
        if self._shift:
            block = replace(block, first_sample=block.first_sample + self._shift, away=is_back)
        self.place = (block.end_sample, block.arrived)
        self._queue.put(block)

    def put_waiting(self, block: AudioBlock) -> bool:
        """Hand a block on: a device never waits."""
        self.put(block)
        return not self.ended.is_set()

    def note_absence(self, reason: str | None) -> None:
        """Hand the word on."""
        self._queue.note_absence(reason)

    def close(self, error: BaseException | None = None) -> None:
        """Learn that the device has ended; called from its own thread, which cannot be waited for here."""
        if not self.ended.is_set():
            self.error = error
            self.ended.set()
