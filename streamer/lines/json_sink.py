"""A sink that says everything in JSON; where the lines go is left to its children."""

from abc import ABC, abstractmethod
from typing import ClassVar

from streamer.absence import Absence
from streamer.alerts.alert import Alert
from streamer.lines.journal_lines import (
    Line,
    absence_line,
    alert_line,
    complaint_line,
    failure_line,
    header_line,
    moment_line,
    row_line,
    summary_line,
)
from streamer.lines.missing_lines import gap_line, skip_line
from streamer.row import Gap, Row, Said, Skip
from streamer.session_clock import SessionClock
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink


class JsonSink(Sink, ABC):
    """Turns each call into one line, so that a journal and `--json` never tell different stories."""

    unit: ClassVar[str] = "line"

    def __init__(self) -> None:
        self._clock = SessionClock.from_epoch(0.0)
        self._is_open = False

    @abstractmethod
    def write_line(self, line: Line) -> None:
        """Write one line at once.

        Parameters
        ----------
        line : dict
            As `streamer.lines.journal_lines` gives it.

        Raises
        ------
        OutputError
            If it cannot be written.
        """

    def open(self, facts: SessionFacts) -> None:
        """Write the header."""
        self._clock = SessionClock.from_epoch(facts.started)
        self.write_line(header_line(facts))
        self._is_open = True

    def take_row(self, row: Row) -> None:
        """Write a row."""
        self.write_line(row_line(row))

    def take_skip(self, skip: Skip) -> None:
        """Write that a window was skipped."""
        self.write_line(skip_line(skip))

    def take_gap(self, gap: Gap) -> None:
        """Write a gap."""
        self.write_line(gap_line(gap))

    def take_absence(self, absence: Absence) -> None:
        """Write that a device has gone."""
        self.write_line(absence_line(absence))

    def take_alert(self, alert: Alert) -> None:
        """Write an alert."""
        self.write_line(alert_line(alert))

    def take_mark(self, at_seconds: float, clock: float) -> None:
        """Write a mark."""
        self.write_line(moment_line("mark", at_seconds, self._clock.iso(clock)))

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
        """Write where a pause begins or ends."""
        self.write_line(moment_line("pause" if paused else "resume", at_seconds, self._clock.iso(clock)))

    def take_failure(self, message: str) -> None:
        """Write that another sink was given up."""
        self.write_line(failure_line(message))

    def take_complaint(self, message: str) -> None:
        """Write what went wrong beside the session."""
        self.write_line(complaint_line(message))

    def lacks(self, event: Said | Alert | Absence | None) -> bool:  # noqa: ARG002 - each is a line
        """True: everything that happens is a line."""
        return True

    def close(self, summary: Summary | None) -> None:
        """Write the summary, once."""
        was_open, self._is_open = self._is_open, False
        if was_open and summary is not None:
            self.write_line(summary_line(summary))
