"""The interface of a sink, and the base class of sinks that deliver alerts from a thread of their own."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import ClassVar, Final

from emotion.errors import OutputError
from streamer.events import Alert, Event, Row, Sound
from streamer.session_info import SessionInfo, Summary


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, as ``1 gap`` or ``2 gaps``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Sink:
    """Receives the events of a session; ignores all unless overridden.

    `open` and `close` are called from the main thread while no worker runs, all other methods from the
    worker, in the order of the stream. If `open` raises OutputError, the session does not start. If another
    method does, the failure is reported and the monitoring goes on: a sink that `may_recover` is suspended
    and retried, any other is closed by the worker. A class may have an attribute in place of a property.

    Attributes
    ----------
    unit : str
        What `lacks` counts, in the singular.
    """

    unit: ClassVar[str] = "window"

    def open(self, info: SessionInfo) -> None:
        """Prepare to write."""

    def handle(self, event: Event) -> None:
        """Process the next event; the sound of a window precedes its row, a gap the first block after it."""

    def close(self, summary: Summary | None) -> None:
        """Finish what is open; a second call does nothing. Without a summary the sink is given up."""

    @property
    def may_recover(self) -> bool:
        """True where writing may become possible again: a disk with room, a reader that reads on."""
        return False

    def recover(self) -> bool:
        """Prepare to go on with the next event after a failure; False where that would fail again."""
        return False

    def remember(self, sound: Sound) -> None:
        """Take sound while the sink is suspended; nothing may be written."""

    def lacks(self, event: Event | Summary) -> int:
        """Count the `unit`s more that are missing because the sink could not handle an event.

        Asked of every event but sound, failures and complaints.
        """
        return isinstance(event, Row)

    @property
    def num_written(self) -> int:
        """Grows with everything written; a sink that `may_recover` works again once it does."""
        return 0

    @property
    def files(self) -> tuple[str, ...]:
        """What has been written so far; folders end with a slash."""
        return ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What went wrong so far without ending the sink, one line each; never more than a few."""
        return ()

    @property
    def hints(self) -> tuple[str, ...]:
        """What might serve the user better next time, one line each, once the sink is closed."""
        return ()

    @property
    def is_saving(self) -> bool:
        """True while sound that comes may be kept on disk; pauses are not considered."""
        return False


MAX_COMPLAINTS: Final = 8
_MAX_DISTINCT: Final = 64


class Complaints:
    """The first few lines, the last one, and how many there were; any thread may add and read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[str] = []
        self._num_more = 0
        self._last = ""
        self._distinct: set[str] = set()

    def add(self, line: str) -> None:
        """Add a line."""
        with self._lock:
            self._add(line)

    def add_once(self, line: str) -> None:
        """Add a line unless it was added this way before."""
        with self._lock:
            if line not in self._distinct and len(self._distinct) < _MAX_DISTINCT:
                self._distinct.add(line)
                self._add(line)

    @property
    def lines(self) -> tuple[str, ...]:
        """The first ones, oldest first; then how many more there were, with the last of them."""
        with self._lock:
            more = (f"{self._num_more} more of this kind, the last: {self._last}",) if self._num_more else ()
            return (*self._kept, *more)

    def _add(self, line: str) -> None:
        if len(self._kept) < MAX_COMPLAINTS:
            self._kept.append(line)
        else:
            self._num_more += 1
            self._last = line


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """Limits of a sink that delivers alerts in the background.

    Attributes
    ----------
    delivery_seconds : float
        A delivery that takes longer is given up, s.
    num_waiting : int
        Alerts that may wait behind the one under way; further ones are not delivered.
    close_seconds : float
        How long `close` waits for what is under way, s.
    """

    delivery_seconds: float
    num_waiting: int = 16
    close_seconds: float = 2.0


_GIVE_UP_SECONDS: Final = 0.5
"""How long what was given up may take to end."""


class BackgroundSink(Sink, ABC):
    """Queues alerts and delivers one after the other from a thread.

    No error of a delivery reaches the session: it becomes a complaint.

    Attributes
    ----------
    given_up : threading.Event
        Set when a delivery must end at once.
    """

    def __init__(self, name: str, limits: DeliveryLimits) -> None:
        self.given_up = threading.Event()
        self._name = name
        self._limits = limits
        self._complaints = Complaints()
        self._num_taken = 0
        self._num_delivered = 0
        self._wake = threading.Condition()
        self._waiting: deque[Alert] = deque()
        self._is_ending = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def deliver(self, alert: Alert, info: SessionInfo) -> None:
        """Deliver one alert, in the thread; an OutputError says why that failed."""

    def open(self, info: SessionInfo) -> None:
        """Start the thread."""
        # A daemon: a server that never answers must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, args=(info,), name="callmood-alerts", daemon=True)
        self._thread.start()

    def handle(self, event: Event) -> None:
        """Put an alert into the queue; returns at once."""
        if not isinstance(event, Alert):
            return
        self._num_taken += 1
        with self._wake:
            fits = len(self._waiting) < self._limits.num_waiting
            if fits:
                self._waiting.append(event)
                self._wake.notify()
        if not fits:
            self._complain(event, f"not delivered: {self._limits.num_waiting} are waiting already")

    @property
    def complaints(self) -> tuple[str, ...]:
        """What was not delivered, and why; at the end also how many of how many."""
        num_lost = self._num_taken - self._num_delivered
        if not (self._is_ending and num_lost):
            return self._complaints.lines
        lost = f"{self._name}: {num_lost} of {counted(self._num_taken, 'alert')} not delivered"
        return (*self._complaints.lines, lost)

    def close(self, summary: Summary | None) -> None:  # noqa: ARG002 - not needed for alerts
        """Wait for what is under way, then give it up; a second call does nothing."""
        if self._thread is None:
            return
        with self._wake:
            self._is_ending = True
            self._wake.notify()
        try:
            self._over.wait(self._limits.close_seconds)
        finally:
            # Also after a second Ctrl-C during the wait.
            self._give_up()
        self._thread = None

    def _give_up(self) -> None:
        with self._wake:
            left = tuple(self._waiting)
            self._waiting.clear()
        for alert in left:
            self._complain(alert, "not delivered: the session ended before its turn")
        self.given_up.set()
        if not self._over.wait(_GIVE_UP_SECONDS):
            self._complaints.add(
                f"{self._name}: the session ended before it was known whether an alert arrived"
            )

    def _run(self, info: SessionInfo) -> None:
        try:
            while (alert := self._next()) is not None:
                try:
                    self.deliver(alert, info)
                except OutputError as error:
                    self._complain(alert, str(error))
                except Exception as error:  # noqa: BLE001 - a failed alert must not end the monitoring
                    self._complain(alert, repr(error))
                else:
                    self._num_delivered += 1
        finally:
            self._over.set()

    def _next(self) -> Alert | None:
        """Wait for an alert; None at the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._is_ending)
            return self._waiting.popleft() if self._waiting else None

    def _complain(self, alert: Alert, what: str) -> None:
        self._complaints.add(f"{self._name}, alert at {alert.at_seconds:.1f} s: {what}")
