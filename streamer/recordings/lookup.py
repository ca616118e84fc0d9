"""Find a recorded session by what a user calls it: id, beginning of it, folder, journal, or `last`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.errors import UsageError, printable
from streamer.recordings.session_folder import SESSION_FILE

LAST: Final = "last"
"""The session that began last."""

JOURNAL_FILE: Final = "journal.jsonl"
"""The journal in a session's folder."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """Where a session lies on the disk.

    Attributes
    ----------
    name : str
        Its id, or the name of the journal's file.
    folder : Path or None
        The session's folder; None for a journal that lies elsewhere.
    journal : Path or None
        Its journal; None where its folder has none.
    """

    name: str
    folder: Path | None
    journal: Path | None


def find_session(given: str, out_dir: Path) -> StoredSession:
    """Find a session; UsageError where there is none, or more than one."""
    path = Path(given)
    if path.is_file():
        folder = path.parent if (path.parent / SESSION_FILE).is_file() else None
        return StoredSession(folder.name if folder else path.stem, folder, path)
    if (path / SESSION_FILE).is_file():
        return _in_folder(path)
    found = sorted(entry.parent for entry in out_dir.glob(f"*/{SESSION_FILE}"))
    if given == LAST and found:
        return _in_folder(found[-1])
    named = [each for each in found if each.name == given] or [
        each for each in found if given and each.name.startswith(given)
    ]
    if len(named) == 1:
        return _in_folder(named[0])
    raise UsageError(
        f"{given[:70]!a} is neither a session in {printable(out_dir)} nor a journal; callmood sessions "
        "lists them"
    )


def _in_folder(folder: Path) -> StoredSession:
    journal = folder / JOURNAL_FILE
    return StoredSession(folder.resolve().name, folder, journal if journal.is_file() else None)
