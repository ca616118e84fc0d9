"""The interface of a sink, and the base class of sinks that deliver alerts from a thread of their own."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import ClassVar, Final

from emotion.errors import OutputError
from streamer.alerts import Alert
from streamer.events import Absence, AudioBlock, Gap, LegEvent, Row, Skip
from streamer.session_info import SessionInfo, Summary


class Sink:
    """Does nothing with everything; a sink overrides what it cares for.

    `open` and `close` come from the main thread while no worker runs, all other calls from the worker, in the
    order of the stream; a sink that is given up is closed by the worker. `open` may raise OutputError: the
    session does not start. When any other call raises OutputError the sink is left out, the failure is shown,
    and the monitoring goes on. A sink that `may_recover` is then asked from time to time whether it can;
    another is closed.

    Attributes
    ----------
    unit : str
        What `lacks` counts, in the singular.
    """

    unit: ClassVar[str] = "window"

    def open(self, facts: SessionInfo) -> None:
        """Make ready to write.

        Parameters
        ----------
        facts : SessionFacts
            What the session will be.
        """

    def take_block(self, block: AudioBlock, source: int = 0) -> None:
        """Take sound as a source delivered it, before the rows that it completes.

        Parameters
        ----------
        block : AudioBlock
            Never one that came during a pause; with the channels that ``SessionFacts.kept_channels`` names.
        source : int
            Number of the source.
        """

    def take_row(self, row: Row) -> None:
        """Take the row of a window.

        Parameters
        ----------
        row : Row
            All its sound has been handed over by `take_block`.
        """

    def take_skip(self, skip: Skip) -> None:
        """Learn that a window was skipped, in the place of its row.

        Parameters
        ----------
        skip : Skip
            All its sound has been handed over by `take_block`.
        """

    def take_gap(self, gap: Gap) -> None:
        """Learn that sound is missing, before the first block after it.

        Parameters
        ----------
        gap : Gap
            Where, how long, and why.
        """

    def take_absence(self, absence: Absence) -> None:
        """Learn that a device has gone; sound that comes later is after a gap.

        Parameters
        ----------
        absence : Absence
            Of any source.
        """

    def take_alert(self, alert: Alert) -> None:
        """Learn that a rule came true, after the row that made it so.

        Parameters
        ----------
        alert : Alert
            Of any leg.
        """

    def take_mark(self, at_seconds: float, clock: float) -> None:
        """Note a moment that the user marked.

        Parameters
        ----------
        at_seconds : float
            Stream time, s.
        clock : float
            Seconds since the epoch.
        """

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
        """Learn that a pause begins or ends.

        Parameters
        ----------
        at_seconds : float
            Stream time, s.
        clock : float
            Seconds since the epoch.
        paused : bool
            True where it begins.
        """

    def take_failure(self, message: str) -> None:
        """Learn that another sink was given up, so that whoever reads along hears of it at once.

        Parameters
        ----------
        message : str
            One line, as the summary will repeat it.
        """

    def take_complaint(self, message: str) -> None:
        """Learn at once of what another sink has among its `complaints`.

        Parameters
        ----------
        message : str
            One line, as the summary will repeat it unless there are many.
        """

    @property
    def may_recover(self) -> bool:
        """True where what was refused may be taken later: a disk with room again, a reader that reads on."""
        return False

    def recover(self) -> bool:
        """After a failure, make ready to go on with what comes next, and tell whether that is worth trying.

        Returns
        -------
        bool
            False where it would fail again.
        """
        return False

    def remember(self, block: AudioBlock, source: int = 0) -> None:
        """Take sound in place of `take_block` while the sink rests after a failure; nothing may be written.

        Parameters
        ----------
        block : AudioBlock
            As for `take_block`.
        source : int
            Number of the source.
        """

    def lacks(self, event: LegEvent | Alert | Absence | None) -> bool:
        """Tell whether one `unit` more is missing where the sink did not take an event.

        Parameters
        ----------
        event : Row, Skip, Gap, Alert, Absence or None
            None stands for a mark, a pause, or the summary. Failures of sinks are not counted.

        Returns
        -------
        bool
            True for each window, unless a sink knows better.
        """
        return isinstance(event, Row)

    @property
    def num_written(self) -> int:
        """Grows with everything written; a sink that `may_recover` has gone on once it does."""
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
    def is_saving(self) -> bool:
        """True while sound that comes may be kept on disk; that none comes in a pause is known elsewhere."""
        return False

    def close(self, summary: Summary | None) -> None:
        """Finish what is open; a second call does nothing.

        Parameters
        ----------
        summary : Summary or None
            The last word; None when the sink is given up after an error.
        """


MAX_COMPLAINTS: Final = 8


class Complaints:
    """The first few lines, the last one, and how many there were; any thread may add and read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[str] = []
        self._num_more = 0
        self._last = ""

    def add(self, line: str) -> None:
        """Note what went wrong.

        Parameters
        ----------
        line : str
            Without a break in it.
        """
        with self._lock:
            if len(self._kept) < MAX_COMPLAINTS:
                self._kept.append(line)
            else:
                self._num_more += 1
                self._last = line

    @property
    def lines(self) -> tuple[str, ...]:
        """The first ones, oldest first; then how many more there were, with the last of them."""
        with self._lock:
            more = (f"{self._num_more} more of this kind, the last: {self._last}",) if self._num_more else ()
            return (*self._kept, *more)


MAX_WAITING_ALERTS: Final = 16
CLOSE_TIMEOUT_SECONDS: Final = 2.0
"""How long the end of a session waits for what is under way."""

_GIVE_UP_SECONDS: Final = 0.5
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
        self,
        name: str,
        *,
        num_waiting: int = MAX_WAITING_ALERTS,
        patience_seconds: float = CLOSE_TIMEOUT_SECONDS,
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
    def deliver(self, alert: Alert, facts: SessionInfo) -> None:
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

    def open(self, facts: SessionInfo) -> None:
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
        if not self._over.wait(_GIVE_UP_SECONDS):
            self._complaints.add(
                f"{self._name}: the session ended before it was known whether an alert arrived"
            )

    def _run(self, facts: SessionInfo) -> None:
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
