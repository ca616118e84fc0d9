"""A disk that fills up, and a process that is killed: what was written before is whole."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamer.recordings.session_audio import sound_files
from tests.session_material import SESSION, sound

ROOT = Path(__file__).parents[3]

RECORD = """
import resource, sys
from pathlib import Path
from emotion.errors import OutputError
from streamer.events import Sound
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.sinks.journal import JournalWriter
from streamer.recordings.session_folder import SessionFolder
from streamer.recordings.session_audio import SessionAudio
from tests.session_material import blocks, facts, sound, speech_row

out_dir, limit, num_samples = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
folder = SessionFolder(out_dir)
sinks = [
    JournalWriter(out_dir / "call.jsonl"),
    ClipRecorder(folder, ClipRule.parse("all")),
    SessionAudio(folder),
]
for sink in sinks:
    sink.open(facts())
print("open", flush=True)
windows = 0
for block in blocks(sound(num_samples), range(33, num_samples, 33)):
    for sink in tuple(sinks):
        try:
            sink.handle(Sound(block))
            for window in range(windows, max(0, (block.end_sample - 200) // 50 + 1)):
                sink.handle(speech_row(window))
        except OutputError as error:
            print(type(sink).__name__, error, flush=True)
            sinks.remove(sink)
            try:
                sink.close(None)
            except OutputError as second:
                print("late", second, flush=True)
    windows = max(0, (block.end_sample - 200) // 50 + 1)
    if not sinks:
        break
"""


def start(out_dir: Path, limit: int, num_samples: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", RECORD, str(out_dir), str(limit), str(num_samples)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def check_that_all_is_whole(out_dir: Path, *, killed: bool) -> tuple[int, int, int]:
    """Open everything; give the lines of the journal, the clips, and the samples of the whole sound."""
    text = (out_dir / "call.jsonl").read_bytes().decode("utf-8")
    assert text.endswith("\n")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["type"] for line in lines] == ["header"] + ["row"] * (len(lines) - 1)
    assert [line["window"] for line in lines[1:]] == list(range(len(lines) - 1))
    session = out_dir / SESSION
    clips = sorted(session.glob("clips/*/*.wav"))
    heard = sound(400_000)[:, 0]
    for window, path in enumerate(clips):
        samples = soundfile.read(path, dtype="float32")[0]
        assert np.array_equal(samples, heard[50 * window : 50 * window + 200])
    with (session / "index.csv").open(newline="", encoding="utf-8") as file:
        indexed = [session / line["file"] for line in csv.DictReader(file)]
    assert (session / "index.csv").read_text().endswith("\n")
    # Whoever is killed between the two has written the clip and not yet its line.
    assert indexed in ([clips, clips[:-1]] if killed or len(clips) > len(indexed) else [clips])
    kept = np.concatenate([soundfile.read(file.path, dtype="float32")[0] for file in sound_files(session)])
    assert np.array_equal(kept, heard[: len(kept)])
    if not killed:
        assert not [path for path in out_dir.rglob("*") if path.name.endswith(".part")]
    return len(lines), len(clips), len(kept)


def test_a_file_that_may_not_grow_stops_its_sink_and_keeps_what_it_has(tmp_path: Path) -> None:
    process = start(tmp_path, 10_000, 40_000)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "JournalWriter cannot write" in said
    assert "SessionAudio cannot write" in said
    assert "File too large" in said
    assert "late" not in said
    num_lines, num_clips, num_kept = check_that_all_is_whole(tmp_path, killed=False)
    assert num_lines > 20
    assert num_clips > 50
    assert 4000 < num_kept <= (10_000 - 44) // 2
    assert all(path.stat().st_size <= 10_000 for path in tmp_path.rglob("*") if path.is_file())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB, where the user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no disk to fill, mounting one is refused: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_stops_each_sink_and_keeps_what_there_is(small_disk: Path) -> None:
    process = start(small_disk, 0, 200_000)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    for sink in ("JournalWriter", "ClipRecorder", "SessionAudio"):
        assert f"{sink} cannot write" in said
    assert "No space left on device; free some space" in said
    num_lines, num_clips, num_kept = check_that_all_is_whole(small_disk, killed=False)
    assert num_lines > 10
    assert num_clips > 10
    assert num_kept > 1000


@pytest.mark.parametrize("moment", range(4))
def test_a_killed_process_leaves_everything_whole(tmp_path: Path, moment: int) -> None:
    process = start(tmp_path, 0, 400_000)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    wanted = np.random.default_rng(moment).integers(20_000, 60_000)
    while not (journal := tmp_path / "call.jsonl").exists() or journal.stat().st_size < wanted:
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=20)
    num_lines, num_clips, num_kept = check_that_all_is_whole(tmp_path, killed=True)
    # Sinks are told one after the other, a block at a time: none is more than a few windows behind.
    assert num_clips >= num_lines - 3
    assert num_kept >= 50 * (num_lines - 3)
