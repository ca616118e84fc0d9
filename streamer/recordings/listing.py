"""List the sessions in a folder of recordings."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion import wall_clock
from emotion.atomic_files import locked_folder
from emotion.errors import OutputError
from streamer.recordings.clips import CLIPS_FOLDER, INDEX_FILE, kind_of_clip
from streamer.recordings.session_audio import sound_files
from streamer.recordings.session_folder import SESSION_FILE, checked_seconds, read_session_head

_SESSION_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
"""Folders with other names, such as escape sequences of the terminal, are not listed."""

QUIET_SECONDS: Final = 600.0
"""A session without a summary that was changed more recently may still be recorded."""

_TAIL_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """One session on disk.

    Attributes
    ----------
    session : str
        Its id, the name of its folder.
    started : str or None
        ISO 8601 with offset; None where session.json cannot be read.
    seconds : float or None
        Stream time heard, s: from the summary, or else the end of the sound or of the last clip; None where
        none of them can be read.
    clips : mapping of str to int
        Clips by emotion, or by state where they have none.
    whole_sound : bool
        True where the whole sound was kept.
    num_bytes : int
        Size of all its files.
    note : str or None
        Set where it is still running, did not end in order, or session.json is damaged.
    """

    session: str
    started: str | None
    seconds: float | None
    clips: Mapping[str, int]
    whole_sound: bool
    num_bytes: int
    note: str | None = None


def recorded_sessions(out_dir: Path) -> list[RecordedSession]:
    """List the sessions in a folder of recordings, by name."""
    if not out_dir.exists():
        return []
    try:
        found = [path for path in out_dir.iterdir() if _SESSION_NAME.fullmatch(path.name)]
        return [_read_session(folder) for folder in sorted(found) if (folder / SESSION_FILE).is_file()]
    except OSError as error:
        raise OutputError(f"cannot look into {out_dir}: {error.strerror}; name another folder") from error


def _read_session(folder: Path) -> RecordedSession:
    with (folder / SESSION_FILE).open("rb") as file:
        head = read_session_head(file)
    sounds = sound_files(folder, head.source)
    seconds = head.seconds
    if seconds is None and sounds and head.wav_format:
        # A dangling link has no length; the other sessions are listed all the same.
        with suppress(FileNotFoundError):
            end = sounds[-1].first_sample + head.wav_format.samples_in(sounds[-1].path.stat().st_size)
            seconds = end / head.wav_format.sample_rate
    if seconds is None:
        seconds = _end_of_last_clip(folder / INDEX_FILE)
    kinds = (kind_of_clip(path.name) for path in (folder / CLIPS_FOLDER).glob("*/*.wav"))
    clips = Counter(kind for kind in kinds if kind)
    num_bytes, newest = _size(folder)
    if head.is_damaged:
        note: str | None = "session.json is damaged"
    else:
        note = _why_it_has_no_end(folder, newest) if head.seconds is None else None
    return RecordedSession(
        session=folder.name,
        started=head.started,
        seconds=seconds,
        clips=dict(sorted(clips.items())),
        whole_sound=bool(sounds),
        num_bytes=num_bytes,
        note=note,
    )


def _why_it_has_no_end(folder: Path, newest: float) -> str:
    """Say whether it runs: certain where its lock is held; a free lock is proof on this computer only."""
    with locked_folder(folder, shared=True) as locked:
        if locked == "another's":
            return "running"
    if wall_clock.now() - newest >= QUIET_SECONDS:
        return "did not end in order"
    if locked == "unknown":
        return "running or did not end in order: no locks here"
    return "did not end in order, or runs on another computer"


def _end_of_last_clip(path: Path) -> float | None:
    """Read the last whole line of index.csv; its second value is the end of a window."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return checked_seconds(lines[-1].split(",")[1])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _size(folder: Path) -> tuple[int, float]:
    """Give the size of all files and when one was changed last; a file removed meanwhile does not count."""
    num_bytes, newest = 0, -math.inf
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                status = path.stat()
                num_bytes += status.st_size
                newest = max(newest, status.st_mtime)
    return num_bytes, newest
