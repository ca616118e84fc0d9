"""The journal and `--json`: one JSON line for each event."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, TypeAlias

from emotion.atomic_files import PRIVATE, Access
from emotion.errors import OutputError
from streamer.alerts import Alert
from streamer.events import Absence, Gap, LegEvent, Row, Skip
from streamer.session_info import SessionClock, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.writer import LineFile, LinePrinter

JOURNAL_FORMAT: Final = 2
"""Raised when a line changes its meaning; new keys may come without."""

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
Line: TypeAlias = dict[str, JsonValue]


def to_json(line: Line, *, ascii_only: bool = False) -> str:
    """Write a line."""
    return json.dumps(line, ensure_ascii=ascii_only, allow_nan=False)


def facts_values(facts: SessionInfo) -> Line:
    """Give what does not change, for the head of a journal and for session.json."""
    return {
        "format": JOURNAL_FORMAT,
        "session": facts.session,
        "started": SessionClock.from_epoch(facts.started).iso(facts.started),
        "sources": [
            {
                "name": source.name,
                "sample_rate": source.sample_rate,
                "channels": source.channels,
                "kept_channels": list(facts.kept_channels(number)),
                "sample_format": source.sample_format,
                "seconds": source.seconds,
                "live": source.live,
            }
            for number, source in enumerate(facts.sources)
        ],
        "notes": list(facts.notes),
        "model": facts.model,
        "model_notes": list(facts.model_notes),
        "voices": dict(facts.voices),
        "feature_set": facts.feature_set,
        "labels": list(facts.labels),
        "win_seconds": facts.win_seconds,
        "step_seconds": facts.step_seconds,
        "sample_rate": facts.sample_rate,
        "legs": [
            {"name": leg.name, "source": leg.source, "channel": leg.channel, "analysed": leg.analysed}
            for leg in facts.legs
        ],
        "version": facts.callmood_version,
    }


def header_line(facts: SessionInfo) -> Line:
    """Give the first line."""
    return {"type": "header", **facts_values(facts)}


def row_line(row: Row) -> Line:
    """Give the line of a window."""
    return {
        "type": "row",
        "leg": row.leg,
        "window": row.window,
        "start": float(row.start),
        "end": float(row.end),
        "state": row.state,
        "emotion": row.emotion,
        "probabilities": _floats(row.probabilities),
        "smoothed": _floats(row.smoothed),
        "level_dbfs": float(row.level_dbfs),
        "lag_seconds": float(row.lag_seconds),
        "voice_known": float(row.voice_known),
    }


def absence_line(absence: Absence) -> Line:
    """Give the line of a device that has gone."""
    return {
        "type": "absence",
        "source": absence.source,
        "at": float(absence.at_seconds),
        "reason": absence.reason,
    }


def alert_line(alert: Alert) -> Line:
    """Give the line of a rule that came true."""
    return {
        "type": "alert",
        "leg": alert.leg,
        "rule": alert.rule,
        "label": alert.label,
        "onset": float(alert.onset_seconds),
        "at": float(alert.at_seconds),
        "delay_seconds": float(alert.delay_seconds),
        "probability": float(alert.probability),
        "window": alert.window,
        "onset_sample": alert.onset_sample,
        "end_sample": alert.end_sample,
    }


def moment_line(kind: str, at_seconds: float, clock: str) -> Line:
    """Give the line of a moment: a mark, or a pause that begins or ends."""
    return {"type": kind, "at": float(at_seconds), "clock": clock}


def failure_line(message: str) -> Line:
    """Give the line of something that was given up while the session goes on."""
    return {"type": "failure", "message": message}


def complaint_line(message: str) -> Line:
    """Give the line of something that went wrong beside the session: an alert that was not delivered."""
    return {"type": "complaint", "message": message}


def summary_values(summary: Summary) -> Line:
    """Give the last word, for the end of a journal and for session.json."""
    return {
        "seconds": float(summary.seconds),
        "windows": summary.windows,
        "states": dict(summary.states),
        "emotions": dict(summary.emotions),
        "overruns": summary.overruns,
        "gaps": summary.gaps,
        "marks": summary.marks,
        "skipped": summary.skipped,
        "dropped_seconds": float(summary.dropped_seconds),
        "paused_seconds": float(summary.paused_seconds),
        "talk_seconds": {leg: float(seconds) for leg, seconds in summary.talk_seconds.items()},
        "overlap_seconds": float(summary.overlap_seconds),
        "drift_seconds": None if summary.drift_seconds is None else float(summary.drift_seconds),
        "slip_seconds": float(summary.slip_seconds),
        "non_finite_samples": summary.non_finite_samples,
        "real_time_factor": float(summary.real_time_factor),
        "max_lag_seconds": float(summary.max_lag_seconds),
        "alerts": summary.alerts,
        "files": list(summary.files),
        "failures": list(summary.failures),
        "complaints": list(summary.complaints),
    }


def summary_line(summary: Summary) -> Line:
    """Give the last line."""
    return {"type": "summary", **summary_values(summary)}


def _floats(values: Mapping[str, float] | None) -> JsonValue:
    """Make plain floats of numpy's, which JSON would not take."""
    return None if values is None else {label: float(value) for label, value in values.items()}


def gap_line(gap: Gap) -> Line:
    """Give the line of missing sound."""
    return {
        "type": "gap",
        "leg": gap.leg,
        "start": float(gap.start),
        "end": float(gap.end),
        "start_sample": gap.start_sample,
        "end_sample": gap.end_sample,
        "cause": gap.cause,
        "estimated": gap.estimated,
    }


def skip_line(skip: Skip) -> Line:
    """Give the line of a window that was skipped."""
    return {
        "type": "skip",
        "leg": skip.leg,
        "window": skip.window,
        "start": float(skip.start),
        "end": float(skip.end),
        "start_sample": skip.start_sample,
        "end_sample": skip.end_sample,
        "lag_seconds": float(skip.lag_seconds),
        "demand": float(skip.demand),
    }


class JsonSink(Sink, ABC):
    """Turns each call into one line, so that a journal and `--json` never tell different stories."""

    unit: ClassVar[str] = "line"

    def __init__(self) -> None:
        self._clock = SessionClock.from_epoch(0.0)
        self._is_open = False

    @abstractmethod
    def write_line(self, line: Line) -> None:
        """Write one line at once."""

    def open(self, facts: SessionInfo) -> None:
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

    def lacks(self, event: LegEvent | Alert | Absence | None) -> bool:  # noqa: ARG002 - each is a line
        """True: everything that happens is a line."""
        return True

    def close(self, summary: Summary | None) -> None:
        """Write the summary, once."""
        was_open, self._is_open = self._is_open, False
        if was_open and summary is not None:
            self.write_line(summary_line(summary))


class Journal(JsonSink):
    """JSON Lines in UTF-8: a header, then rows, gaps, marks, pauses and failures, at last a summary.

    A session that is given up before anything happened leaves no journal. One that others move, remove or
    truncate meanwhile goes on, as `LineFile` has it; each file begins with the header.
    """

    def __init__(self, path: str | Path, *, access: Access = PRIVATE, replace: bool = False) -> None:
        super().__init__()
        self._access = access
        self._replace = replace
        self.path = Path(path)
        self._lines: LineFile | None = None

    def open(self, facts: SessionInfo) -> None:
        """Create the file and write the header."""
        self._lines = LineFile(self.path, access=self._access, replace=self._replace)
        try:
            super().open(facts)
        except OutputError:
            self._lines.withdraw()
            raise

    def write_line(self, line: Line) -> None:
        """Write one line at once."""
        if self._lines is not None:
            self._lines.write(to_json(line))

    @property
    def may_recover(self) -> bool:
        """True: no half line is ever left behind which others could not follow."""
        return True

    def recover(self) -> bool:
        """Look for room on the disk, or for a reader that reads."""
        return self._lines is not None and self._lines.is_ready()

    @property
    def num_written(self) -> int:
        """Lines written."""
        return 0 if self._lines is None else self._lines.num_written

    @property
    def files(self) -> tuple[str, ...]:
        """Where the journal lies, while it is there; what was moved away is named by nobody."""
        lines = self._lines
        return (str(lines.path),) if lines is not None and lines.num_written and lines.is_there else ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What others did to the file."""
        note = None if self._lines is None else self._lines.note
        return () if note is None else (note,)

    def close(self, summary: Summary | None) -> None:
        """Write the summary and close the file; a second call does nothing."""
        never_began = summary is None and self.num_written <= 1
        try:
            super().close(summary)
        finally:
            if self._lines is not None and never_began:
                self._lines.withdraw()
            elif self._lines is not None:
                self._lines.close()


class JsonLines(JsonSink):
    """The lines of a journal on a text stream, in ASCII, so that no locale can spoil them."""

    def __init__(self, printer: LinePrinter) -> None:
        super().__init__()
        self._printer = printer

    def open(self, facts: SessionInfo) -> None:
        """Print the header; a reader that has gone already is found out with the first row."""
        try:
            super().open(facts)
        except OutputError:
            if not self._printer.reader_gone:
                raise

    def write_line(self, line: Line) -> None:
        """Print one line at once."""
        self._printer.write(to_json(line, ascii_only=True))

    @property
    def may_recover(self) -> bool:
        """True as long as there is a reader."""
        return not self._printer.reader_gone

    def recover(self) -> bool:
        """Look whether the reader reads."""
        return self._printer.is_ready()

    @property
    def num_written(self) -> int:
        """Lines printed."""
        return self._printer.num_written
