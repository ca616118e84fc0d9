"""What a killed session has left, looked at file by file."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from emotion.model_folders import find_model
from scripts.endurance.sound import RATE_HZ
from scripts.kills.session import JOURNAL, MODEL, RECORDINGS, Killed, Steps
from streamer.recorder.clip_index import COLUMNS, INDEX_FILE
from streamer.recorder.clip_names import CLIPS_FOLDER
from streamer.recorder.session_folder import SESSION_FILE
from streamer.recorder.sound_names import sound_files

LEGS: Final = {1: ("mono",), 2: ("customer", "agent")}
"""Their names, by the number of channels."""

_PART: Final = re.compile(r"\.(?P<name>.+)\.[0-9]+\.part", re.ASCII)
_CLIP: Final = re.compile(r".+_(?P<leg>[\w-]+)_(?P<window>[0-9]{7,})_[a-z]+\.wav")


@dataclass(slots=True)
class Remains:
    """What was found, and what is wrong with it.

    Attributes
    ----------
    faults : list of str
        A line each: something that should not be.
    session : str or None
        The session's name; None where it left no session.json.
    num_rows, num_clips, num_indexed : int
        Rows of the journal, clips, lines of index.csv.
    end_sample : int or None
        One past the last sample of the whole sound; None where there is none.
    half_lines : int
        How many of journal and index end inside a line.
    num_parts : int
        Hidden files that were to become others.
    """

    faults: list[str] = field(default_factory=list)
    session: str | None = None
    num_rows: int = 0
    num_clips: int = 0
    num_indexed: int = 0
    end_sample: int | None = None
    half_lines: int = 0
    num_parts: int = 0

    def look(self, *, is_right: bool, fault: str) -> None:
        """Note a fault unless all is right."""
        if not is_right:
            self.faults.append(fault)


def look_at_remains(killed: Killed, folder: Path) -> Remains:
    """Open everything.

    Parameters
    ----------
    killed : Killed
        What it was.
    folder : Path
        Where it ran.

    Returns
    -------
    Remains
        With no faults where all that was written is whole, and is what was heard.
    """
    remains = Remains()
    rows = _journal(remains, folder / JOURNAL)
    sessions = sorted((folder / RECORDINGS).glob("*Z-*"))
    remains.look(is_right=len(sessions) <= 1, fault=f"{len(sessions)} sessions")
    for session in sessions[:1]:
        _head(remains, session)
        _sound(remains, killed, session, rows)
        names = _clips(remains, killed, session)
        _index(remains, killed, session, names, rows)
    return remains


def _lines(remains: Remains, path: Path) -> list[str]:
    """Give the whole lines of a file."""
    if not path.exists():
        return []
    *whole, rest = path.read_bytes().decode().split("\n")
    remains.half_lines += bool(rest)
    return whole


def _journal(remains: Remains, path: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for number, text in enumerate(_lines(remains, path)):
        try:
            lines.append(json.loads(text))
        except ValueError:
            remains.faults.append(f"line {number} of the journal is no JSON: {text[:60]!r}")
    if lines:
        remains.look(
            is_right=lines[0]["type"] == "header", fault="the journal does not begin with its header"
        )
    rows = [line for line in lines if line["type"] == "row"]
    remains.num_rows = len(rows)
    return rows


def _head(remains: Remains, session: Path) -> None:
    for path in session.rglob(".*"):
        remains.num_parts += 1
        remains.look(is_right=_PART.fullmatch(path.name) is not None, fault=f"{path.name} is there")
    head = session / SESSION_FILE
    if head.exists():
        values: dict[str, Any] = json.loads(head.read_bytes())
        remains.session = session.name
        remains.look(is_right=values["session"] == session.name, fault="session.json is another's")
    else:
        left = [path.name for path in session.rglob("*") if not path.name.startswith(".")]
        remains.look(is_right=not left, fault=f"no session.json, but {left}")


def _sound(remains: Remains, killed: Killed, session: Path, rows: Sequence[dict[str, Any]]) -> None:
    files = sound_files(session)
    at = files[0].first_sample if files else 0
    remains.look(is_right=not at or killed.kind_removes, fault=f"the sound begins at {at}")
    for file in files:
        remains.look(is_right=file.first_sample == at, fault=f"{file.path.name} does not begin at {at}")
        samples, rate_hz = soundfile.read(file.path, dtype="int16", always_2d=True)
        at = file.first_sample + len(samples)
        remains.look(
            is_right=rate_hz == RATE_HZ and np.array_equal(samples, killed.sound[file.first_sample : at]),
            fault=f"{file.path.name} is not what was heard",
        )
    remains.end_sample = at if files else None
    if rows:
        heard = max(row["end"] for row in rows)
        remains.look(
            is_right=at >= heard * RATE_HZ, fault=f"a row ends at {heard} s, the sound at {at / RATE_HZ} s"
        )


def _clips(remains: Remains, killed: Killed, session: Path) -> set[str]:
    grid = find_model(MODEL).card.grid(None, None)
    names = set()
    for path in sorted((session / CLIPS_FOLDER).glob("*/*.wav")):
        match = _CLIP.fullmatch(path.name)
        if path.name.startswith(".") or match is None:
            remains.look(is_right=path.name.startswith("."), fault=f"{path.name} is no clip's name")
            continue
        start, end = grid.span(int(match["window"]))
        expected: Steps = killed.sound[start:end, LEGS[killed.kill.channels].index(match["leg"])]
        try:
            samples, rate_hz = soundfile.read(path, dtype="int16")
        except FileNotFoundError:
            continue
        except soundfile.LibsndfileError as error:
            remains.faults.append(f"{path.name} cannot be opened: {error}")
            continue
        remains.look(
            is_right=rate_hz == RATE_HZ and np.array_equal(samples, expected),
            fault=f"{path.name} is not what was heard",
        )
        names.add(f"{CLIPS_FOLDER}/{path.parent.name}/{path.name}")
    remains.num_clips = len(names)
    return names


def _index(
    remains: Remains, killed: Killed, session: Path, clips: set[str], rows: Sequence[dict[str, Any]]
) -> None:
    lines = _lines(remains, session / INDEX_FILE)
    if not lines:
        remains.look(is_right=not clips, fault=f"{len(clips)} clips, but no index")
        return
    found = list(csv.DictReader(io.StringIO("\n".join(lines) + "\n")))
    remains.look(is_right=lines[0] == ",".join(COLUMNS), fault="index.csv does not begin with its columns")
    remains.num_indexed = len(found)
    listed = {line["file"] for line in found}
    remains.look(is_right=len(clips - listed) <= 1, fault=f"{len(clips - listed)} clips are not in the index")
    if not killed.kind_removes:
        remains.look(is_right=listed <= clips, fault=f"of the index, not there: {sorted(listed - clips)}")
    spoken = sum(row["state"] in {"speech", "unsure"} for row in rows)
    # A clip is written, then its line, then the row.
    remains.look(
        is_right=0 <= len(found) - spoken <= 1, fault=f"{spoken} rows of speech, {len(found)} in the index"
    )
