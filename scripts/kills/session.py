"""A real session with all that it can keep, killed at its moment; the sound is handed to it from outside."""

import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from scripts.endurance.sound import DEMO_SPEECH, RATE_HZ
from scripts.kills.plan import Kill
from tests.command import command, environment
from tests.running import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """What was known of a session from outside when it had been killed.

    Attributes
    ----------
    kill : Kill
        As planned.
    sound : ndarray, shape (n, channels), int16
        All that was to be heard.
    num_sent, num_taken : int
        Samples that had gone into the pipe, and those that had been taken out of it.
    ended_first : bool
        True where it had ended in order before it could be killed.
    """

    kill: Kill
    sound: Steps
    num_sent: int
    num_taken: int
    ended_first: bool

    @property
    def kind_removes(self) -> bool:
        """Whether recordings were removed meanwhile."""
        return self.kill.kind == "tidied"


def run_and_kill(kill: Kill, folder: Path) -> Killed:
    """Start it, hand it sound, kill it.

    Parameters
    ----------
    kill : Kill
        When, and while it does what.
    folder : Path
        An empty one: the journal and the recordings stay there.

    Returns
    -------
    Killed
        What was known.
    """
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
        # What is still in the pipe was never given to anybody.
        num_taken = (num_bytes - _waiting_bytes(reader)) // frame_bytes
        return Killed(kill, sound, num_bytes // frame_bytes, num_taken, ended_first)
    finally:
        os.close(reader)
        os.close(writer)


def speech(kill: Kill) -> Steps:
    """Make the sound: the demo's speech over and over, in the second channel half a turn later.

    Parameters
    ----------
    kill : Kill
        Says where it begins, and how many channels there are.

    Returns
    -------
    ndarray, shape (n, channels), int16
        At 16 kHz.
    """
    once, _ = soundfile.read(DEMO_SPEECH, dtype="int16")
    places = kill.start_sample + np.arange(SOUND_SECONDS[kill.is_paced] * RATE_HZ)
    starts = np.arange(kill.channels) * (len(once) // 2)
    return np.asarray(np.take(once, places[:, None] + starts, mode="wrap"))


@contextmanager
def _listening(kill: Kill, folder: Path, reader: int) -> "Iterator[subprocess.Popen[str]]":
    words = ["--json", "--model", MODEL, "--channels", str(kill.channels), "--journal", JOURNAL]
    words += ["--record", "speech", "--record-session", "--out", RECORDINGS]
    words += ["--legs", "left=customer,right=agent"] if kill.kind == "two legs" else []
    words += ["--max-size", "2MB"] if kill.kind == "tidied" else []
    with subprocess.Popen(  # noqa: S603 - our own command
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
    """Write until the moment has come, and give how many bytes went in."""
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
            # Held against the beginning, so that delays do not add up; whole samples only.
            due = int(passed / PIECE_SECONDS) * int(PIECE_SECONDS * RATE_HZ) * 2 * kill.channels
        left_ms = 1000 * (kill.seconds - passed)
        if sent < due:
            if room.poll(left_ms):
                sent += os.write(writer, data[sent : min(due, sent + bytes_per_second)])
        else:
            nothing.poll(min(left_ms, 1000 * PIECE_SECONDS))
    return sent


def _wait_for(path: Path) -> None:
    """Look again and again: what follows is a matter of milliseconds, and nothing tells of it."""
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
    """Ask how much of a pipe nobody has read."""
    answer = bytearray(4)
    fcntl.ioctl(reader, termios.FIONREAD, answer)
    return int.from_bytes(answer, sys.byteorder)
