"""The folder of one session: session.json, and the lock that keeps others from removing it."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from emotion.atomic_files import PRIVATE, Access, lock_folder, replace, write_new
from emotion.errors import OutputError, output_error
from streamer.recordings.wav import WavFormat
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.journal import Line, info_values, summary_values, to_json

SESSION_FILE: Final = "session.json"
_MAX_BYTES: Final = 1_000_000
_MAX_SECONDS: Final = 1.0e11
"""Three thousand years; more is taken for damage."""


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
    """

    session: str | None = None
    has_summary: bool = False
    is_damaged: bool = True
    started: str | None = None
    seconds: float | None = None
    source: int = 0
    wav_format: WavFormat | None = None


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
        seconds = checked_seconds(values["summary"]["seconds"]) if "summary" in values else None
    except _UNREADABLE:
        return SessionHead(session, has_summary)
    return SessionHead(session, has_summary, False, started, seconds, first, wav_format)


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
        values = info_values(info)
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


def _bytes(values: Line) -> bytes:
    """Encode session.json, which people may want to read as well."""
    return (to_json(values, indent=2) + "\n").encode("utf-8", "backslashreplace")


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
