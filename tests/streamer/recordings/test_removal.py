"""Removals that are cut short, and the log of what was removed."""

import os
import resource
import time
from itertools import count, pairwise
from pathlib import Path

import pytest

from streamer.recordings import removal as removed_log
from streamer.recordings.removal import Removed, log_removed
from streamer.recordings.retention import Pruner, PruneResult
from streamer.recordings.scan import opened_folder
from tests.recorded_material import OLD, WEEK, record, removed, size, tidy


def test_a_removal_that_is_cut_short_is_gone_on_with(tmp_path: Path) -> None:
    path, asked = record(tmp_path, OLD, days_ago=8), count()
    num_bytes = size(path)
    tidied = Pruner(tmp_path, WEEK).run(time.time(), is_cancelled=lambda: next(asked) > 5)
    assert 0 < size(path) < num_bytes
    assert tidied.num_bytes == size(path)
    assert (path / "session.json").exists()
    assert removed(tmp_path)[0]["whole"] is False
    assert tidy(tmp_path, WEEK) == PruneResult()
    first, second = removed(tmp_path)
    assert second["whole"] is True
    assert first["bytes"] + second["bytes"] == num_bytes
    assert first["files"] + second["files"] == 8


@pytest.mark.parametrize("num_asked", range(12))
def test_wherever_a_removal_is_cut_short_the_session_is_still_one(tmp_path: Path, num_asked: int) -> None:
    path, asked = record(tmp_path, OLD, days_ago=8), count()
    tidied = Pruner(tmp_path, WEEK).run(time.time(), is_cancelled=lambda: next(asked) >= num_asked)
    assert tidied == PruneResult(num_bytes=size(path))
    assert (path / "session.json").exists()
    assert tidy(tmp_path, WEEK) == PruneResult()
    assert not path.exists()
    assert [line["whole"] for line in removed(tmp_path)] in ([True], [False, True])
    assert sum(line["files"] for line in removed(tmp_path)) == 8


def test_a_log_that_cannot_be_written_keeps_nothing_from_going(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "removed.log").symlink_to(tmp_path / "mine")
    [line] = tidy(tmp_path, WEEK).complaints
    assert "removed.log" in line
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / OLD).exists()


def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removed_log, "MAX_LOG_BYTES", 2000)
    out, elsewhere = tmp_path / "recordings", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    part, log = f".removed.log.{os.getpid()}.part", out / "removed.log"
    (elsewhere / part).write_text("mine")
    (out / part).write_bytes(b"left by one who was killed" * 100)
    log.touch()
    for path in (log, out / part):
        path.chmod(0o600)
    num_bytes, lengths = 0, []
    with opened_folder(out) as folder:
        for number in range(100):
            log_removed(folder, 1e9, Removed(number, 1, whole=True), "forgotten", session=OLD)
            before, num_bytes = num_bytes, log.stat().st_size
            assert num_bytes <= 2000
            if num_bytes < before:
                lengths.append(num_bytes)
    assert len(lengths) > 5
    assert all(800 < length <= 1000 for length in lengths), "the newer half is kept"
    files = [line["files"] for line in removed(out)]
    assert files[-1] == 99
    assert all(after == before + 1 for before, after in pairwise(files))
    assert [path.name for path in out.iterdir()] == ["removed.log"]
    assert log.stat().st_mode & 0o777 == 0o600
    assert (elsewhere / part).read_text() == "mine"


def test_a_log_is_not_shortened_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removed_log, "MAX_LOG_BYTES", 200)
    out, mine = tmp_path / "recordings", tmp_path / "mine"
    out.mkdir()
    mine.write_text("mine")
    (out / f".removed.log.{os.getpid()}.part").symlink_to(mine)
    with opened_folder(out) as folder:
        log_removed(folder, 1e9, Removed(1, 1, whole=True), "forgotten", session=OLD)
        with pytest.raises(OSError, match="symbolic links"):
            log_removed(folder, 1e9, Removed(2, 1, whole=True), "forgotten", session=OLD)
    assert mine.read_text() == "mine"
    assert [line["files"] for line in removed(out)] == [1, 2]


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    with opened_folder(tmp_path) as folder:
        log_removed(folder, 1e9, Removed(1, 1, whole=True), "forgotten", session=OLD)
        before = (tmp_path / "removed.log").read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
        try:
            with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device: 'removed\.log'$"):
                log_removed(folder, 1e9, Removed(2, 2, whole=True), "forgotten", session=OLD)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "removed.log").read_bytes() == before


def test_a_pipe_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "removed.log")
    with (
        opened_folder(tmp_path) as folder,
        pytest.raises(OSError, match=r"^\[Errno 22\] it is no regular file: 'removed\.log'$"),
    ):
        log_removed(folder, 1e9, Removed(1, 1, whole=True), "forgotten", session=OLD)
