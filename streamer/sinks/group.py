"""Hand every event to all sinks; suspend a sink that fails, retry it, and report what it missed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from emotion.errors import OutputError
from streamer.events import Complaint, Event, Failure, Sound
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink, counted

FIRST_RETRY_SECONDS: Final = 1.0
"""How often a suspended sink is asked whether it can write again."""

MAX_RETRY_SECONDS: Final = 600.0
"""The interval doubles, up to this, each time a sink fails again as soon as it is retried."""

STEADY_SECONDS: Final = 60.0
"""A sink that wrote for so long had recovered: its next failure starts with the first interval again."""


@dataclass(slots=True, eq=False)
class _Member:
    """A sink, its state, and its failures, which have one line together however many they are.

    Times are of the group's clock, s. `what` begins with the message of the last failure.
    """

    sink: Sink
    state: Literal["unopened", "working", "suspended", "closed"] = "unopened"
    message: str = ""
    num_failures: int = 0
    failed_at: float = 0.0
    retry_at: float = 0.0
    retry_seconds: float = FIRST_RETRY_SECONDS
    num_missing: int = 0
    lost_seconds: float = 0.0
    num_written_before_retry: int | None = None
    recovered_at: float | None = None

    @property
    def is_failing(self) -> bool:
        """True from a failure until the sink has written again."""
        return self.num_failures > 0 and self.recovered_at is None

    @property
    def what(self) -> str:
        """The failure, and how long it lasted once it is over."""
        times = f"; {self.num_failures} times" if self.num_failures > 1 else ""
        over = "" if self.recovered_at is None else f"; it went on after {self.lost_seconds:.0f} s"
        return f"{self.message}{times}{over}"

    def note_failure(self, message: str, now: float) -> None:
        """Count a failure; one during a failure that lasts belongs to that."""
        if self.num_failures:
            self.retry_seconds = min(MAX_RETRY_SECONDS, 2 * self.retry_seconds)
        if self.recovered_at is not None and now - self.recovered_at >= STEADY_SECONDS:
            self.retry_seconds = FIRST_RETRY_SECONDS
        if not self.is_failing:
            self.failed_at, self.recovered_at = now, None
            self.num_failures += 1
        self.message = message
        self.retry_at = now + self.retry_seconds
        self.num_written_before_retry = None

    def retry(self, now: float, *, at_once: bool = False) -> None:
        """Let a suspended sink work again where its time has come and it can."""
        if self.state != "suspended" or (now < self.retry_at and not at_once):
            return
        self.retry_at = now + FIRST_RETRY_SECONDS
        if self.sink.recover():
            self.state = "working"
            self.num_written_before_retry = self.sink.num_written

    def has_recovered(self, now: float) -> bool:
        """Tell whether the sink has written for the first time since it was retried."""
        before = self.num_written_before_retry
        if before is None or self.sink.num_written <= before:
            return False
        self.num_written_before_retry = None
        self.lost_seconds += now - self.failed_at
        self.recovered_at = now
        return True


class SinkGroup:
    """Passes events on, and remembers what could not be written."""

    def __init__(self, sinks: Sequence[Sink], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._members = tuple(_Member(sink) for sink in sinks)
        self._clock = clock
        # A member stands for its line, which changes; a text for a sink that was closed.
        self._failures: list[str | _Member] = []
        self._reported_complaints: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """What could not be written, each line once, oldest first."""
        lines = (each if isinstance(each, str) else self._line(each) for each in self._failures)
        return tuple(dict.fromkeys(lines))

    @property
    def complaints(self) -> tuple[str, ...]:
        """What went wrong without ending a sink, one line each, sink by sink."""
        return tuple(line for member in self._members for line in member.sink.complaints)

    @property
    def hints(self) -> tuple[str, ...]:
        """What might serve the user better next time, sink by sink."""
        return tuple(line for member in self._members for line in member.sink.hints)

    @property
    def files(self) -> tuple[str, ...]:
        """What has been written so far, each once, by sinks that failed later as well."""
        return tuple(dict.fromkeys(file for member in self._members for file in member.sink.files))

    @property
    def is_saving(self) -> bool:
        """True while any working sink would keep sound that comes."""
        return any(member.state == "working" and member.sink.is_saving for member in self._members)

    def open(self, info: SessionInfo) -> None:
        """Open all, or none."""
        try:
            for member in self._members:
                member.sink.open(info)
                member.state = "working"
        except BaseException:
            self.close(None)
            raise

    def handle(self, event: Event) -> None:
        """Hand an event to all sinks that work, and report failures and recoveries as events of their own."""
        now = self._clock()
        for member in self._members:
            member.retry(now)
        reports: list[str] = []
        for member in self._members:
            if member.state == "working":
                try:
                    member.sink.handle(event)
                except OutputError as error:
                    reports += self._fail(member, str(error), now)
        for member in self._members:
            if member.state == "suspended":
                if isinstance(event, Sound):
                    member.sink.remember(event)
                elif not isinstance(event, Failure | Complaint):
                    member.num_missing += member.sink.lacks(event)
        recovered = [member for member in self._members if member.has_recovered(now)]
        reports += map(self._line, recovered)
        # This ends: each failure to handle a report leaves one sink fewer that is given the next.
        for report in dict.fromkeys(reports):
            self.handle(Failure(report))

    def tell_complaints(self) -> None:
        """Hand complaints that are new since the last call to all sinks, as those of a background thread."""
        known, self._reported_complaints = self._reported_complaints, self.complaints
        for line in self._reported_complaints:
            if line not in known:
                self.handle(Complaint(line))

    def close(self, summary: Summary | None) -> None:
        """Close all, in the order in which they were opened; a second call does nothing."""
        unexpected: list[Exception] = []
        notes = () if summary is None else summary.complaints
        others = [] if summary is None else [line for line in summary.failures if line not in self.failures]
        if summary is not None:
            for member in self._members:
                member.retry(self._clock(), at_once=True)
        for member in self._members:
            if member.state not in {"working", "suspended"}:
                continue
            given = None
            if summary is not None and member.state == "working":
                given = replace(
                    summary,
                    files=self.files,
                    failures=(*self.failures, *others),
                    complaints=tuple(dict.fromkeys((*notes, *self.complaints))),
                    hints=self.hints,
                )
            elif summary is not None:
                member.num_missing += member.sink.lacks(summary)
            try:
                member.sink.close(given)
            except OutputError as error:
                if member.state == "working":
                    self._note_failure_to_close(member, str(error), summary)
            except Exception as error:  # noqa: BLE001 - raised below, once the others are closed too
                unexpected.append(error)
            # Not before: after a second Ctrl-C during it, another call closes this one again.
            member.state = "closed"
        if unexpected:
            raise unexpected[0]

    def _line(self, member: _Member) -> str:
        """Describe the failures of a sink together with all sinks that failed in the same words."""
        missing = " and ".join(
            counted(other.num_missing, other.sink.unit)
            for other in self._failures
            if isinstance(other, _Member) and other.what == member.what and other.num_missing
        )
        if member.recovered_at is not None:
            return f"{member.what}, {f'without {missing}' if missing else 'with nothing missing'}"
        return f"{member.what}; missing: {missing}" if missing else member.what

    def _fail(self, member: _Member, message: str, now: float) -> list[str]:
        """Suspend a sink, or close it where it cannot recover; give what must be reported."""
        if not member.sink.may_recover:
            member.state = "closed"
            reports = [message]
            try:
                member.sink.close(None)
            except OutputError as error:
                reports += [str(error)] if str(error) != message else []
            self._failures += reports
            return reports
        member.state = "suspended"
        is_known = any(other.is_failing and other.message == message for other in self._members)
        if not member.num_failures:
            self._failures.append(member)
        member.note_failure(message, now)
        return [] if is_known else [member.what]

    def _note_failure_to_close(self, member: _Member, message: str, summary: Summary | None) -> None:
        """Add it to the line of the sink where that has failed before."""
        num_missing = 0 if summary is None else member.sink.lacks(summary)
        if not member.num_failures:
            # The message names the only one.
            more = f"; missing: {counted(num_missing, member.sink.unit)}" if num_missing > 1 else ""
            self._failures.append(f"{message}{more}")
            return
        member.note_failure(message, self._clock())
        member.num_missing += num_missing
