"""The real command in a terminal of its own, with sound in its pipe, looked at from outside."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import soundfile

from emotion.errors import CallmoodError
from emotion.model_folders import find_model
from scripts.endurance.followed_journal import FollowedJournal
from scripts.endurance.plan import SoakPlan
from scripts.endurance.process import Holding, folder_bytes, holding
from scripts.endurance.sound import EndlessSound
from streamer.recorder.clip_index import INDEX_FILE
from streamer.recorder.sound_names import sound_files
from tests.command import environment
from tests.pseudo_terminal import PseudoTerminal

END_SECONDS: Final = 60.0

STALL_SECONDS: Final = 180.0
"""Whoever writes nothing for so long hangs."""

_IN_TERMINAL: Final = (
    "import fcntl, os, sys, termios; fcntl.ioctl(1, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'callmood', *sys.argv[1:]])"
)
"""Makes standard output the terminal that keys come from, then becomes callmood under the same number."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was seen at a moment.

    Attributes
    ----------
    clock_seconds, stream_seconds : float
        Since the first look; the end of the latest row, s.
    held : Holding
        Of the process.
    max_lag_seconds : float
        The longest lag since the reading before, s.
    folder_bytes, journal_bytes : int
        Size of all recordings, and of the journal.
    """

    clock_seconds: float
    stream_seconds: float
    held: Holding
    max_lag_seconds: float
    folder_bytes: int
    journal_bytes: int


@dataclass(frozen=True, slots=True)
class SoakRun:
    """All that was seen of a run.

    Attributes
    ----------
    readings : list of Reading
        In order.
    journal : FollowedJournal
        Read to its end.
    exit_code : int
        Of the command.
    num_sent : int
        Samples that went into the pipe.
    num_kept : int
        One past the last sample in the files of the whole sound.
    num_indexed : int
        Clips in index.csv.
    num_rows : int
        So many the grid demands.
    end_bytes : int
        Size of all recordings after the end.
    clock_seconds : float
        From the start of the command to its end, s.
    """

    readings: list[Reading]
    journal: FollowedJournal
    exit_code: int
    num_sent: int
    num_kept: int
    num_indexed: int
    num_rows: int
    end_bytes: int
    clock_seconds: float


class Sender(threading.Thread):
    """Fills a pipe as fast as it is emptied, then closes it."""

    def __init__(self, pipe: "IO[bytes]", plan: SoakPlan) -> None:
        super().__init__(name="soak-sender", daemon=True)
        self._pipe = pipe
        self._plan = plan
        self.num_sent = 0

    def run(self) -> None:
        """Write until all is sent, or nobody reads any more."""
        try:
            with self._pipe:
                for scene in EndlessSound(self._plan.seed).scenes(self._plan.num_samples):
                    self._pipe.write(scene.tobytes())
                    self.num_sent += len(scene)
        except BrokenPipeError:
            pass  # What is missing shows in the figures.


def soak(plan: SoakPlan, folder: Path, tell: Callable[[Reading], None] = lambda _: None) -> SoakRun:
    """Let callmood hear it all, and look at it all the while.

    Parameters
    ----------
    plan : SoakPlan
        What is heard.
    folder : Path
        An empty one, for journal and recordings.
    tell : callable, optional
        Given each reading.

    Returns
    -------
    SoakRun
        What was seen.

    Raises
    ------
    CallmoodError
        If the model is not there, or the command hangs or leaves no summary.
    """
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
    """Start it in a terminal, and see to it that it ends."""
    with (
        PseudoTerminal(100, 40) as terminal,
        (folder / "stderr").open("wb") as complaints,
        subprocess.Popen(  # noqa: S603 - our own command
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
    """Wait so long for its end; True where it has not come."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end_of_sound(session: Path) -> int:
    files = sound_files(session)
    return files[-1].first_sample + soundfile.info(files[-1].path).frames if files else 0
