"""A sink that hands alerts to the world from a thread of its own, so that the world holds nothing up."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import Final

from emotion.errors import OutputError
from streamer.alerts.alert import Alert
from streamer.alerts.complaints import Complaints
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink

NUM_WAITING: Final = 16
PATIENCE_SECONDS: Final = 2.0
"""How long the end of a session waits for what is under way."""

_LAST_SECONDS: Final = 0.5
"""How long what was given up may take to end."""


class BackgroundSink(Sink, ABC):
    """Alerts wait in a short queue and are delivered one after the other.

    Nothing that goes wrong ends the sink, or reaches the session as an error: it becomes a complaint.

    Parameters
    ----------
    name : str
        What complaints begin with.
    num_waiting : int, optional
        How many alerts may wait behind the one under way; what comes then is not delivered.
    patience_seconds : float, optional
        How long `close` waits before what is under way is given up, s.

    Attributes
    ----------
    given_up : threading.Event
        Set when a delivery is to end at once.
    """

    def __init__(
        self, name: str, *, num_waiting: int = NUM_WAITING, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self.given_up = threading.Event()
        self._name = name
        self._num_waiting = num_waiting
        self._patience_seconds = patience_seconds
        self._complaints = Complaints()
        self._num_taken = 0
        self._num_delivered = 0
        self._wake = threading.Condition()
        self._waiting: deque[Alert] = deque()
        self._is_ending = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def deliver(self, alert: Alert, facts: SessionFacts) -> None:
        """Deliver one alert; called from the thread.

        Parameters
        ----------
        alert : Alert
            The next one.
        facts : SessionFacts
            Of the session.

        Raises
        ------
        OutputError
            If it could not be; the message says why and becomes a complaint.
        """

    def open(self, facts: SessionFacts) -> None:
        """Start the thread."""
        # A daemon: a server that never answers must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, args=(facts,), name="callmood-alerts", daemon=True)
        self._thread.start()

    def take_alert(self, alert: Alert) -> None:
        """Put an alert into the queue; returns at once."""
        self._num_taken += 1
        with self._wake:
            fits = len(self._waiting) < self._num_waiting
            if fits:
                self._waiting.append(alert)
                self._wake.notify()
        if not fits:
            self._complain(alert, f"not delivered: {self._num_waiting} are waiting already")

    @property
    def complaints(self) -> tuple[str, ...]:
        """What was not delivered, and why; at the end also how many that are of how many."""
        num_lost = self._num_taken - self._num_delivered
        if not (self._is_ending and num_lost):
            return self._complaints.lines
        alerts = "1 alert" if self._num_taken == 1 else f"{self._num_taken} alerts"
        return (*self._complaints.lines, f"{self._name}: {num_lost} of {alerts} not delivered")

    def close(self, summary: Summary | None) -> None:  # noqa: ARG002 - alerts have all they take
        """Wait a little for what is under way, then give it up; a second call does nothing."""
        if self._thread is None:
            return
        with self._wake:
            self._is_ending = True
            self._wake.notify()
        try:
            self._over.wait(self._patience_seconds)
        finally:
            # Also where the user insists while we wait.
            self._give_up()
        self._thread = None

    def _give_up(self) -> None:
        with self._wake:
            left = tuple(self._waiting)
            self._waiting.clear()
        for alert in left:
            self._complain(alert, "not delivered: the session ended before its turn")
        self.given_up.set()
        if not self._over.wait(_LAST_SECONDS):
            self._complaints.add(
                f"{self._name}: the session ended before it was known whether an alert arrived"
            )

    def _run(self, facts: SessionFacts) -> None:
        try:
            while (alert := self._next()) is not None:
                try:
                    self.deliver(alert, facts)
                except OutputError as error:
                    self._complain(alert, str(error))
                except Exception as error:  # noqa: BLE001 - no alert is worth the monitoring
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
