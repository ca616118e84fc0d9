"""Read a journal that `--journal` or `--json` wrote, trusting nothing in it."""

import errno
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, get_args

import msgspec
from msgspec.structs import asdict

from emotion.errors import JournalError, MissingExtraError, printable
from emotion.untrusted import JsonValueError, Text, Versioned, convert, parse_object, shown
from streamer.events import Absence, Alert, Complaint, Failure, Gap, LineFit, Mark, Pause, Row, Skip
from streamer.leg_plan import LegPlan, is_staff_name
from streamer.saved_states import StoredArray, arrays_of
from streamer.session_info import LegLine, LegSummary, SessionInfo, StrongMoment, Summary
from streamer.sinks.journal import (
    JOURNAL_FORMAT,
    LINE_OF_EVENT,
    AbsenceLine,
    EventLine,
    HeaderLine,
    JournalLine,
    LegTotalsEntry,
    MarkLine,
    PauseLine,
    ResumeLine,
    RowLine,
    SummaryLine,
)
from streamer.sources.base import SourceInfo

if TYPE_CHECKING:
    import os

    # Not a dependency: `to_pandas` asks for it.
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

MAX_LINE_BYTES: Final = 2**20
"""A header or a summary with a thousand texts is shorter."""

_BEGINNING: Final = b'{"type": "'
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)


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
    line_fits : tuple of LineFit
        Where the line of a leg stopped to fit its voice, or began to.
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
    line_fits: tuple[LineFit, ...] = ()

    @property
    def seconds(self) -> float:
        """The length of the session as far as the journal shows it, s."""
        ends = [event.end for events in (self.rows, self.skips, self.gaps) for event in events]
        stamped = (self.marks, self.pauses, self.alerts, self.absences)
        ends += [event.at_seconds for events in stamped for event in events]
        return max([0.0 if self.summary is None else self.summary.seconds, *ends])

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


_MAX_SESSION_FILE_BYTES: Final = 1_000_000


def read_session_info(path: Path) -> SessionInfo:
    """Read the facts of a session from its session.json; JournalError where they cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_SESSION_FILE_BYTES + 1)
        # What is cut is no JSON.
        values = parse_object(raw[:_MAX_SESSION_FILE_BYTES], replace_unprintable=True)
        _check_format(convert(values, Versioned).format)
        info = _session_info(convert(values | {"type": "header"}, HeaderLine))
        return replace(info, lines=_with_sums(info.lines, convert(values, _LineSums)))
    except OSError as error:
        raise JournalError(f"{printable(path)} cannot be read: {error.strerror or error}") from error
    except JsonValueError as error:
        raise JournalError(f"{printable(path)}: {error}; it is no session that can be replayed") from error


class _StoredSums(msgspec.Struct, frozen=True):
    model_digest: Text
    state: dict[str, StoredArray]


class _LineSums(msgspec.Struct, frozen=True):
    """What a session.json has beside the header."""

    line_sums: dict[str, _StoredSums] = {}


def _with_sums(lines: Mapping[str, LegLine], sums: _LineSums) -> dict[str, LegLine]:
    return {
        leg: replace(line, state=arrays_of(found.state), model_digest=found.model_digest)
        if (found := sums.line_sums.get(leg)) is not None
        else line
        for leg, line in lines.items()
    }


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


_LINE_OF_TYPE: Final[dict[str, type[JournalLine]]] = {
    kind.__struct_config__.tag: kind for kind in get_args(JournalLine)
}
_EVENT_OF_LINE: Final = {line: event for event, line in LINE_OF_EVENT.items()}
_EVENT_DECODER: Final = msgspec.json.Decoder(EventLine)


def _decoded_event(raw: bytes) -> EventLine | None:
    """Decode the line of an event fast; None leaves it to the strict parser, which is three times as slow.

    Without a backslash, quotes stand only around strings. msgspec passes over unknown keys and the first of
    two equal ones: a line that it encodes with as many quotes as were there has none of them. What is missing
    in a line must not be encoded for this: no default but `UNSET`.
    """
    if not raw.isascii() or b"\\" in raw or b"\x7f" in raw:
        return None
    try:
        line: EventLine = _EVENT_DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    return line if msgspec.json.encode(line).count(b'"') == raw.count(b'"') else None


class _Reader:
    """Takes the lines of one journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._header: SessionInfo | None = None
        self._summary: Summary | None = None
        self._events: defaultdict[type, list[Any]] = defaultdict(list)
        self._num_broken = 0
        self._labels: tuple[str, ...] = ()
        self._grid_rate = 0
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
            line_fits=tuple(events[LineFit]),
        )

    def _take(self, raw: bytes) -> None:
        line = None if self._header is None else _decoded_event(raw)
        match line or self._parsed_line(raw):
            case None:
                pass
            case HeaderLine() as header:
                self._take_header(header)
            case SummaryLine() as summary:
                legs = {leg: _leg_summary(each) for leg, each in summary.legs.items()}
                self._summary = Summary(**asdict(summary) | {"legs": legs})
            case event_line:
                event = self._event(event_line)
                self._events[type(event)].append(event)

    def _parsed_line(self, raw: bytes) -> JournalLine | None:
        """Parse a line strictly; None for a cut one and for a type that only a later callmood knows."""
        try:
            values = parse_object(raw, replace_unprintable=True)
        except JsonValueError:
            if self._header is None or not _is_cut(raw):
                raise
            self._num_broken += 1
            return None
        name = values.get("type")
        if not isinstance(name, str):
            raise JsonValueError(f"type is {shown(name)}, expected text such as row")
        if name == "header":
            _check_format(convert(values, Versioned).format)
        elif self._header is None:
            raise JsonValueError("a journal begins with its header; this is none")
        kind = _LINE_OF_TYPE.get(name)
        return None if kind is None else convert(values, kind)

    def _take_header(self, line: HeaderLine) -> None:
        header = _session_info(line)
        if self._header is not None and self._header.session != header.session:
            raise JsonValueError(
                f"it holds the sessions {self._header.session[:80]} and {header.session[:80]}; "
                "read each from a file of its own"
            )
        self._header = self._header or header
        self._labels, self._grid_rate = self._header.labels, self._header.sample_rate
        self._rates = {leg.name: header.sources[leg.source].sample_rate for leg in header.legs}
        self._source_numbers = {source.name: number for number, source in enumerate(header.sources)}

    def _event(self, line: EventLine) -> object:
        match line:
            case RowLine():
                return self._row(line)
            case AbsenceLine():
                return Absence(self._source_numbers.get(line.source, 0), **asdict(line))
            case MarkLine():
                note = None if line.note is msgspec.UNSET else line.note
                return Mark(line.at_seconds, _moment("clock", line.clock).timestamp(), note)
            case PauseLine() | ResumeLine():
                is_paused = isinstance(line, PauseLine)
                return Pause(line.at_seconds, _moment("clock", line.clock).timestamp(), is_paused)
            case _:
                return _EVENT_OF_LINE[type(line)](**asdict(line))

    def _row(self, line: RowLine) -> Row:
        if line.leg not in self._rates:
            raise JsonValueError(f"leg {shown(line.leg)} is not in the header")
        if line.emotion is not None and line.emotion not in self._labels:
            raise JsonValueError(f"emotion {shown(line.emotion)} is none of the header's labels")
        for shares in (line.probabilities, line.smoothed):
            if shares is not None and tuple(shares) != self._labels:
                raise JsonValueError("probabilities or smoothed has other labels than the header")
        rate, grid_rate = self._rates[line.leg], self._grid_rate
        values = asdict(line)
        if line.voice_known is msgspec.UNSET:
            del values["voice_known"]
        return Row(
            **values,
            start_sample=source_sample(line.start, rate, grid_rate),
            end_sample=source_sample(line.end, rate, grid_rate),
        )


def _check_format(version: int) -> None:
    if version != JOURNAL_FORMAT:
        advice = "update callmood" if version > JOURNAL_FORMAT else "an older callmood wrote it"
        raise JsonValueError(f"it is of format {version}, this callmood reads {JOURNAL_FORMAT}; {advice}")


def source_sample(seconds: float, rate: int, grid_rate: int) -> int:
    """Turn stream time into a sample of the source, as `SegmentTime` counts it.

    The numerator is a whole number of samples of both rates at once: rounding restores it exactly for streams
    of many days.
    """
    return -(-round(seconds * rate * grid_rate) // grid_rate)


def _leg_summary(entry: LegTotalsEntry) -> LegSummary:
    moments = tuple(StrongMoment(**asdict(moment)) for moment in entry.moments)
    return LegSummary(**asdict(entry) | {"moments": moments})


def _offset_seconds(text: str) -> float:
    return (_moment("started", text).utcoffset() or timedelta()).total_seconds()


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise JsonValueError(f"{name} is {shown(text)}, expected a time as ISO 8601 with its offset")
    return moment


def _is_cut(raw: bytes) -> bool:
    """Tell whether it may be the beginning of a line: what a crash or a truncation leaves."""
    raw = raw.rstrip(b"\0")
    plain = _STRING.sub(b"", raw)
    is_open = plain.count(b"{") > plain.count(b"}")
    return is_open and (raw.startswith(_BEGINNING) or _BEGINNING.startswith(raw))


def _session_info(line: HeaderLine) -> SessionInfo:
    legs = tuple(LegPlan(**asdict(leg), staff=_is_staff(leg.name, line)) for leg in line.legs)
    if any(leg.source >= len(line.sources) for leg in legs):
        raise JsonValueError("a leg is of a source that is not there")
    values = asdict(line) | {
        "started": _moment("started", line.started).timestamp(),
        "utc_offset_seconds": _offset_seconds(line.started),
        # Journals from before `clock`, of replays as well, had the wall clock at the start.
        "clock": ("wall" if any(source.live for source in line.sources) else "stream")
        if line.clock is msgspec.UNSET
        else line.clock,
        "sources": tuple(SourceInfo(**_without("kept_channels", asdict(source))) for source in line.sources),
        "legs": legs,
        "announced": None if line.announced is msgspec.UNSET else line.announced,
        "alerts": None if line.alerts is msgspec.UNSET else line.alerts,
        "lines": {}
        if line.lines is msgspec.UNSET
        else {leg: LegLine(**asdict(each)) for leg, each in line.lines.items()},
    }
    return SessionInfo(**_without("format", _without("staff", values)))


def _is_staff(leg: str, line: HeaderLine) -> bool:
    """Tell whether a leg is an employee's; journals from before `staff` only have its name."""
    return is_staff_name(leg) if line.staff is msgspec.UNSET else leg in line.staff


def _without(name: str, values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
