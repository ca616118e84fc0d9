"""The journal and `--json`: one JSON line for each event."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, TypeAlias

from emotion.atomic_files import PRIVATE, Access
from emotion.errors import OutputError
from streamer.events import (
    Absence,
    Alert,
    Complaint,
    Event,
    Failure,
    Gap,
    LegEvent,
    Mark,
    Pause,
    Row,
    Skip,
    Sound,
)
from streamer.session_info import SessionClock, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.writer import LineFile, PrinterSink

JOURNAL_FORMAT: Final = 2
"""Raised when a line changes its meaning; new keys may come without."""

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
Line: TypeAlias = dict[str, JsonValue]
JournalEvent: TypeAlias = LegEvent | Absence | Alert | Mark | Pause | Failure | Complaint
"""All but sound."""


def to_json(line: Line, *, ascii_only: bool = False) -> str:
    """Encode a line; ValueError where a number is not finite."""
    return json.dumps(line, ensure_ascii=ascii_only, allow_nan=False)


def info_values(info: SessionInfo) -> Line:
    """Give what does not change, for the head of a journal and for session.json."""
    return {
        "format": JOURNAL_FORMAT,
        "session": info.session,
        "started": SessionClock.from_epoch(info.started).iso(info.started),
        "sources": [
            {
                "name": source.name,
                "sample_rate": source.sample_rate,
                "channels": source.channels,
                "kept_channels": list(info.kept_channels(number)),
                "sample_format": source.sample_format,
                "seconds": source.seconds,
                "live": source.live,
            }
            for number, source in enumerate(info.sources)
        ],
        "notes": list(info.notes),
        "model": info.model,
        "model_notes": list(info.model_notes),
        "voices": dict(info.voices),
        "feature_set": info.feature_set,
        "labels": list(info.labels),
        "win_seconds": info.win_seconds,
        "step_seconds": info.step_seconds,
        "sample_rate": info.sample_rate,
        "legs": [
            {"name": leg.name, "source": leg.source, "channel": leg.channel, "analysed": leg.analysed}
            for leg in info.legs
        ],
        "version": info.callmood_version,
    }


def summary_values(summary: Summary) -> Line:
    """Give the totals, for the end of a journal and for session.json."""
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


def event_values(event: JournalEvent, clock: SessionClock) -> Line:
    """Give the line of an event."""
    # float() also turns the scalars of numpy, which JSON does not take, into plain numbers.
    values: Line
    match event:
        case Row():
            values = {
                "type": "row",
                "leg": event.leg,
                "window": event.window,
                "start": float(event.start),
                "end": float(event.end),
                "state": event.state,
                "emotion": event.emotion,
                "probabilities": _floats(event.probabilities),
                "smoothed": _floats(event.smoothed),
                "level_dbfs": float(event.level_dbfs),
                "lag_seconds": float(event.lag_seconds),
                "voice_known": float(event.voice_known),
            }
        case Skip():
            values = {
                "type": "skip",
                "leg": event.leg,
                "window": event.window,
                "start": float(event.start),
                "end": float(event.end),
                "start_sample": event.start_sample,
                "end_sample": event.end_sample,
                "lag_seconds": float(event.lag_seconds),
                "demand": float(event.demand),
            }
        case Gap():
            values = {
                "type": "gap",
                "leg": event.leg,
                "start": float(event.start),
                "end": float(event.end),
                "start_sample": event.start_sample,
                "end_sample": event.end_sample,
                "cause": event.cause,
                "estimated": event.estimated,
            }
        case Absence():
            values = {
                "type": "absence",
                "source": event.source,
                "at": float(event.at_seconds),
                "reason": event.reason,
            }
        case Alert():
            values = {
                "type": "alert",
                "leg": event.leg,
                "rule": event.rule,
                "label": event.label,
                "onset": float(event.onset_seconds),
                "at": float(event.at_seconds),
                "delay_seconds": float(event.delay_seconds),
                "probability": float(event.probability),
                "window": event.window,
                "onset_sample": event.onset_sample,
                "end_sample": event.end_sample,
            }
        case Mark():
            values = {"type": "mark", "at": float(event.at_seconds), "clock": clock.iso(event.clock)}
        case Pause():
            kind = "pause" if event.paused else "resume"
            values = {"type": kind, "at": float(event.at_seconds), "clock": clock.iso(event.clock)}
        case Failure():
            values = {"type": "failure", "message": event.message}
        case Complaint():
            values = {"type": "complaint", "message": event.message}
    return values


def _floats(values: Mapping[str, float] | None) -> JsonValue:
    return None if values is None else {label: float(value) for label, value in values.items()}


class Journal(Sink):
    """JSON Lines in UTF-8: a header, then a line for each event, at last a summary.

    A session that ends before its first event leaves no journal. If others move, remove or truncate the file,
    the journal goes on as described at `LineFile`; each file begins with the header.
    """

    unit: ClassVar[str] = "line"

    def __init__(self, path: str | Path, *, access: Access = PRIVATE, replace: bool = False) -> None:
        self.path = Path(path)
        self._access = access
        self._replace = replace
        self._lines: LineFile | None = None
        self._clock = SessionClock.from_epoch(0.0)
        self._is_open = False

    def open(self, info: SessionInfo) -> None:
        """Create the file and write the header."""
        self._lines = LineFile(self.path, access=self._access, replace=self._replace)
        self._clock = SessionClock.from_epoch(info.started)
        try:
            self._lines.write(to_json({"type": "header", **info_values(info)}))
        except OutputError:
            self._lines.withdraw()
            raise
        self._is_open = True

    def handle(self, event: Event) -> None:
        """Write the line of an event at once."""
        if self._lines is not None and not isinstance(event, Sound):
            self._lines.write(to_json(event_values(event, self._clock)))

    def close(self, summary: Summary | None) -> None:
        """Write the summary and close the file; a second call does nothing."""
        lines, was_open = self._lines, self._is_open
        self._is_open = False
        if lines is None:
            return
        try:
            if was_open and summary is not None:
                lines.write(to_json({"type": "summary", **summary_values(summary)}))
        finally:
            if summary is None and lines.num_written <= 1:
                lines.withdraw()
            else:
                lines.close()

    @property
    def may_recover(self) -> bool:
        """True: a line is written whole or not at all, so that others can follow it."""
        return True

    def recover(self) -> bool:
        """Check for room on the disk, or for a reader that reads."""
        return self._lines is not None and self._lines.is_ready()

    def lacks(self, event: Event | Summary) -> bool:  # noqa: ARG002
        """True: every event has a line."""
        return True

    @property
    def num_written(self) -> int:
        """Lines written."""
        return 0 if self._lines is None else self._lines.num_written

    @property
    def files(self) -> tuple[str, ...]:
        """The path of the journal, unless that was moved away."""
        lines = self._lines
        return (str(lines.path),) if lines is not None and lines.num_written and lines.is_there else ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What others did to the file."""
        note = None if self._lines is None else self._lines.note
        return () if note is None else (note,)


class JsonLines(PrinterSink):
    """The lines of a journal on a text stream, in ASCII, so that they do not depend on the locale."""

    unit: ClassVar[str] = "line"

    def print_head(self, info: SessionInfo) -> None:
        """Print the header."""
        self._print({"type": "header", **info_values(info)})

    def handle(self, event: Event) -> None:
        """Print the line of an event at once."""
        if not isinstance(event, Sound):
            self._print(event_values(event, self.clock))

    def print_summary(self, summary: Summary, info: SessionInfo) -> None:  # noqa: ARG002 - the head has it
        """Print the summary."""
        self._print({"type": "summary", **summary_values(summary)})

    def lacks(self, event: Event | Summary) -> bool:  # noqa: ARG002
        """True: every event has a line."""
        return True

    def _print(self, line: Line) -> None:
        self.printer.write(to_json(line, ascii_only=True))
