"""Run the real command in a terminal of its own, fill its pipe with sound, and watch it from outside."""

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import soundfile

from emotion.errors import CallmoodError
from emotion.model import find_model
from streamer.recordings.clips import INDEX_FILE
from streamer.recordings.session_audio import sound_files
from tests.acceptance.endless_sound import RATE_HZ, EndlessSound
from tests.command import environment
from tests.pseudo_terminal import PseudoTerminal


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """The sound and the bounds of a run."""

    num_samples: int  # of the sound, at 16 kHz
    model: str
    max_size: str  # given to `--max-size`
    every_seconds: float  # from one reading to the next, s of the clock
    warm_seconds: float  # stream time after which nothing may grow any more, s
    seed: int = 0

    @property
    def seconds(self) -> float:
        """Length of the sound, s."""
        return self.num_samples / RATE_HZ

    def options(self, folder: Path) -> list[str]:
        """Give the words after `callmood`."""
        return [
            *("listen", "-", "--rate", str(RATE_HZ), "--model", self.model, "--spectrogram"),
            *("--alert", "angry>0.7 for 5s", "--record", "speech", "--record-session"),
            *("--keep", "7d", "--max-size", self.max_size, "--out", str(folder / "recordings")),
            *("--journal", str(folder / "journal.jsonl")),
        ]

    def options_shown(self) -> list[str]:
        """Give the same, quoted for a shell."""
        return [shlex.quote(word) for word in self.options(Path())]


_MEMORY = ("Rss", "Anonymous")


@dataclass(frozen=True, slots=True)
class Holding:
    """Memory and handles of a process at a moment."""

    resident_bytes: int  # all its pages in memory, those of shared libraries included
    own_bytes: int  # pages without a file behind them: what it has allocated itself
    num_handles: int
    num_threads: int


def holding(process: int) -> Holding:
    """Read memory and handles of a running process."""
    place = Path("/proc", str(process))
    found = dict.fromkeys(_MEMORY, 0)
    for line in (place / "smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name] = int(value.split()[0]) * 1024
    return Holding(
        resident_bytes=found["Rss"],
        own_bytes=found["Anonymous"],
        num_handles=sum(1 for _ in (place / "fd").iterdir()),
        num_threads=sum(1 for _ in (place / "task").iterdir()),
    )


def folder_bytes(folder: Path) -> int:
    """Count the bytes of all files in a folder; files may disappear meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(place, name).lstat().st_size
    return total


_MAX_NAMED: Final = 5


class FollowedJournal:
    """Counts the lines of a growing journal, and checks that its rows lie on the grid."""

    def __init__(self, path: Path, *, win_seconds: float, step_seconds: float) -> None:
        self._path = path
        self._win_seconds = win_seconds
        self._step_seconds = step_seconds
        self._rest = b""
        self.num_bytes = 0
        self.num_rows = 0
        self.states: Counter[str] = Counter()  # of rows
        self.others: Counter[str] = Counter()  # other lines, by type
        self.stream_seconds = 0.0  # end of the latest row
        self.max_lag_seconds = 0.0
        self.summary: dict[str, Any] | None = None
        self.wrong: list[str] = []  # the first few rows off the grid

    def read(self) -> None:
        """Read what was written since the last call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self.num_bytes)
            new = file.read()
        self.num_bytes += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def longest_lag(self) -> float:
        """Give the longest lag since the last call, s."""
        longest, self.max_lag_seconds = self.max_lag_seconds, 0.0
        return longest

    @property
    def ends_in_a_line(self) -> bool:
        """True where the last line is whole."""
        return not self._rest

    def _take(self, line: dict[str, Any]) -> None:
        if line["type"] != "row":
            self.others[line["type"]] += 1
            self.summary = line if line["type"] == "summary" else self.summary
            return
        start = self.num_rows * self._step_seconds
        expected = (self.num_rows, start, start + self._win_seconds)
        found = (line["window"], line["start"], line["end"])
        if found != expected and len(self.wrong) < _MAX_NAMED:
            self.wrong.append(f"window, start, end {found}, not {expected}")
        self.num_rows += 1
        self.states[line["state"]] += 1
        self.stream_seconds = line["end"]
        self.max_lag_seconds = max(self.max_lag_seconds, line["lag_seconds"])


END_SECONDS: Final = 60.0

STALL_SECONDS: Final = 180.0
"""A process that writes nothing for so long hangs, s."""

_IN_TERMINAL: Final = (
    "import fcntl, os, sys, termios; fcntl.ioctl(1, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'callmood', *sys.argv[1:]])"
)
"""Makes standard output the terminal that keys come from, then becomes callmood under the same number."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures at a moment."""

    clock_seconds: float  # since the start of the command
    stream_seconds: float  # end of the latest row
    held: Holding
    max_lag_seconds: float  # the longest lag since the reading before, s
    folder_bytes: int
    journal_bytes: int


@dataclass(frozen=True, slots=True)
class SoakRun:
    """The figures of a whole run."""

    readings: list[Reading]
    journal: FollowedJournal
    exit_code: int
    num_sent: int  # samples that went into the pipe
    num_kept: int  # one past the last sample in the files of the whole sound
    num_indexed: int  # clips in index.csv
    num_rows: int  # so many the grid demands
    end_bytes: int  # size of all recordings after the end
    clock_seconds: float  # from the start of the command to its end, s


class Sender(threading.Thread):
    """Fills a pipe as fast as it is emptied, then closes it."""

    def __init__(self, pipe: "IO[bytes]", plan: SoakPlan) -> None:
        super().__init__(name="soak-sender", daemon=True)
        self._pipe = pipe
        self._plan = plan
        self.num_sent = 0

    def run(self) -> None:
        """Write until all is sent or the pipe is closed."""
        try:
            with self._pipe:
                for scene in EndlessSound(self._plan.seed).scenes(self._plan.num_samples):
                    self._pipe.write(scene.tobytes())
                    self.num_sent += len(scene)
        except BrokenPipeError:
            pass  # What is missing shows in the figures.


def soak(plan: SoakPlan, folder: Path, tell: Callable[[Reading], None] = lambda _: None) -> SoakRun:
    """Run callmood on all of the sound in an empty folder, and read its figures meanwhile."""
    grid = find_model(plan.model).card.grid(None, None)
    journal = FollowedJournal(
        folder / "journal.jsonl",
        win_seconds=grid.win / grid.sample_rate,
        step_seconds=grid.step / grid.sample_rate,
    )
    began = time.monotonic()
    readings: list[Reading] = []
    num_bytes, moved = 0, 0.0
    with _callmood(plan, folder) as process:
        sender = Sender(_pipe_of(process), plan)
        sender.start()
        while _is_running(process, plan.every_seconds):
            try:
                held = holding(process.pid)
            except OSError:
                break
            journal.read()
            size = folder_bytes(folder / "recordings")
            seen = Reading(
                time.monotonic() - began,
                journal.stream_seconds,
                held,
                journal.longest_lag(),
                size,
                journal.num_bytes,
            )
            readings.append(seen)
            tell(seen)
            if seen.journal_bytes != num_bytes:
                num_bytes, moved = seen.journal_bytes, seen.clock_seconds
            elif seen.clock_seconds - moved > STALL_SECONDS:
                raise CallmoodError(f"callmood has written nothing for {STALL_SECONDS:g} s")
        exit_code = process.wait(timeout=END_SECONDS)
        sender.join(timeout=END_SECONDS)
    journal.read()
    sessions = list((folder / "recordings").glob("*/session.json"))
    if journal.summary is None or len(sessions) != 1:
        raise CallmoodError(
            f"callmood ended with code {exit_code}, no summary and {len(sessions)} sessions in {folder}"
        )
    return SoakRun(
        readings,
        journal,
        exit_code,
        sender.num_sent,
        _end_of_sound(sessions[0].parent),
        len((sessions[0].parent / INDEX_FILE).read_bytes().splitlines()) - 1,
        grid.num_windows(plan.num_samples),
        folder_bytes(folder / "recordings"),
        time.monotonic() - began,
    )


@contextmanager
def _callmood(plan: SoakPlan, folder: Path) -> Iterator["subprocess.Popen[Any]"]:
    """Start it in a terminal, and make sure that it ends."""
    with (
        PseudoTerminal(100, 40) as terminal,
        (folder / "stderr").open("wb") as complaints,
        subprocess.Popen(
            [sys.executable, "-c", _IN_TERMINAL, *plan.options(folder)],
            env=environment({"TERM": "xterm-256color", "LANG": "C.UTF-8"}),
            stdin=subprocess.PIPE,
            stdout=terminal.theirs,
            stderr=complaints,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _pipe_of(process: "subprocess.Popen[Any]") -> "IO[bytes]":
    if process.stdin is None:
        raise ValueError("the process has no pipe")
    return process.stdin


def _is_running(process: "subprocess.Popen[Any]", seconds: float) -> bool:
    """Wait so long for the end; True where the process still runs."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end_of_sound(session: Path) -> int:
    files = sound_files(session)
    return files[-1].first_sample + soundfile.info(files[-1].path).frames if files else 0
