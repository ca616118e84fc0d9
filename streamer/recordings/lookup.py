"""Find a recorded session by what a user calls it: id, beginning of it, folder, journal, or `last`."""

import json
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from emotion.atomic_files import is_file
from emotion.errors import JournalError, UsageError, printable
from streamer.recordings.listing import is_regular, read_head, session_folders
from streamer.recordings.scan import SESSION_ID
from streamer.recordings.session_folder import JOURNAL_FILE, SESSION_FILE

LAST: Final = "last"
"""The session that began last."""

_JOURNAL_BEGINNING: Final = b'{"type": "header"'
_MAX_HEADER_BYTES: Final = 2**20
_NUM_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class StoredSession:
    """Where a session lies on the disk.

    Attributes
    ----------
    name : str
        Its id, or the name of the journal's file.
    folder : Path or None
        The session's folder; None for a journal that lies elsewhere and whose session is not in `out_dir`.
    journal : Path or None
        Its journal; None where its folder has none.
    """

    name: str
    folder: Path | None
    journal: Path | None

    def journal_for(self, what: str) -> Path:
        """Give the journal that `what`, such as ``reports``, is made of; JournalError where there is none."""
        if self.journal is None:
            raise JournalError(
                f"session {printable(self.name)} has no journal, which {what} are made of; where its sound "
                f"was kept, make one with callmood replay {printable(self.name)} --journal call.jsonl"
            )
        return self.journal


def find_session(given: str, out_dir: Path) -> StoredSession:
    """Find a session.

    A path is followed wherever it leads; in `out_dir` no link is.

    Parameters
    ----------
    given : str
        A path of a session's folder or of a journal; or the id of a session in `out_dir`, the beginning of
        one alone, or ``last``.
    out_dir : Path
        The folder of recordings.

    Returns
    -------
    StoredSession
        Its folder and its journal, which are not read.

    Raises
    ------
    UsageError
        If there is none, or more than one.
    OutputError
        If `out_dir` cannot be read.
    """
    path = Path(given)
    if is_file(path):
        return _of_journal(path, out_dir)
    if is_file(path / SESSION_FILE):
        return _in_folder(path)
    found = session_folders(out_dir)
    if given == LAST:
        if not found:
            raise no_last_session(out_dir)
        return _in_folder(last_of(found))
    named = sessions_called(given, [each.name for each in found])
    if len(named) > 1:
        raise UsageError(ambiguous_text(given, named))
    if not named:
        raise UsageError(
            f"{given[:70]!a} is neither a session in {printable(out_dir)} nor a journal; callmood sessions "
            "lists them"
        )
    return _in_folder(out_dir / named[0])


def no_last_session(out_dir: Path) -> UsageError:
    """Give the error for `last` where there is no session."""
    return UsageError(
        f"there is no last session: {printable(out_dir)} has none; keep one with --moments speech or "
        "--journal auto, or name another folder with --out"
    )


def sessions_called(given: str, names: Sequence[str]) -> list[str]:
    """Give the session of a name, or else all whose names begin so."""
    begin_so = [name for name in names if given and name.startswith(given)]
    return [given] if given in begin_so else begin_so


def ambiguous_text(given: str, names: Sequence[str]) -> str:
    """Say which sessions begin so."""
    more = f" and {len(names) - _NUM_NAMED} more" if len(names) > _NUM_NAMED else ""
    named = ", ".join(printable(name) for name in names[:_NUM_NAMED])
    return f"{given[:70]!a} begins {len(names)} sessions, {named}{more}; type more of one"


def last_of(found: Sequence[Path]) -> Path:
    """Give the session that began last, whatever its folder is called now."""
    return max(found, key=_began)


def _began(folder: Path) -> tuple[str, float, str]:
    """Order sessions by their ids, which have the second; those of one second by the clock of the session."""
    session, started = None, 0.0
    with suppress(OSError):
        head = read_head(folder)
        session = head.session
        if head.started is not None:
            with suppress(ValueError, OverflowError):
                started = datetime.fromisoformat(head.started).timestamp()
    name = session if session is not None and SESSION_ID.fullmatch(session) else folder.name
    second = name.partition("-")[0] if SESSION_ID.fullmatch(name) else ""
    return second, started, name


def _in_folder(folder: Path) -> StoredSession:
    journal = folder / JOURNAL_FILE
    name = Path(os.path.realpath(folder)).name
    return StoredSession(name, folder, journal if is_regular(journal) else None)


def _of_journal(path: Path, out_dir: Path) -> StoredSession:
    """Find the folder of a journal: where it lies, or else that of the session in its header."""
    if is_file(path.parent / SESSION_FILE):
        return StoredSession(Path(os.path.realpath(path.parent)).name, path.parent, path)
    session = _session_of(path)
    if session is not None and SESSION_ID.fullmatch(session):
        folder = out_dir / session
        if folder.is_dir() and not folder.is_symlink() and is_regular(folder / SESSION_FILE):
            return StoredSession(session, folder, path)
    return StoredSession(path.stem, None, path)


def _session_of(journal: Path) -> str | None:
    """Read the session's id from the first line of a journal."""
    try:
        session = json.loads(_first_line(journal))["session"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    return session if isinstance(session, str) else None


def is_journal_file(path: Path) -> bool:
    """Tell by its beginning, or by its place in a session's folder, whether a file is a journal."""
    return path.name == JOURNAL_FILE or _first_line(path).startswith(_JOURNAL_BEGINNING)


def _first_line(path: Path) -> bytes:
    """Read the first line of a regular file; nothing where it cannot be read."""
    try:
        # Neither wait for whoever writes into a pipe, nor take anything from it.
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                return file.readline(_MAX_HEADER_BYTES)
    except OSError:
        pass
    return b""
