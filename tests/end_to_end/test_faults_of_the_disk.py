"""Disks, folders and pipes that fail: callmood goes on, says what is missing, and saves again."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import soundfile

from tests.command import command, environment
from tests.fed import Fed, Line
from tests.ordinary_user import AS_ORDINARY_USER
from tests.spoken import DEMO

WRITE_FAILED = 7
"""The exit code of OutputError."""

DISK_BYTES = 4 * 1024 * 1024
RECORD = ("--record", "all", "--record-session")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own; only root can mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "callmood-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False, timeout=10)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)


def fill(disk: Path) -> Path:
    """Leave no room at all."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def lines_of(journal: Path) -> list[Line]:
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


def assert_recordings_are_whole(folder: Path) -> None:
    sounds = list(folder.glob("*/sound/*.wav"))
    assert sounds
    assert all(soundfile.info(str(path)).frames > 0 for path in sounds)
    clips = list(folder.glob("*/clips/*/*.wav"))
    assert {soundfile.info(str(path)).duration for path in clips} == {2.0}
    assert not [path for path in folder.rglob("*") if path.name.endswith(".part")]


def test_a_full_disk_loses_what_comes_until_there_is_room_again(disk: Path, tmp_path: Path) -> None:
    with Fed(tmp_path, *RECORD, "--out", disk / "recordings", "--journal", disk / "j.jsonl") as session:
        session.feed(3)
        session.wait_for_rows(3)
        filler = fill(disk)
        session.feed_until(lambda _: len(session.failures) == 4)
        assert all("No space left on device; free some space" in failure for failure in session.failures)
        filler.unlink()
        session.feed_until(lambda _: sum("it went on after" in line for line in session.failures) == 4)
        session.feed(4)
        assert session.end() == WRITE_FAILED, session.stderr
    windows = [row["window"] for row in session.rows]
    assert windows == list(range(len(windows))), "nobody missed a window but the disk"
    journal = lines_of(disk / "j.jsonl")
    clips = list(disk.glob("recordings/*/clips/*/*.wav"))
    num_missing = {
        "lines": sum(line["type"] != "failure" and line not in journal for line in session.lines[:-1]),
        "clips": len(windows) - len(clips),
    }
    told = [line for line in session.failures if "it went on" in line]
    for unit, number in num_missing.items():
        assert number > 0
        assert [line for line in told if line.endswith(f", without {number} {unit}")], (told, num_missing)
    assert windows[-1] in {line["window"] for line in journal if line["type"] == "row"}
    assert [line["message"] for line in journal if "j.jsonl" in line.get("message", "")] == [
        line for line in told if "j.jsonl" in line
    ]
    assert journal[-1]["type"] == "summary"
    assert sorted(journal[-1]["failures"]) == sorted(told)
    assert_recordings_are_whole(disk / "recordings")
    assert len(list(disk.glob("recordings/*/sound/*.wav"))) == 2


def test_a_folder_that_is_moved_away_and_put_back(tmp_path: Path) -> None:
    with Fed(tmp_path, "--record", "all", "--journal", "j.jsonl") as session:
        session.feed(3)
        session.wait_for_rows(3)
        (tmp_path / "recordings").rename(tmp_path / "elsewhere")
        session.feed_until(lambda _: len(session.failures) == 1)
        assert "was taken away; put it back and saving goes on, or start again" in session.failures[0]
        before = len(list(tmp_path.glob("elsewhere/*/clips/*/*.wav")))
        (tmp_path / "elsewhere").rename(tmp_path / "recordings")
        session.feed_until(lambda _: "it went on after" in session.failures[-1])
        session.feed(4)
        assert session.end() == WRITE_FAILED, session.stderr
    assert len(list(tmp_path.glob("recordings/*/clips/*/*.wav"))) > before == 3
    assert lines_of(tmp_path / "j.jsonl")[-1]["windows"] == len(session.rows)


def test_a_folder_that_is_removed_and_replaced_is_not_made_again(tmp_path: Path) -> None:
    with Fed(tmp_path, *RECORD, "--journal", "j.jsonl") as session:
        session.feed(3)
        session.wait_for_rows(3)
        shutil.rmtree(tmp_path / "recordings")
        session.feed(2)
        session.wait_for_rows(7)
        (tmp_path / "recordings").mkdir()
        session.feed(2)
        session.wait_for_rows(11)
        assert session.end() == WRITE_FAILED, session.stderr
    assert len(session.failures) == 1, "one line, whoever meets it"
    assert "was taken away" in session.failures[0]
    assert list((tmp_path / "recordings").rglob("*")) == []
    summary = lines_of(tmp_path / "j.jsonl")[-1]
    assert (summary["windows"], len(summary["failures"])) == (11, 1)


def test_a_folder_that_may_not_be_written_to_any_more(tmp_path: Path) -> None:
    with Fed(tmp_path, "--record", "all", "--journal", "j.jsonl", prefix=AS_ORDINARY_USER) as session:
        session.feed(3)
        session.wait_for_rows(3)
        folders = [path for path in (tmp_path / "recordings").rglob("*") if path.is_dir()]
        for folder in folders:
            folder.chmod(0o555)
        session.feed_until(lambda _: len(session.failures) == 1)
        assert "Permission denied; choose a place that you may write to" in session.failures[0]
        for folder in folders:
            folder.chmod(0o755)
        session.feed_until(lambda _: "it went on after" in session.failures[-1])
        session.feed(4)
        assert session.end() == WRITE_FAILED, session.stderr
    assert len(list(tmp_path.glob("recordings/*/clips/*/*.wav"))) > 3


@contextmanager
def reading(pipe: Path) -> Iterator[int]:
    """Open a named pipe of one page for reading, so that nobody waits for anybody."""
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)
        yield descriptor
    finally:
        os.close(descriptor)


def read_all(descriptor: int) -> bytes:
    heard = b""
    with suppress(BlockingIOError):
        while part := os.read(descriptor, 65_536):
            heard += part
    return heard


def test_a_journal_whose_reader_does_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "journal")
    with reading(tmp_path / "journal") as pipe, Fed(tmp_path, "--journal", "journal") as session:
        session.feed(3)
        session.feed_until(lambda _: len(session.failures) == 1)
        assert "its reader has taken nothing for 1 s; let it read" in session.failures[0]
        heard = b""

        def goes_on(_: Sequence[Line]) -> bool:
            nonlocal heard
            heard += read_all(pipe)
            return "it went on after" in session.failures[-1]

        session.feed_until(goes_on)
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1024 * 1024)
        session.feed(2)
        assert session.end() == WRITE_FAILED
        heard += read_all(pipe)
    lines = [json.loads(line) for line in heard.splitlines()]
    assert (lines[0]["type"], lines[-1]["type"]) == ("header", "summary")
    assert "it went on after" in session.failures[-1]
    assert session.failures[-1] in [line["message"] for line in lines if line["type"] == "failure"]
    windows = [row["window"] for row in session.rows]
    assert windows == list(range(len(windows)))


def test_a_journal_whose_reader_goes_and_another_comes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "journal")
    with reading(tmp_path / "journal") as pipe:
        session = Fed(tmp_path, "--journal", "journal")
        session.wait_for_rows(0)
        session.feed(2)
        session.wait_for_rows(1)
        assert json.loads(read_all(pipe).splitlines()[0])["type"] == "header"
    with session:
        session.feed_until(lambda _: len(session.failures) == 1)
        assert "its reader has left: start again with one that stays" in session.failures[0]
        with reading(tmp_path / "journal") as pipe:
            session.feed_until(lambda _: "it went on after" in session.failures[-1])
            assert session.end() == WRITE_FAILED
            lines = [json.loads(line) for line in read_all(pipe).splitlines()]
    assert lines[-1]["type"] == "summary"


def test_whoever_prints_to_a_reader_that_does_not_read_goes_on_and_can_be_ended(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    words = ("replay", DEMO, "--fast", "--model", "speech-light", "--json", "--journal", "j.jsonl")
    with subprocess.Popen(
        command(*words),
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        try:
            assert process.wait(timeout=60) == WRITE_FAILED
        finally:
            process.kill()
            os.close(ours)
    *lines, summary = lines_of(tmp_path / "j.jsonl")
    assert summary["windows"] == sum(line["type"] == "row" for line in lines) == 50
    (failure,) = summary["failures"]
    assert failure.startswith("cannot write the output: its reader has taken nothing for 1 s; let it read")
