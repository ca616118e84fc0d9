"""The journal and `--json`: every type of line, and the sinks that write one for each event."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from emotion.atomic_files import PRIVATE, Access
from emotion.errors import OutputError
from emotion.untrusted import Count, Positive
from emotion.window_grid import MAX_SAMPLE_RATE
from streamer.events import (
    Absence,
    Alert,
    Complaint,
    Event,
    Failure,
    Gap,
    GapCause,
    LegOutput,
    LineFit,
    Mark,
    Pause,
    Row,
    Skip,
    Sound,
    State,
)
from streamer.leg_plan import MAX_LEGS
from streamer.session_info import ClockKind, SessionClock, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.writer import LineFile, PrinterSink

JOURNAL_FORMAT: Final = 2
"""Raised when a line changes its meaning; new keys may come without."""

_MAX_SECONDS: Final = 1.0e9
"""Thirty years; nanoseconds of three hundred fill the 64 bits of a table."""
_MIN_SAMPLE_RATE: Final = 100
"""Less than any source has, and enough for a spectrogram."""
_MIN_STEP_SECONDS: Final = 0.001
"""Less than any step, and one of the milliseconds that exports count in."""
_MAX_LABELS: Final = 32
_Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=_MAX_SECONDS)]
_SignedSeconds: TypeAlias = Annotated[float, Meta(ge=-_MAX_SECONDS, le=_MAX_SECONDS)]
_GridSeconds: TypeAlias = Annotated[float, Meta(ge=_MIN_STEP_SECONDS, le=_MAX_SECONDS)]
_Rate: TypeAlias = Annotated[int, Meta(ge=_MIN_SAMPLE_RATE, le=MAX_SAMPLE_RATE)]
_Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
_Clock: TypeAlias = Annotated[str, Meta(description="ISO 8601 with its offset")]


class _Entry(
    Struct,
    frozen=True,
    rename={"at_seconds": "at", "onset_seconds": "onset", "callmood_version": "version"},
):
    """Fields have the names and the order of the keys, but for those that are renamed.

    A field with a default is missing in older journals of this format; a later callmood may write more keys.
    """


class _Line(_Entry, frozen=True, tag_field="type"):
    """A line of its own, told from others by the key ``type``."""


class RowLine(_Line, frozen=True, tag="row"):
    """A window."""

    leg: str
    window: Count
    start: _Seconds
    end: _Seconds
    state: State
    emotion: str | None
    probabilities: dict[str, _Share] | None
    smoothed: dict[str, _Share] | None
    level_dbfs: Annotated[float, Meta(ge=-1000, le=1000)]
    lag_seconds: _SignedSeconds
    voice_known: _Share | UnsetType = UNSET


class SkipLine(_Line, frozen=True, tag="skip"):
    """A window for which there was no time."""

    leg: str
    window: Count
    start: _Seconds
    end: _Seconds
    start_sample: Count
    end_sample: Count
    lag_seconds: _SignedSeconds
    demand: _Seconds


class GapLine(_Line, frozen=True, tag="gap"):
    """Missing sound."""

    leg: str
    start: _Seconds
    end: _Seconds
    start_sample: Count
    end_sample: Count
    cause: GapCause
    estimated: bool


class AbsenceLine(_Line, frozen=True, tag="absence"):
    """A device went away."""

    source: str
    at_seconds: _Seconds
    reason: str


class LineFitLine(_Line, frozen=True, tag="line"):
    """The line of a leg was found not to fit its voice, or to fit it again."""

    leg: str
    at_seconds: _Seconds
    fits: bool


class AlertLine(_Line, frozen=True, tag="alert"):
    """A rule became true."""

    leg: str
    rule: str
    label: str
    onset_seconds: _Seconds
    at_seconds: _Seconds
    delay_seconds: _Seconds
    probability: _Share
    window: Count
    onset_sample: Count
    end_sample: Count


class _KeyLine(_Line, frozen=True):
    at_seconds: _Seconds
    clock: _Clock


class MarkLine(_KeyLine, frozen=True, tag="mark"):
    """The user marked a moment, and may have written what it was."""

    note: str | UnsetType | None = UNSET


class PauseLine(_KeyLine, frozen=True, tag="pause"):
    """The user began a pause."""


class ResumeLine(_KeyLine, frozen=True, tag="resume"):
    """The user ended a pause."""


class FailureLine(_Line, frozen=True, tag="failure"):
    """An output was suspended, closed, or works again."""

    message: str


class ComplaintLine(_Line, frozen=True, tag="complaint"):
    """An alert was not delivered, or similar."""

    message: str


class SourceEntry(_Entry, frozen=True):
    """A source in the header."""

    name: str
    sample_rate: _Rate
    channels: Positive
    kept_channels: tuple[Count, ...]
    sample_format: Literal["PCM_16", "FLOAT"]
    seconds: _Seconds | None
    live: bool


class LegEntry(_Entry, frozen=True):
    """A leg in the header."""

    name: str
    source: Count
    channel: Count | None
    analysed: bool


class LegLineEntry(_Entry, frozen=True):
    """The line of a leg in the header."""

    name: str
    codec: str
    voices: Count


class HeaderLine(_Line, frozen=True, tag="header"):
    """The first line."""

    format: Literal[2]
    session: str
    started: _Clock
    sources: tuple[SourceEntry, ...]
    notes: tuple[str, ...]
    model: str
    model_notes: tuple[str, ...]
    voices: dict[str, str]
    feature_set: str
    labels: Annotated[tuple[str, ...], Meta(max_length=_MAX_LABELS)]
    win_seconds: _GridSeconds
    step_seconds: _GridSeconds
    sample_rate: _Rate
    legs: Annotated[tuple[LegEntry, ...], Meta(max_length=MAX_LEGS)]
    callmood_version: str
    staff: tuple[str, ...] | UnsetType = UNSET
    announced: str | UnsetType | None = UNSET
    clock: ClockKind | UnsetType = UNSET
    alerts: tuple[str, ...] | UnsetType | None = UNSET
    lines: dict[str, LegLineEntry] | UnsetType = UNSET


class MomentEntry(_Entry, frozen=True):
    """One of the strongest moments of a leg in the summary."""

    emotion: str
    start: _Seconds
    end: _Seconds
    mean_probability: _Share
    peak_probability: _Share


class LegTotalsEntry(_Entry, frozen=True):
    """The totals of a leg in the summary."""

    windows: Count
    state_seconds: dict[State, _Seconds]
    emotion_seconds: dict[str, _Seconds]
    talk_seconds: _Seconds
    moments: tuple[MomentEntry, ...]


class SummaryLine(_Line, frozen=True, kw_only=True, tag="summary"):
    """The last line."""

    seconds: _Seconds
    windows: Count
    states: dict[str, Count]
    emotions: dict[str, Count]
    overruns: Count
    gaps: Count
    marks: Count
    skipped: Count = 0
    dropped_seconds: _Seconds
    paused_seconds: _Seconds
    talk_seconds: dict[str, _Seconds]
    overlap_seconds: _Seconds
    drift_seconds: _SignedSeconds | None
    slip_seconds: _SignedSeconds
    non_finite_samples: Count
    real_time_factor: _Seconds
    max_lag_seconds: _SignedSeconds
    alerts: Count
    legs: dict[str, LegTotalsEntry] = {}
    files: tuple[str, ...]
    failures: tuple[str, ...]
    complaints: tuple[str, ...]


EventLine: TypeAlias = (
    RowLine
    | SkipLine
    | GapLine
    | AbsenceLine
    | LineFitLine
    | AlertLine
    | MarkLine
    | PauseLine
    | ResumeLine
    | FailureLine
    | ComplaintLine
)
JournalLine: TypeAlias = HeaderLine | EventLine | SummaryLine

Line: TypeAlias = dict[str, Any]
"""A line, or a part of it, as `to_json` encodes it."""

JournalEvent: TypeAlias = LegOutput | Absence | Alert | Mark | Pause | Failure | Complaint
"""All but sound."""


def to_json(line: Line, *, ascii_only: bool = False, indent: int | None = None) -> str:
    """Encode a line; ValueError where a number is not finite."""
    return json.dumps(line, ensure_ascii=ascii_only, allow_nan=False, indent=indent, default=_plain)


def _plain(value: Any) -> object:
    """Give a read-only mapping, or a scalar of numpy, as a type that JSON has."""
    return dict(value) if isinstance(value, Mapping) else value.item()


def _values(kind: type[_Entry], source: object, **others: object) -> Line:
    """Give the keys of a line; those that are not given are attributes of `source`."""
    return {
        key: others[name] if name in others else getattr(source, name)
        for name, key in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    }


def info_values(info: SessionInfo) -> Line:
    """Give what does not change, for the head of a journal and for session.json."""
    return _values(
        HeaderLine,
        info,
        format=JOURNAL_FORMAT,
        started=SessionClock.of(info).started.isoformat(timespec="milliseconds"),
        sources=[
            _values(SourceEntry, source, kept_channels=info.kept_channels(number))
            for number, source in enumerate(info.sources)
        ],
        legs=[_values(LegEntry, leg) for leg in info.legs],
        lines={leg: _values(LegLineEntry, line) for leg, line in info.lines.items()},
    )


def summary_values(summary: Summary) -> Line:
    """Give the totals, for the end of a journal and for session.json."""
    legs = {
        leg: _values(LegTotalsEntry, each, moments=[_values(MomentEntry, moment) for moment in each.moments])
        for leg, each in summary.legs.items()
    }
    return _values(SummaryLine, summary, legs=legs)


LINE_OF_EVENT: Final[Mapping[type, type[_Line]]] = {
    Row: RowLine,
    Skip: SkipLine,
    Gap: GapLine,
    Absence: AbsenceLine,
    LineFit: LineFitLine,
    Alert: AlertLine,
    Mark: MarkLine,
    Pause: PauseLine,
    Failure: FailureLine,
    Complaint: ComplaintLine,
}


def event_values(event: JournalEvent, clock: SessionClock) -> Line:
    """Give the line of an event."""
    kind = LINE_OF_EVENT[type(event)]
    values = {"type": kind.__struct_config__.tag, **_values(kind, event)}
    if isinstance(event, Mark | Pause):
        values["clock"] = clock.key_at(event.at_seconds, event.clock).isoformat(timespec="milliseconds")
    if isinstance(event, Pause) and not event.paused:
        values["type"] = ResumeLine.__struct_config__.tag
    return values


class JournalWriter(Sink):
    """JSON Lines in UTF-8: a header, then a line for each event, at last a summary.

    A session that ends before its first event leaves no journal. If others move, remove or truncate the file,
    the journal goes on as described at `LineFile`; each file begins with the header.
    """

    unit: ClassVar[str] = "line"
    # A line is written whole or not at all, so that others can follow it.
    may_recover = True

    def __init__(self, path: str | Path, *, access: Access = PRIVATE, replace: bool = False) -> None:
        self.path = Path(path)
        self._access = access
        self._replace = replace
        self._lines: LineFile | None = None
        self._clock = SessionClock()
        self._is_open = False

    def open(self, info: SessionInfo) -> None:
        """Create the file and write the header."""
        self._lines = LineFile(self.path, access=self._access, replace=self._replace)
        self._clock = SessionClock.of(info)
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
