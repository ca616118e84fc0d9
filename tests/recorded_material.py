"""Recorded sessions in small, written by the real recorders, and what a folder holds."""

import json
import os
import time
from pathlib import Path
from typing import Any

from streamer.events import AudioBlock, Sound
from streamer.leg_plan import LegPlan
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.recordings.retention import Pruner, PruneResult, RetentionLimits
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder
from tests.session_material import SUMMARY, blocks, facts, silent_row, sound, speech_row

DAY = 86_400.0
OLD, MIDDLE, NEW = (f"2026112{day}T025959Z-0abc" for day in (1, 2, 3))
"""Three sessions, by their names the oldest first."""

WEEK = RetentionLimits(7 * DAY, None, "7d")


class Recording:
    """A session that is being recorded: clips, and the sound of a source in files of 200 samples."""

    def __init__(self, out_dir: Path, session: str) -> None:
        folder = SessionFolder(out_dir)
        self._sound = SessionAudio(folder, max_file_bytes=44 + 2 * 200)
        self._clips = ClipRecorder(folder, ClipRule.parse("all"))
        self._sinks = (self._clips, self._sound)
        self._first_sample = 0
        for sink in self._sinks:
            sink.open(facts(session=session, legs=(LegPlan(),)))
        self.path = folder.path

    def hear(self, num_samples: int) -> None:
        """Hear noise in blocks of 50 samples."""
        for block in blocks(sound(num_samples), range(50, num_samples, 50), self._first_sample):
            self.take(block)
        self._first_sample += num_samples

    def take(self, block: AudioBlock) -> None:
        """Hear a block."""
        for sink in self._sinks:
            sink.handle(Sound(block))

    def clip(self, window: int) -> None:
        """Keep a clip of a window whose sound is there."""
        self._clips.handle(speech_row(window) if window % 2 else silent_row(window))

    def end(self, *, in_order: bool = True) -> None:
        """End the session, or give it up as a crash would."""
        for sink in self._sinks:
            sink.close(SUMMARY if in_order else None)


def record(out_dir: Path, session: str, *, days_ago: float = 0.0, in_order: bool = True) -> Path:
    """Record a session: 3 clips and 3 files of sound, last changed some days ago."""
    recording = Recording(out_dir, session)
    recording.hear(600)
    for window in range(3):
        recording.clip(window)
    recording.end(in_order=in_order)
    age(recording.path, days_ago)
    return recording.path


def age(folder: Path, days_ago: float) -> None:
    """Let all files of a folder have been changed some days ago."""
    then = time.time() - days_ago * DAY
    for path in folder.rglob("*"):
        os.utime(path, (then, then), follow_symlinks=False)


def size(folder: Path) -> int:
    """Count the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def open_descriptor(path: Path) -> int:
    """Give the descriptor by which this process has a file open."""
    return next(
        int(link.name) for link in Path("/proc/self/fd").iterdir() if os.path.realpath(link) == str(path)
    )


def tree(folder: Path) -> dict[str, bytes | str]:
    """Give everything in a folder: contents of files, and what the rest is."""
    return {
        str(path.relative_to(folder)): _what(path) for path in folder.rglob("*") if path.name != "removed.log"
    }


def _what(path: Path) -> bytes | str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    return path.read_bytes() if path.is_file() else "folder" if path.is_dir() else "something else"


def removed(folder: Path) -> list[dict[str, Any]]:
    """Read removed.log."""
    return [json.loads(line) for line in (folder / "removed.log").read_text().splitlines()]


def tidy(out_dir: Path, bounds: RetentionLimits, own: str = "", now: float | None = None) -> PruneResult:
    """Hold a folder to its limits once."""
    return Pruner(out_dir, bounds).run(time.time() if now is None else now, own)


def sessions(out_dir: Path) -> list[str]:
    """Name what lies beside the log of removals."""
    return sorted(path.name for path in out_dir.iterdir() if path.name != "removed.log")
