"""A real session with everything recorded, killed at a planned moment, and what it leaves on disk."""

import csv
import fcntl
import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from emotion.model import find_model
from streamer.recordings.clip_files import CLIPS_FOLDER
from streamer.recordings.clips import INDEX_COLUMNS, INDEX_FILE
from streamer.recordings.session_audio import sound_files
from streamer.recordings.session_folder import SESSION_FILE
from tests.acceptance.endless_sound import DEMO_SPEECH, RATE_HZ
from tests.command import command, environment
from tests.running import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind: TypeAlias = Literal["speaking", "two legs", "flood", "tidied", "starting", "opening", "stopping"]

KINDS: Final[tuple[Kind, ...]] = (
    "speaking", "two legs", "speaking", "flood", "starting",
    "speaking", "two legs", "stopping", "tidied", "opening",
)  # fmt: skip
"""What comes in turn: a session at the speed of speech more often than the rest."""

LONGEST: Final[dict[Kind, float]] = {
    "speaking": 6.0,
    "two legs": 6.0,
    "flood": 2.0,
    "tidied": 3.0,
    "starting": 2.5,
    "opening": 0.03,
    "stopping": 3.0,
}
"""The kill comes no later, s: after the header, after the start of the process for `starting`, and after
there is a folder of recordings for `opening`."""

STOPPING_SECONDS: Final = 0.15


@dataclass(frozen=True, slots=True)
class Kill:
    """When a session is killed, and while it does what."""

    number: int
    # speaking: sound in real time; two legs: the same in two channels; flood: as fast as it is read;
    # tidied: a flood, and the folder is full; starting: from the first moment of the process;
    # opening: while the first files are made; stopping: after Ctrl-C.
    kind: Kind
    seconds: float  # from then to the kill, or to Ctrl-C, s
    stopping_seconds: float  # from Ctrl-C to the kill, s
    start_sample: int  # where in the speech the sound begins

    @property
    def channels(self) -> int:
        """Channels of the sound."""
        return 2 if self.kind == "two legs" else 1

    @property
    def has_begun(self) -> bool:
        """Whether sound is processed when the kill comes."""
        return self.kind not in {"starting", "opening"}

    @property
    def is_paced(self) -> bool:
        """Whether sound comes in real time."""
        return self.kind not in {"flood", "tidied"}


def plan_kill(number: int, seed: int, kind: Kind | None = None) -> Kill:
    """Draw a kill from number and seed; the kinds take turns unless one is given."""
    draw = np.random.default_rng((seed, number))
    kind = kind or KINDS[number % len(KINDS)]
    return Kill(
        number=number,
        kind=kind,
        seconds=float(draw.uniform(0.0, LONGEST[kind])),
        stopping_seconds=float(draw.uniform(0.0, STOPPING_SECONDS)),
        start_sample=int(draw.integers(400_000)),
    )


Steps: TypeAlias = NDArray[np.int16]
"""``(n, channels)``: 16-bit samples."""

JOURNAL: Final = "journal.jsonl"
RECORDINGS: Final = "recordings"
MODEL: Final = "speech-light"

START_SECONDS: Final = 60.0
PIECE_SECONDS: Final = 0.02
SOUND_SECONDS: Final = {True: 30, False: 900}
"""More than is heard before the kill, with and without pace."""


@dataclass(frozen=True, slots=True)
class Killed:
    """What is known from outside of a killed session."""

    kill: Kill
    sound: Steps
    num_sent: int  # samples that went into the pipe
    num_taken: int  # samples that were read out of it
    ended_first: bool  # true where it had ended in order before it could be killed

    @property
    def kind_removes(self) -> bool:
        """Whether recordings were removed meanwhile."""
        return self.kill.kind == "tidied"


def run_and_kill(kill: Kill, folder: Path) -> Killed:
    """Start a session in an empty folder, send sound, kill it."""
    sound = speech(kill)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        with _listening(kill, folder, reader) as process:
            lines = Lines(process, "stdout")
            if kill.has_begun:
                lines.wait_for('"header"', timeout_seconds=START_SECONDS)
            elif kill.kind == "opening":
                _wait_for(folder / RECORDINGS)
            num_bytes = _send(sound, writer, kill)
            if kill.kind == "stopping":
                process.send_signal(signal.SIGINT)
                ended_first = _ends_within(process, kill.stopping_seconds)
            else:
                ended_first = process.poll() is not None
            process.kill()
            process.wait()
            lines.thread.join(timeout=START_SECONDS)
        frame_bytes = 2 * kill.channels
        # What is still in the pipe was never read.
        num_taken = (num_bytes - _waiting_bytes(reader)) // frame_bytes
        return Killed(kill, sound, num_bytes // frame_bytes, num_taken, ended_first)
    finally:
        os.close(reader)
        os.close(writer)


def speech(kill: Kill) -> Steps:
    """Make the sound: the demo's speech repeated, shifted by half in the second channel."""
    once, _ = soundfile.read(DEMO_SPEECH, dtype="int16")
    places = kill.start_sample + np.arange(SOUND_SECONDS[kill.is_paced] * RATE_HZ)
    starts = np.arange(kill.channels) * (len(once) // 2)
    return np.asarray(np.take(once, places[:, None] + starts, mode="wrap"))


@contextmanager
def _listening(kill: Kill, folder: Path, reader: int) -> "Iterator[subprocess.Popen[str]]":
    words = ["--json", "--model", MODEL, "--channels", str(kill.channels), "--journal", JOURNAL]
    words += ["--record", "speech", "--record-session", "--out", RECORDINGS]
    words += ["--legs", "left=customer,right=friend"] if kill.kind == "two legs" else []
    words += ["--max-size", "2MB"] if kill.kind == "tidied" else []
    with subprocess.Popen(
        command("listen", "-", *words),
        cwd=folder,
        env=environment(),
        stdin=reader,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _send(sound: Steps, writer: int, kill: Kill) -> int:
    """Write until the moment of the kill, and give how many bytes went in."""
    data = memoryview(sound.tobytes())
    bytes_per_second = 2 * kill.channels * RATE_HZ
    room = select.poll()
    room.register(writer, select.POLLOUT)
    nothing = select.poll()
    began = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - began) < kill.seconds and sent < len(data):
        due = len(data)
        if kill.is_paced:
            # Measured from the beginning, so that delays do not add up; whole samples only.
            due = int(passed / PIECE_SECONDS) * int(PIECE_SECONDS * RATE_HZ) * 2 * kill.channels
        left_ms = 1000 * (kill.seconds - passed)
        if sent < due:
            if room.poll(left_ms):
                sent += os.write(writer, data[sent : min(due, sent + bytes_per_second)])
        else:
            nothing.poll(min(left_ms, 1000 * PIECE_SECONDS))
    return sent


def _wait_for(path: Path) -> None:
    """Poll for a path: nothing announces it, and milliseconds count."""
    nothing = select.poll()
    end = time.monotonic() + START_SECONDS
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{path} has not come in {START_SECONDS:g} s")
        nothing.poll(1)


def _ends_within(process: "subprocess.Popen[str]", seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _waiting_bytes(reader: int) -> int:
    """Give how many bytes of a pipe are unread."""
    answer = bytearray(4)
    fcntl.ioctl(reader, termios.FIONREAD, answer)
    return int.from_bytes(answer, sys.byteorder)


LEGS: Final = {1: ("mono",), 2: ("customer", "friend")}
"""Their names, by the number of channels."""

_PART: Final = re.compile(r"\.(?P<name>.+)\.[0-9]+\.part", re.ASCII)
_CLIP: Final = re.compile(r".+_(?P<leg>[\w-]+)_(?P<window>[0-9]{7,})_[a-z]+\.wav")


@dataclass(slots=True)
class Remains:
    """What was found, and what is wrong with it."""

    faults: list[str] = field(default_factory=list)  # A line each: something that should not be
    session: str | None = None  # the session's name; None where it left no session.json
    num_rows: int = 0
    num_clips: int = 0
    num_indexed: int = 0
    end_sample: int | None = None  # one past the last sample of the whole sound; None where there is none
    half_lines: int = 0  # how many of journal and index end inside a line
    num_parts: int = 0  # hidden files that were to become others

    def look(self, *, is_right: bool, fault: str) -> None:
        """Note a fault unless all is right."""
        if not is_right:
            self.faults.append(fault)


def look_at_remains(killed: Killed, folder: Path) -> Remains:
    """Read all files; no faults where all that was written is whole, and is what was sent."""
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
            fault=f"{file.path.name} is not what was sent",
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
            fault=f"{path.name} is not what was sent",
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
    remains.look(
        is_right=lines[0] == ",".join(INDEX_COLUMNS), fault="index.csv does not begin with its columns"
    )
    remains.num_indexed = len(found)
    listed = {line["file"] for line in found}
    remains.look(is_right=len(clips - listed) <= 1, fault=f"{len(clips - listed)} clips are not in the index")
    if not killed.kind_removes:
        remains.look(is_right=listed <= clips, fault=f"of the index, not there: {sorted(listed - clips)}")
    spoken = sum(row["state"] in {"speech", "unsure"} for row in rows)
    # A clip is written first, then its line, then the row.
    remains.look(
        is_right=0 <= len(found) - spoken <= 1, fault=f"{spoken} rows of speech, {len(found)} in the index"
    )
