"""List the recorded sessions for people and programs."""

import json
import math
import os
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from emotion import wall_clock
from emotion.atomic_files import locked_folder
from emotion.errors import OutputError, printable
from streamer.leg_plan import MAX_LEGS
from streamer.recordings.clip_files import CLIPS_FOLDER, kind_of_clip
from streamer.recordings.clips import INDEX_FILE
from streamer.recordings.journal_reader import MAX_LINE_BYTES
from streamer.recordings.moments import MOMENTS_FOLDER
from streamer.recordings.scan import QUIET_SECONDS, is_report
from streamer.recordings.session_audio import sound_files
from streamer.recordings.session_folder import (
    JOURNAL_FILE,
    SESSION_FILE,
    SPECTROGRAM_FILE,
    HeadLeg,
    SessionHead,
    SessionTotals,
    checked_seconds,
    read_session_head,
    read_totals,
)

_SESSION_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
"""Folders with other names, such as escape sequences of the terminal, are not listed."""

_TAIL_BYTES: Final = 65_536
_MAX_JOURNAL_BYTES: Final = 200_000_000
"""Two days of two legs; a second to read."""
_MAX_CHARACTERS: Final = 80


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
        Stream time heard, s: from the summary, or else the end of the sound, of the last clip or of the last
        row; None where none of them can be read.
    model : str or None
        Name of the model; None where session.json cannot be read.
    legs : tuple of HeadLeg
        With the emotion that each showed longest.
    alerts : int or None
        How many were raised; None where neither a summary nor the rows of a journal can be read.
    journal : bool
        True where the journal is there.
    whole_sound : bool
        True where the whole sound was kept.
    clips : mapping of str to int
        Clips of windows and alerts by emotion, or by state where they have none.
    moments : int
        Clips of episodes.
    picture : bool
        True where the spectrogram is there.
    reports : tuple of str
        Names of the reports.
    num_bytes : int
        Size of all its files.
    note : str or None
        Set where it is still running, did not end in order, session.json is damaged, or it cannot be read.
    """

    session: str
    started: str | None
    seconds: float | None
    model: str | None
    legs: tuple[HeadLeg, ...]
    alerts: int | None
    journal: bool
    whole_sound: bool
    clips: Mapping[str, int]
    moments: int
    picture: bool
    reports: tuple[str, ...]
    num_bytes: int
    note: str | None = None


def is_session_name(name: str) -> bool:
    """Tell whether a folder of this name is taken for a session."""
    return _SESSION_NAME.fullmatch(name) is not None


def session_folders(out_dir: Path) -> list[Path]:
    """Give the folders of sessions in a folder of recordings, by name; links are left out."""
    try:
        with os.scandir(out_dir) as found:
            names = [
                entry.name
                for entry in found
                if is_session_name(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(
            f"cannot look into {printable(out_dir)}: {error.strerror}; name another folder"
        ) from error
    return [out_dir / name for name in sorted(names) if is_regular(out_dir / name / SESSION_FILE)]


def is_regular(path: Path) -> bool:
    """Tell whether a regular file, and no link to one, lies there."""
    try:
        return path.is_file() and not path.is_symlink()
    except OSError:
        return False


def recorded_sessions(out_dir: Path) -> list[RecordedSession]:
    """List the sessions in a folder of recordings, by name."""
    found = []
    for folder in session_folders(out_dir):
        try:
            found.append(_read_session(folder))
        except FileNotFoundError:
            # Another process has removed it meanwhile.
            continue
        except OSError as error:
            found.append(_unreadable(folder, error))
    return found


def _unreadable(folder: Path, error: OSError) -> RecordedSession:
    return RecordedSession(
        session=folder.name,
        started=None,
        seconds=None,
        model=None,
        legs=(),
        alerts=None,
        journal=False,
        whole_sound=False,
        clips={},
        moments=0,
        picture=False,
        reports=(),
        num_bytes=0,
        note=f"cannot be read: {error.strerror or error}",
    )


def read_head(folder: Path) -> SessionHead:
    """Read session.json of a folder."""
    with (folder / SESSION_FILE).open("rb") as file:
        return read_session_head(file)


def _read_session(folder: Path) -> RecordedSession:
    head = read_head(folder)
    totals = head.totals
    journal = folder / JOURNAL_FILE
    has_journal = is_regular(journal)
    if has_journal and (totals is None or not totals.emotions):
        totals = _totals_of_journal(journal) or totals
    sounds = sound_files(folder, head.source)
    seconds = head.seconds
    if seconds is None and sounds and head.wav_format:
        # A dangling link has no length; the other sessions are listed all the same.
        with suppress(FileNotFoundError):
            end = sounds[-1].first_sample + head.wav_format.samples_in(sounds[-1].path.stat().st_size)
            seconds = end / head.wav_format.sample_rate
    if seconds is None:
        seconds = _end_of_last_clip(folder / INDEX_FILE)
    if seconds is None and totals is not None:
        seconds = totals.seconds
    files = _Files.of(folder)
    if head.is_damaged:
        note: str | None = "session.json is damaged"
    else:
        note = _why_it_has_no_end(folder, files.newest) if head.seconds is None else None
    return RecordedSession(
        session=folder.name,
        started=head.started,
        seconds=seconds,
        model=head.model,
        legs=_with_emotions(head.legs, totals),
        alerts=None if totals is None else totals.alerts,
        journal=has_journal,
        whole_sound=bool(sounds),
        clips=dict(sorted(files.clips.items())),
        moments=files.num_moments,
        picture=is_regular(folder / SPECTROGRAM_FILE),
        reports=tuple(sorted(path.name for path in folder.glob("report*") if is_report(path.name))),
        num_bytes=files.num_bytes,
        note=note,
    )


def _with_emotions(legs: tuple[HeadLeg, ...], totals: SessionTotals | None) -> tuple[HeadLeg, ...]:
    if totals is None:
        return legs
    emotions = totals.emotions
    analysed = [leg.name for leg in legs if leg.analysed]
    if not emotions and len(analysed) == 1:
        # Summaries of one leg from before they had legs.
        emotions = {analysed[0]: totals.leading}
    return tuple(replace(leg, emotion=emotions.get(leg.name)) for leg in legs)


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
        return checked_seconds(_tail(path, 4096)[-1].split(",")[1])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _totals_of_journal(path: Path) -> SessionTotals | None:
    """Read the totals in the last line of a journal; of one without a summary, count its rows and alerts."""
    try:
        lines = _tail(path, _TAIL_BYTES)
        for line in reversed(lines):
            with suppress(ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
                values: Any = json.loads(line)
                if values["type"] == "summary":
                    return read_totals(values)
        return _counted_totals(path)
    except OSError:
        return None


class _EventLine(msgspec.Struct):
    """What a list of sessions needs of a line."""

    type: str = ""
    leg: str = ""
    emotion: str | None = None
    end: float = 0.0


def _counted_totals(path: Path) -> SessionTotals | None:
    """Count the rows and alerts of a journal; None without a row, and where it is too long."""
    decoder = msgspec.json.Decoder(_EventLine)
    seconds: float | None = None
    num_alerts = num_bytes = 0
    emotions: dict[str, Counter[str]] = {}
    with path.open("rb") as file:
        while raw := file.readline(MAX_LINE_BYTES):
            num_bytes += len(raw)
            if num_bytes > _MAX_JOURNAL_BYTES:
                return None
            # The last line of a session that was killed may be cut.
            with suppress(msgspec.DecodeError, ValueError, RecursionError):
                line = decoder.decode(raw)
                num_alerts += line.type == "alert"
                if line.type == "row":
                    seconds = max(seconds or 0.0, checked_seconds(line.end))
                    if line.emotion is not None and (line.leg in emotions or len(emotions) < MAX_LEGS):
                        emotions.setdefault(line.leg, Counter())[line.emotion[:_MAX_CHARACTERS]] += 1
    if seconds is None:
        return None
    longest = {leg: min(found, key=lambda each: (-found[each], each)) for leg, found in emotions.items()}
    return SessionTotals(seconds, num_alerts, longest)


def _tail(path: Path, num_bytes: int) -> list[str]:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - num_bytes))
        return file.read(num_bytes).decode("utf-8", "replace").splitlines()


@dataclass(slots=True)
class _Files:
    """All files of a session, looked at once: an hour of clips has thousands."""

    num_bytes: int = 0
    newest: float = -math.inf
    clips: Counter[str] = field(default_factory=Counter)
    num_moments: int = 0

    @classmethod
    def of(cls, folder: Path) -> "_Files":
        files = cls()
        files._look_into(os.fspath(folder), ())
        return files

    def _look_into(self, path: str, parts: tuple[str, ...]) -> None:
        """Look into a folder; a file removed meanwhile does not count."""
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.is_dir(follow_symlinks=False):
                        self._look_into(entry.path, (*parts, entry.name))
                    elif entry.is_file():
                        self._add(entry.name, entry.stat(), parts)

    def _add(self, name: str, status: os.stat_result, parts: tuple[str, ...]) -> None:
        self.num_bytes += status.st_size
        self.newest = max(self.newest, status.st_mtime)
        if len(parts) == 2 and parts[0] in {CLIPS_FOLDER, MOMENTS_FOLDER} and (kind := kind_of_clip(name)):
            if parts[0] == CLIPS_FOLDER:
                self.clips[kind] += 1
            else:
                self.num_moments += 1
