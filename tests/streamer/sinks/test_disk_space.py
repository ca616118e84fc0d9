"""Whether a disk can take more: bytes and inodes, on a disk of its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.events import Sound
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.recordings.session_folder import SessionFolder
from streamer.sinks.group import FIRST_RETRY_SECONDS, SinkGroup
from streamer.sinks.journal import JournalWriter
from streamer.sinks.writer import MIN_BYTES, MIN_FILES, has_disk_space
from tests.session_material import blocks, facts, silent_row, sound

NUM_INODES = 64


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB and few inodes, where the user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size=4m,nr_inodes={NUM_INODES}", "callmood-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False, timeout=10)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)


def leave_bytes(disk: Path, num_bytes: int) -> None:
    """Fill a disk but for so many bytes, in whole pages."""
    (disk / "filler").touch()
    with (disk / "filler").open("r+b") as file:
        file.truncate(0)
        status = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - num_bytes // 4096 * 4096)


def leave_inodes(disk: Path, number: int) -> None:
    """Use up the inodes of a disk but for so many."""
    (disk / "many").mkdir(exist_ok=True)
    for path in (disk / "many").iterdir():
        path.unlink()
    for name in range(os.statvfs(disk).f_favail - number):
        (disk / "many" / str(name)).touch()


def test_there_is_room_for_neither_too_few_bytes_nor_too_few_files(disk: Path) -> None:
    assert has_disk_space(disk)
    leave_bytes(disk, MIN_BYTES - 20_000)
    assert not has_disk_space(disk)
    leave_bytes(disk, MIN_BYTES + 20_000)
    assert has_disk_space(disk)
    leave_inodes(disk, MIN_FILES - 1)
    assert not has_disk_space(disk)
    leave_inodes(disk, MIN_FILES)
    assert has_disk_space(disk)


def test_a_file_system_that_counts_no_inodes_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = list(os.statvfs(tmp_path))
    status[5:8] = [0, 0, 0]  # f_files, f_ffree, f_favail, as btrfs has them
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(status))
    assert has_disk_space(tmp_path)


def test_a_folder_that_is_gone_has_no_room(tmp_path: Path) -> None:
    assert not has_disk_space(tmp_path / "gone")


class Clock:
    """Goes on by a second each time it is asked."""

    now = 100.0

    def __call__(self) -> float:
        self.now += FIRST_RETRY_SECONDS
        return self.now


def test_a_journal_is_not_tried_while_there_is_hardly_any_room(disk: Path) -> None:
    group = SinkGroup([JournalWriter(disk / "call.jsonl")], clock=Clock())
    group.open(facts())
    leave_bytes(disk, 0)
    for window in range(100):
        group.handle(silent_row(window))
    size = (disk / "call.jsonl").stat().st_size
    # There is room for each of these lines, but not for long.
    leave_bytes(disk, 200_000)
    for window in range(100, 104):
        group.handle(silent_row(window))
    assert (disk / "call.jsonl").stat().st_size == size
    assert "it went on" not in group.failures[0]
    leave_bytes(disk, 2_000_000)
    group.handle(silent_row(104))
    assert (disk / "call.jsonl").stat().st_size > size
    num_lost = 105 - (disk / "call.jsonl").read_text().count('"row"')
    assert group.failures[0].endswith(f", without {num_lost} lines")
    group.close(None)


def test_clips_do_not_go_on_without_inodes(disk: Path) -> None:
    group = SinkGroup([ClipRecorder(SessionFolder(disk), ClipRule.parse("all"))], clock=Clock())
    group.open(facts())
    before, later = blocks(sound(1000), [400])
    group.handle(Sound(before))
    group.handle(silent_row(0))
    leave_inodes(disk, 0)
    for window in range(1, 5):
        group.handle(silent_row(window))
    group.handle(Sound(later))
    for window in range(5, 9):
        group.handle(silent_row(window))
    (failure,) = group.failures
    assert "No space left on device" in failure
    assert failure.endswith("; missing: 8 clips")
    leave_inodes(disk, NUM_INODES // 2)
    group.handle(silent_row(9))
    (failure,) = group.failures
    assert failure.endswith(", without 8 clips")
    assert "it went on after" in failure
    group.close(None)
    assert len(list(disk.glob("*/clips/*/*.wav"))) == 2
