"""List the sessions in a folder of recordings."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from emotion import wall_clock
from emotion.atomic_files import locked_folder
from emotion.errors import OutputError
from streamer.recordings.clips import CLIPS_FOLDER, INDEX_FILE, kind_of_clip
from streamer.recordings.session_audio import sound_files
from streamer.recordings.session_folder import SESSION_FILE
from streamer.recordings.wav import WavFormat

_SESSION_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
"""What a session can be called: a folder with escapes in its name shall not play with the terminal."""

QUIET_SECONDS: Final = 600.0
"""A session without a summary that was changed more recently may still be recorded."""

_MAX_BYTES: Final = 1_000_000
_TAIL_BYTES: Final = 4096
_MOST_SECONDS: Final = 1.0e11
"""Three thousand years; what claims more is no length."""


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
        Stream time heard, s: what the summary says, or else where the sound or the last clip ends; None where
        nothing tells.
    clips : mapping of str to int
        Clips by emotion, or by state where they have none.
    whole_sound : bool
        True where the whole sound was kept.
    num_bytes : int
        Size of all its files.
    note : str or None
        What is odd about it: it is still running, it did not end in order, or session.json is damaged.
    """

    session: str
    started: str | None
    seconds: float | None
    clips: Mapping[str, int]
    whole_sound: bool
    num_bytes: int
    note: str | None = None


@dataclass(slots=True)
class _Head:
    """What session.json says, as far as it can be used."""

    started: str | None = None
    seconds: float | None = None
    source: int = 0
    wav_format: WavFormat | None = None
    is_damaged: bool = True


def recorded_sessions(out_dir: Path) -> list[RecordedSession]:
    """Look through a folder of recordings."""
    if not out_dir.exists():
        return []
    try:
        found = [path for path in out_dir.iterdir() if _SESSION_NAME.fullmatch(path.name)]
        return [_read_session(folder) for folder in sorted(found) if (folder / SESSION_FILE).is_file()]
    except OSError as error:
        raise OutputError(f"cannot look into {out_dir}: {error.strerror}; name another folder") from error


def _read_session(folder: Path) -> RecordedSession:
    head = _read_head(folder / SESSION_FILE)
    sounds = sound_files(folder, head.source)
    seconds = head.seconds
    if seconds is None and sounds and head.wav_format:
        # What is a link to nowhere has no length; the other sessions shall be listed all the same.
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
    """Say whether it runs. A lock that is held tells for sure; that none is held, only for this computer."""
    with locked_folder(folder, shared=True) as locked:
        if locked == "another's":
            return "running"
    if wall_clock.now() - newest >= QUIET_SECONDS:
        return "did not end in order"
    if locked == "unknown":
        return "running or did not end in order: no locks here"
    return "did not end in order, or runs on another computer"


def _read_head(path: Path) -> _Head:
    """Believe session.json no further than it makes sense."""
    head = _Head()
    if path.stat().st_size > _MAX_BYTES:
        return head
    try:
        values: Any = json.loads(path.read_bytes())
        started = datetime.fromisoformat(values["started"]).isoformat(timespec="milliseconds")
        sources = values["sources"] if "sources" in values else [values["source"]]
        # Of a leg that is not analysed no sound was kept: then the first source has none.
        kept = [number for number, source in enumerate(sources) if source.get("kept_channels", True)]
        first = kept[0] if kept else 0
        wav_format = _wav_format(sources[first]) if kept else None
        seconds = _seconds(values["summary"]["seconds"]) if "summary" in values else None
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        return head
    return _Head(started, seconds, first, wav_format, is_damaged=False)


def _wav_format(source: Any) -> WavFormat:
    """Read how the whole sound lies on the disk."""
    sample_rate = int(source["sample_rate"])
    # Format 1 kept all channels, and did not say so.
    channels = len(source["kept_channels"]) if "kept_channels" in source else int(source["channels"])
    sample_format = source["sample_format"]
    if sample_rate < 1 or channels < 1 or sample_format not in {"PCM_16", "FLOAT"}:
        raise ValueError("no format of ours")
    return WavFormat(sample_rate, channels, sample_format)


def _seconds(value: Any) -> float:
    """Read a stretch of time."""
    seconds = float(value)
    if not 0.0 <= seconds <= _MOST_SECONDS:
        raise ValueError("no stretch of time")
    return seconds


def _end_of_last_clip(path: Path) -> float | None:
    """Read the last whole line of index.csv; its second value is the end of a window."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return _seconds(lines[-1].split(",")[1])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _size(folder: Path) -> tuple[int, float]:
    """Sum up all files, and say when one was changed last; one that goes away meanwhile does not count."""
    num_bytes, newest = 0, -math.inf
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                status = path.stat()
                num_bytes += status.st_size
                newest = max(newest, status.st_mtime)
    return num_bytes, newest
