"""Read a journal that `--journal` or `--json` wrote, trusting nothing in it."""

import errno
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, Literal, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import asdict

from emotion.errors import JournalError, MissingExtraError
from emotion.typed_json import Count, Positive, Versioned, convert
from emotion.untrusted_text import JsonValueError, parse_object, printable, shown
from streamer.events import (
    Absence,
    Alert,
    Complaint,
    Failure,
    Gap,
    GapCause,
    Mark,
    Pause,
    Row,
    Skip,
    State,
)
from streamer.leg_plan import LegPlan
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.journal import JOURNAL_FORMAT
from streamer.sources.base import SourceInfo

if TYPE_CHECKING:
    import os

    # Not a dependency: `to_pandas` asks for it.
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

MAX_LINE_BYTES: Final = 2**20
"""A header or a summary with a thousand texts is shorter."""

_MAX_SECONDS: Final = 1.0e10
_BEGINNING: Final = b'{"type": "'
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)

_Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=_MAX_SECONDS)]
_SignedSeconds: TypeAlias = Annotated[float, Meta(ge=-_MAX_SECONDS, le=_MAX_SECONDS)]
_Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


class _Line(Struct, frozen=True):
    """Keys of no field are left out: a later callmood may write more."""


class _RowLine(_Line, frozen=True):
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
    voice_known: _Share = 0.0


class _SkipLine(_Line, frozen=True):
    leg: str
    window: Count
    start: _Seconds
    end: _Seconds
    start_sample: Count
    end_sample: Count
    lag_seconds: _SignedSeconds
    demand: _Seconds


class _GapLine(_Line, frozen=True):
    leg: str
    start: _Seconds
    end: _Seconds
    start_sample: Count
    end_sample: Count
    cause: GapCause
    estimated: bool


class _AbsenceLine(_Line, frozen=True):
    source: str
    at: _Seconds
    reason: str


class _AlertLine(_Line, frozen=True):
    leg: str
    rule: str
    label: str
    onset: _Seconds
    at: _Seconds
    delay_seconds: _Seconds
    probability: _Share
    window: Count
    onset_sample: Count
    end_sample: Count


class _KeyLine(_Line, frozen=True):
    at: _Seconds
    clock: str


class _MessageLine(_Line, frozen=True):
    message: str


class _SourceEntry(_Line, frozen=True):
    name: str
    sample_rate: Positive
    channels: Positive
    sample_format: Literal["PCM_16", "FLOAT"]
    seconds: _Seconds | None
    live: bool


class _LegEntry(_Line, frozen=True):
    name: str
    source: Count
    channel: Count | None
    analysed: bool


class _HeaderLine(_Line, frozen=True):
    session: str
    started: str
    sources: tuple[_SourceEntry, ...]
    notes: tuple[str, ...]
    model: str
    model_notes: tuple[str, ...]
    voices: dict[str, str]
    feature_set: str
    labels: tuple[str, ...]
    win_seconds: _Seconds
    step_seconds: _Seconds
    sample_rate: Positive
    legs: tuple[_LegEntry, ...]
    version: str


class _SummaryLine(_Line, frozen=True):
    seconds: _Seconds
    windows: Count
    states: dict[str, Count]
    emotions: dict[str, Count]
    overruns: Count
    gaps: Count
    marks: Count
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
    files: tuple[str, ...]
    failures: tuple[str, ...]
    complaints: tuple[str, ...]
    # Journals of format 2 that were written before windows were skipped have no count of them.
    skipped: Count = 0


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal says, in the order of its lines.

    The fields of a row are the keys of its line (docs/journal.md), with `start_sample` and `end_sample` of
    the source beside them. Times that a line calls `at`, `onset` and `version` are called `at_seconds`,
    `onset_seconds` and `callmood_version`; `clock` and `started` are seconds since the epoch.

    Attributes
    ----------
    path : Path
        Of the file.
    header : SessionInfo
        What was fixed while the session ran; the first one of a journal that was begun anew.
    rows : tuple of Row
        One a window.
    skips : tuple of Skip
        Windows for which there was no time.
    gaps : tuple of Gap
        Missing sound.
    absences : tuple of Absence
        Devices that went away.
    alerts : tuple of Alert
        Rules that became true.
    marks : tuple of Mark
        Moments that the user marked.
    pauses : tuple of Pause
        Beginnings and ends of pauses.
    failures : tuple of Failure
        Outputs that were suspended.
    complaints : tuple of Complaint
        Other things that went wrong.
    summary : Summary or None
        The totals; None where the session was killed, or the journal was moved away before its end.
    num_broken : int
        Lines that were cut, by a crash or by whoever truncated the file, and were left out.
    """

    path: Path
    header: SessionInfo
    rows: tuple[Row, ...]
    skips: tuple[Skip, ...]
    gaps: tuple[Gap, ...]
    absences: tuple[Absence, ...]
    alerts: tuple[Alert, ...]
    marks: tuple[Mark, ...]
    pauses: tuple[Pause, ...]
    failures: tuple[Failure, ...]
    complaints: tuple[Complaint, ...]
    summary: Summary | None
    num_broken: int = 0

    def to_pandas(self) -> "pd.DataFrame":
        """Give the rows as a table.

        Returns
        -------
        pandas.DataFrame
            A line for each row and a column for each of its fields; `probabilities` and `smoothed` have a
            column for each label, such as `probability_angry` and `smoothed_angry`, NaN where a row has none.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - nothing else here needs it
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                "this needs pandas, which is not installed; type: pip install pandas"
            ) from error
        return pd.DataFrame.from_records(
            [_cells(row, self.header.labels) for row in self.rows],
            columns=[*_BEFORE, *_label_columns(self.header.labels), *_AFTER],
        )


_BEFORE: Final = ("leg", "window", "start", "end", "start_sample", "end_sample", "state", "emotion")
_AFTER: Final = ("level_dbfs", "lag_seconds", "voice_known")


def _label_columns(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{kind}_{label}" for kind in ("probability", "smoothed") for label in labels)


def _cells(row: Row, labels: Sequence[str]) -> tuple[object, ...]:
    shares = [
        math.nan if mapping is None else mapping[label]
        for mapping in (row.probabilities, row.smoothed)
        for label in labels
    ]
    return *(getattr(row, name) for name in _BEFORE), *shares, *(getattr(row, name) for name in _AFTER)


def read_journal(path: "str | os.PathLike[str]") -> Journal:
    """Read a journal.

    A journal that was cut by a crash, or begun anew by log rotation with its header again, is read as far as
    it goes. Keys and lines of other types are left out: a later callmood may write more.

    Parameters
    ----------
    path : str or path-like
        What `--journal` or `--json` wrote.

    Returns
    -------
    Journal
        Its lines, by type.

    Raises
    ------
    JournalError
        If the file is missing, holds something else or several sessions, or is of another format.
    """
    file_path = Path(path)
    try:
        with _opened(file_path) as file:
            return _Reader(file_path).read(file)
    except JsonValueError as error:
        raise JournalError(f"{printable(file_path)}: {error}") from error
    except (OSError, ValueError) as error:
        if isinstance(error, JournalError):
            raise
        what = getattr(error, "strerror", None) or error
        raise JournalError(f"{printable(file_path)} cannot be read: {what}; name another file") from error


def _opened(path: Path) -> BinaryIO:
    """Open a regular file: a pipe would wait for its writer, and a device never end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    return path.open("rb")


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise JsonValueError(f"line {number} is longer than {MAX_LINE_BYTES} bytes: this is no journal")
        yield number, line.strip(b"\n")


class _Reader:
    """Takes the lines of one journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._header: SessionInfo | None = None
        self._summary: Summary | None = None
        self._events: dict[type, list[Any]] = {
            kind: [] for kind in (Row, Skip, Gap, Absence, Alert, Mark, Pause, Failure, Complaint)
        }
        self._num_broken = 0
        self._rates: dict[str, int] = {}
        self._source_numbers: dict[str, int] = {}

    def read(self, file: BinaryIO) -> Journal:
        """Take all lines."""
        for number, raw in _lines(file):
            if not raw.strip(b" \r\0"):
                # Some file systems leave zeros at the end after a power cut.
                self._num_broken += b"\0" in raw
                continue
            try:
                self._take(raw)
            except JsonValueError as error:
                raise JsonValueError(f"line {number}: {error}") from error
        if self._header is None:
            raise JsonValueError("it is empty")
        events = self._events
        return Journal(
            path=self._path,
            header=self._header,
            rows=tuple(events[Row]),
            skips=tuple(events[Skip]),
            gaps=tuple(events[Gap]),
            absences=tuple(events[Absence]),
            alerts=tuple(events[Alert]),
            marks=tuple(events[Mark]),
            pauses=tuple(events[Pause]),
            failures=tuple(events[Failure]),
            complaints=tuple(events[Complaint]),
            summary=self._summary,
            num_broken=self._num_broken,
        )

    def _take(self, raw: bytes) -> None:
        try:
            line = parse_object(raw, replace_unprintable=True)
        except JsonValueError:
            if self._header is None or not _is_cut(raw):
                raise
            self._num_broken += 1
            return
        kind = line.get("type")
        if not isinstance(kind, str):
            raise JsonValueError(f"type is {shown(kind)}, expected text such as row")
        if kind == "header":
            self._take_header(line)
        elif self._header is None:
            raise JsonValueError("a journal begins with its header; this is none")
        elif kind == "summary":
            self._summary = Summary(**asdict(convert(line, _SummaryLine)))
        elif (event := self._event(kind, line, self._header)) is not None:
            self._events[type(event)].append(event)

    def _take_header(self, line: dict[str, object]) -> None:
        version = convert(line, Versioned).format
        if version != JOURNAL_FORMAT:
            advice = "update callmood" if version > JOURNAL_FORMAT else "an older callmood wrote it"
            raise JsonValueError(f"it is of format {version}, this callmood reads {JOURNAL_FORMAT}; {advice}")
        header = _header(convert(line, _HeaderLine))
        if self._header is not None and self._header.session != header.session:
            raise JsonValueError(
                f"it holds the sessions {self._header.session[:80]} and {header.session[:80]}; "
                "read each from a file of its own"
            )
        self._header = self._header or header
        self._rates = {leg.name: header.sources[leg.source].sample_rate for leg in header.legs}
        self._source_numbers = {source.name: number for number, source in enumerate(header.sources)}

    def _event(self, kind: str, line: dict[str, object], header: SessionInfo) -> object:
        event: object = None
        match kind:
            case "row":
                event = self._row(convert(line, _RowLine), header)
            case "skip":
                event = Skip(**asdict(convert(line, _SkipLine)))
            case "gap":
                event = Gap(**asdict(convert(line, _GapLine)))
            case "absence":
                absence = convert(line, _AbsenceLine)
                number = self._source_numbers.get(absence.source, 0)
                event = Absence(number, absence.source, absence.at, absence.reason)
            case "alert":
                values = asdict(convert(line, _AlertLine))
                onset, at = values.pop("onset"), values.pop("at")
                event = Alert(**values, onset_seconds=onset, at_seconds=at)
            case "mark":
                mark = convert(line, _KeyLine)
                event = Mark(mark.at, _epoch_seconds("clock", mark.clock))
            case "pause" | "resume":
                key = convert(line, _KeyLine)
                event = Pause(key.at, _epoch_seconds("clock", key.clock), kind == "pause")
            case "failure":
                event = Failure(convert(line, _MessageLine).message)
            case "complaint":
                event = Complaint(convert(line, _MessageLine).message)
        return event

    def _row(self, line: _RowLine, header: SessionInfo) -> Row:
        if line.leg not in self._rates:
            raise JsonValueError(f"leg {shown(line.leg)} is not in the header")
        if line.emotion is not None and line.emotion not in header.labels:
            raise JsonValueError(f"emotion {shown(line.emotion)} is none of the header's labels")
        for shares in (line.probabilities, line.smoothed):
            if shares is not None and tuple(shares) != header.labels:
                raise JsonValueError("probabilities or smoothed has other labels than the header")
        rate, grid_rate = self._rates[line.leg], header.sample_rate
        return Row(
            **asdict(line),
            start_sample=_source_sample(line.start, rate, grid_rate),
            end_sample=_source_sample(line.end, rate, grid_rate),
        )


def _source_sample(seconds: float, rate: int, grid_rate: int) -> int:
    """Turn stream time into a sample of the source, as `SegmentTime` counts it.

    The numerator is a whole number of samples of both rates at once: rounding restores it exactly for streams
    of many days.
    """
    return -(-round(seconds * rate * grid_rate) // grid_rate)


def _epoch_seconds(name: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise JsonValueError(f"{name} is {shown(text)}, expected a time as ISO 8601 with its offset")
    return moment.timestamp()


def _is_cut(raw: bytes) -> bool:
    """Tell whether it may be the beginning of a line: what a crash or a truncation leaves."""
    raw = raw.rstrip(b"\0")
    plain = _STRING.sub(b"", raw)
    is_open = plain.count(b"{") > plain.count(b"}")
    return is_open and (raw.startswith(_BEGINNING) or _BEGINNING.startswith(raw))


def _header(line: _HeaderLine) -> SessionInfo:
    legs = tuple(LegPlan(leg.name, leg.source, leg.channel, leg.analysed) for leg in line.legs)
    if any(leg.source >= len(line.sources) for leg in legs):
        raise JsonValueError("a leg is of a source that is not there")
    values = asdict(line) | {
        "started": _epoch_seconds("started", line.started),
        "sources": tuple(SourceInfo(**asdict(source)) for source in line.sources),
        "legs": legs,
    }
    return SessionInfo(callmood_version=values.pop("version"), **values)
