"""The folder of one session: session.json, its journal, and the lock that keeps others from removing it."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from emotion.atomic_files import PRIVATE, Access, lock_folder, replace, write_new
from emotion.errors import OutputError, output_error
from streamer.events import Event
from streamer.recordings.wav import WavFormat
from streamer.saved_states import stored_arrays
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.journal import JournalWriter, Line, info_values, summary_values, to_json

SESSION_FILE: Final = "session.json"
JOURNAL_FILE: Final = "journal.jsonl"
SPECTROGRAM_FILE: Final = "spectrogram.png"
_MAX_BYTES: Final = 1_000_000
_MAX_SECONDS: Final = 1.0e11
"""Three thousand years; more is taken for damage."""
_MAX_CHARACTERS: Final = 80
_MAX_LEGS: Final = 64


@dataclass(frozen=True, slots=True)
class HeadLeg:
    """A leg of a recorded session.

    Attributes
    ----------
    name : str
        As the session called it.
    analysed : bool
        False where only its level was shown.
    emotion : str or None
        The one that it showed longest; None where it showed none, or nobody knows.
    """

    name: str
    analysed: bool
    emotion: str | None = None


@dataclass(frozen=True, slots=True)
class SessionTotals:
    """What a summary says.

    Attributes
    ----------
    seconds : float
        Stream time heard, s.
    alerts : int or None
        How many were raised; None where that is not known.
    emotions : mapping of str to (str or None)
        The emotion that each leg showed longest; empty in summaries from before they had legs.
    leading : str or None
        The emotion of most windows of all legs.
    """

    seconds: float
    alerts: int | None = None
    emotions: Mapping[str, str | None] = field(default_factory=dict)
    leading: str | None = None


@dataclass(frozen=True, slots=True)
class SessionHead:
    """What a session.json says, as far as it can be trusted.

    Attributes
    ----------
    session : str or None
        The session that it describes; None where that cannot be read.
    has_summary : bool
        True where it says how the session ended.
    is_damaged : bool
        True where anything below cannot be read; then all of it has the default.
    started : str or None
        ISO 8601 with offset.
    seconds : float or None
        Stream time heard, s; None without a summary.
    source : int
        The first source whose sound may have been kept.
    wav_format : WavFormat or None
        Of that sound; None where no source was kept.
    model : str or None
        Name of the model.
    legs : tuple of HeadLeg
        Without their emotions.
    totals : SessionTotals or None
        Of the summary, where there is one.
    """

    session: str | None = None
    has_summary: bool = False
    is_damaged: bool = True
    started: str | None = None
    seconds: float | None = None
    source: int = 0
    wav_format: WavFormat | None = None
    model: str | None = None
    legs: tuple[HeadLeg, ...] = ()
    totals: SessionTotals | None = None


_UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)


def read_session_head(file: BinaryIO) -> SessionHead:
    """Read a session.json, which may be damaged, or come from anywhere."""
    content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        return SessionHead()
    try:
        values: Any = json.loads(content)
    except _UNREADABLE:
        return SessionHead()
    try:
        session, has_summary = str(values["session"]), "summary" in values
    except _UNREADABLE:
        session, has_summary = None, False
    try:
        started = datetime.fromisoformat(values["started"]).isoformat(timespec="milliseconds")
        sources = values["sources"] if "sources" in values else [values["source"]]
        # The sound of a leg that is not analysed was not kept.
        kept = [number for number, source in enumerate(sources) if source.get("kept_channels", True)]
        first = kept[0] if kept else 0
        wav_format = WavFormat.of_source(sources[first]) if kept else None
        totals = read_totals(values["summary"]) if "summary" in values else None
        model = _short(values["model"]) if "model" in values else None
        legs = tuple(HeadLeg(_short(leg["name"]), bool(leg["analysed"])) for leg in values.get("legs", ()))
    except _UNREADABLE:
        return SessionHead(session, has_summary)
    seconds = None if totals is None else totals.seconds
    return SessionHead(
        session, has_summary, False, started, seconds, first, wav_format, model, legs[:_MAX_LEGS], totals
    )


def read_totals(values: Any) -> SessionTotals:
    """Read a summary from a file; ValueError, TypeError, LookupError or AttributeError where it is none."""
    legs = values.get("legs", {})
    return SessionTotals(
        seconds=checked_seconds(values["seconds"]),
        alerts=int(values["alerts"]) if "alerts" in values else None,
        emotions={_short(leg): _leading(legs[leg].get("emotion_seconds", {})) for leg in legs},
        leading=_leading(values.get("emotions", {})),
    )


def _leading(shares: Any) -> str | None:
    """Give the key of the largest number; None where all are 0."""
    leading = max(shares, key=lambda label: float(shares[label]), default=None)
    return None if leading is None or not float(shares[leading]) > 0 else _short(leading)


def _short(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError("not a text")
    return text[:_MAX_CHARACTERS]


def checked_seconds(value: Any) -> float:
    """Read a duration from a file, s; ValueError or TypeError where it is none."""
    seconds = float(value)
    if not 0.0 <= seconds <= _MAX_SECONDS:
        raise ValueError("not a duration")
    return seconds


class SessionFolder:
    """`out_dir/session`, created when the first sink opens it; the sinks of a session share it.

    Attributes
    ----------
    path : Path
        The session's own folder, once it is open.
    access : Access
        As given.
    """

    def __init__(self, out_dir: Path, access: Access = PRIVATE) -> None:
        self.access = access
        self._out_dir = out_dir
        self.path = out_dir
        self._values: Line | None = None
        self._num_users = 0
        self._made: tuple[Path, ...] = ()

    def open(self, info: SessionInfo) -> None:
        """Create the folder and write session.json, unless another sink has done so."""
        if self._values is not None:
            self._num_users += 1
            return
        self.path = self._out_dir / info.session
        values = info_values(info) | _line_sums(info)
        try:
            self._made = self.access.make_folder(self._out_dir)
            self.path.mkdir(self.access.folder_mode)
            self.path.chmod(self.access.folder_mode)
        except OSError as error:
            raise output_error(self.path, error) from error
        try:
            write_new(self.path / SESSION_FILE, _bytes(values), self.access)
        except OSError as error:
            self._withdraw()
            raise output_error(self.path / SESSION_FILE, error) from error
        self._values = values
        self._num_users = 1

    def explained(self, error: OutputError) -> OutputError:
        """Replace an error by its cause where that is a folder that was moved or removed."""
        if self.path.is_dir():
            return error
        return OutputError(f"{self.path} was taken away; put it back and saving goes on, or start again")

    def close(self, summary: Summary | None) -> None:
        """Add the summary to session.json; called once for each `open`.

        Without a summary, the last call removes a folder that holds nothing but session.json.
        """
        if self._values is None:
            return
        self._num_users -= 1
        if summary is None:
            if not self._num_users and [entry.name for entry in self.path.glob("*")] == [SESSION_FILE]:
                self._withdraw()
            return
        try:
            values = {**self._values, "summary": summary_values(summary)}
            replace(self.path / SESSION_FILE, _bytes(values), self.access)
        except OSError as error:
            raise self.explained(output_error(self.path / SESSION_FILE, error)) from error

    def _withdraw(self) -> None:
        """Remove session.json, the folder, and the empty folders above it that were created for it."""
        try:
            (self.path / SESSION_FILE).unlink(missing_ok=True)
            for folder in (self.path, *self._made):
                folder.rmdir()
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
                raise output_error(self.path, error) from error


LINE_SUMS: Final = "line_sums"
"""What a replay needs, and the journal does not have: the sums of each line at the start."""


def _line_sums(info: SessionInfo) -> Line:
    sums = {
        leg: {"model_digest": line.model_digest, "state": stored_arrays(line.state)}
        for leg, line in info.lines.items()
        if line.state is not None
    }
    return {LINE_SUMS: sums} if sums else {}


def _bytes(values: Line) -> bytes:
    """Encode session.json, which people may want to read as well."""
    return (to_json(values, indent=2) + "\n").encode("utf-8", "backslashreplace")


class SessionJournal(JournalWriter):
    """Writes the journal of a session into its folder; every session that keeps anything has one."""

    def __init__(self, folder: SessionFolder) -> None:
        super().__init__(folder.path / JOURNAL_FILE, access=folder.access)
        self._folder = folder
        self._is_in_use = False

    def open(self, info: SessionInfo) -> None:
        """Create the session's folder, and the journal in it."""
        self._folder.open(info)
        self._is_in_use = True
        self.path = self._folder.path / JOURNAL_FILE
        try:
            super().open(info)
        except OutputError:
            # Whoever opens the sinks closes only those that are open.
            self.close(None)
            raise

    def handle(self, event: Event) -> None:
        """Write the line of an event at once."""
        try:
            super().handle(event)
        except OutputError as error:
            raise self._folder.explained(error) from error

    def close(self, summary: Summary | None) -> None:
        """Write the summary here and in session.json; a second call does nothing."""
        try:
            super().close(summary)
        finally:
            was_in_use, self._is_in_use = self._is_in_use, False
            if was_in_use:
                self._folder.close(summary)

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is a line in its journal."""
        return (f"{self._folder.path}/",) if super().files else ()


LOCK_WAIT_SECONDS: Final = 0.5
"""How long to wait for a process that only checks whether the folder is locked."""


class SessionLock(Sink):
    """Locks a session's folder while the session is recorded, so that no other process removes it.

    On a file system without locks the session is recorded all the same: other processes do not remove a
    session without a summary that was changed lately.
    """

    def __init__(self, folder: SessionFolder) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def open(self, info: SessionInfo) -> None:  # noqa: ARG002 - the folder has it
        """Take the lock."""
        with suppress(OSError):
            self._descriptor = os.open(self._folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            lock_folder(self._descriptor, LOCK_WAIT_SECONDS)

    def close(self, summary: Summary | None) -> None:  # noqa: ARG002 - it is over either way
        """Release the lock; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def kept_while_read(recording: Path) -> Iterator[None]:
    """Keep a recorded session from being removed, also by ourselves, while one of its files is read."""
    descriptor = None
    with suppress(OSError):
        # A sound lies two levels below recordings/, a clip three.
        above = recording.resolve().parents[:3]
        if session := next((folder for folder in above if (folder / SESSION_FILE).is_file()), None):
            descriptor = os.open(session, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            lock_folder(descriptor, LOCK_WAIT_SECONDS, shared=True)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
