"""Recordings are held to their limits: whole sessions go, the oldest first, and nothing that is not ours."""

import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.atomic_files import lock_folder, locked_folder
from emotion.errors import OutputError, UsageError
from streamer.leg_plan import LegPlan
from streamer.recordings import forget as forgetting
from streamer.recordings import removal as removed_log
from streamer.recordings.forget import ForgettableSession, find_forgettable
from streamer.recordings.removal import Removed, log_removed
from streamer.recordings.retention import (
    Pruner,
    PruneResult,
    Retention,
    RetentionLimits,
    parse_size,
    size_text,
)
from streamer.recordings.scan import SESSION, FolderContents, Scanner, opened_folder
from streamer.recordings.session_audio import (
    SessionAudio,
    first_sample_of,
    is_sound_folder,
    sound_folder,
    sound_name,
)
from streamer.recordings.session_folder import SessionFolder, SessionLock
from streamer.recordings.wav import MAX_WAV_BYTES
from streamer.voices import VoiceFolder
from tests.recorded_material import DAY, MIDDLE, NEW, OLD, Recording, age, record, removed, size, tree
from tests.session_material import SUMMARY, facts, speech_row

WEEK = RetentionLimits(7 * DAY, None, "7d")
HOLDS_THE_LOCK = """
import sys
from pathlib import Path
from streamer.recordings.session_folder import SessionFolder
from streamer.recordings.forget import find_forgettable
from streamer.recordings.session_folder import SessionLock
folder = SessionFolder(Path(sys.argv[1]).parent)
folder.path = Path(sys.argv[1])
lock = SessionLock(folder)
lock.open(None)
print("locked", flush=True)
sys.stdin.read()
"""


def tidy(out_dir: Path, bounds: RetentionLimits, own: str = "", now: float | None = None) -> PruneResult:
    return Pruner(out_dir, bounds).run(time.time() if now is None else now, own)


def sessions(out_dir: Path) -> list[str]:
    return sorted(path.name for path in out_dir.iterdir() if path.name != "removed.log")


# Bounds.


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7d", 7 * DAY), ("36h", 129_600), ("2w", 14 * DAY), ("1.5 D", 1.5 * DAY), (" 1h ", 3600)],
)
def test_an_age_is_read(text: str, seconds: float) -> None:
    bounds = RetentionLimits.parse(text, None)
    assert bounds is not None
    assert bounds.keep_seconds == seconds
    assert bounds.why(seconds, 10**15) is None
    assert bounds.why(seconds + 1, 0) == f"older than {text.strip()}"


@pytest.mark.parametrize(
    "text",
    ["", "7", "d", "0d", "0.0h", "-7d", "7m", "7 days", "1e3d", "inf", "nan", "\u0667d", "9" * 400 + "d"],
)
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--keep is .*give an age with its unit"):
        RetentionLimits.parse(text, None)


@pytest.mark.parametrize(
    ("text", "num_bytes"),
    [("2GB", 2 * 10**9), ("500 mb", 5 * 10**8), ("1.5g", 15 * 10**8), ("1kB", 1000), ("0.001k", 1)],
)
def test_a_size_is_read(text: str, num_bytes: int) -> None:
    bounds = RetentionLimits.parse(None, text)
    assert bounds is not None
    assert bounds.max_bytes == num_bytes
    assert bounds.why(10**12, num_bytes) is None
    assert bounds.why(0, num_bytes + 1) == f"more than {size_text(num_bytes)}"


@pytest.mark.parametrize(
    "text", ["", "2", "2000000", "GB", "0GB", "0.0004k", "-1GB", "2GiB", "1e9kB", "infGB"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-size is .*give a size with its unit"):
        RetentionLimits.parse(None, text)


@given(st.integers(1000, 10**14))
def test_a_size_that_is_written_can_be_read(num_bytes: int) -> None:
    assert abs(parse_size(size_text(num_bytes)) - num_bytes) <= num_bytes / 190


def test_no_bound_is_none() -> None:
    assert RetentionLimits.parse(None, None) is None


def test_the_file_in_hand_is_a_small_part_of_the_bound() -> None:
    assert WEEK.max_file_bytes == MAX_WAV_BYTES
    assert RetentionLimits(max_bytes=2 * 10**9).max_file_bytes == 250_000_000
    assert RetentionLimits(max_bytes=10**12).max_file_bytes == MAX_WAV_BYTES
    assert RetentionLimits(max_bytes=1000).max_file_bytes == 1_000_000


# What is ours.


@given(st.integers(0, 10**15), st.booleans(), st.integers(0, 30))
def test_the_names_of_the_whole_sound_are_known(first_sample: int, continues: bool, source: int) -> None:
    name = sound_name(first_sample, continues=continues)
    assert first_sample_of(name) == first_sample
    assert is_sound_folder(sound_folder(source))
    sounds = SESSION.folder(sound_folder(source))
    assert sounds is not None
    assert sounds.owns_file(name)
    assert sounds.owns_file(f".{name}.123.part")
    assert not sounds.owns_file(f"{name}.bak")


def test_all_that_a_session_writes_is_known_as_ours(tmp_path: Path) -> None:
    path = record(tmp_path, OLD)
    clip = min(path.glob("clips/*/*"))
    clip.with_name(f".{clip.name}.77.part").write_bytes(b"RI")
    scanner = Scanner()
    scanner.begin_pass(time.time())
    with opened_folder(tmp_path) as recordings:
        found = scanner.scan(OLD, recordings)
    assert found is not None
    assert (found.total.num_foreign, found.named, found.has_summary) == (0, OLD, True)
    assert found.total.num_bytes == size(path)
    assert found.total.num_files == sum(file.is_file() for file in path.rglob("*")) == 9


def test_what_is_not_ours_is_left_as_it_was(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "recordings", tmp_path / "elsewhere"
    record(out, OLD, days_ago=30).rename(out / "interview")
    shutil.copytree(out / "interview", elsewhere / NEW)
    (out / NEW).symlink_to(elsewhere / NEW)
    (out / MIDDLE).mkdir()
    (out / "20261101T000000Z-0000").write_text("a file")
    (out / "20261102T000000Z-0000").mkdir()
    (out / "20261102T000000Z-0000" / "session.json").symlink_to(elsewhere / NEW / "session.json")
    for number, content in enumerate((b"[]", b"{", b'{"session": 1}', b"[" * 100_000, b" " * 1_000_001)):
        folder = out / f"2026110{3 + number}T000000Z-0000"
        folder.mkdir()
        (folder / "session.json").write_bytes(content)
    (out / "README.md").write_text("mine")
    before = tree(tmp_path)
    tidied = tidy(out, RetentionLimits(1.0, 1, "1s"), now=time.time() + 1000 * DAY)
    assert tree(tmp_path) == before
    assert tidied.num_bytes == 0
    assert len(tidied.complaints) == 5
    assert all("was left alone: its session.json does not tell" in line for line in tidied.complaints)
    assert not (out / "removed.log").exists()


def test_strange_files_stay_and_are_named(tmp_path: Path) -> None:
    out, mine = tmp_path / "recordings", tmp_path / "mine.wav"
    mine.write_text("mine")
    path = record(out, OLD)
    (path / "notes.txt").write_text("mine too")
    (path / "sound" / "sound_000000009999.wav").symlink_to(mine)
    (path / "clips" / "2026-11-24T04").symlink_to(tmp_path, target_is_directory=True)
    (path / "sound-2").write_text("no folder")
    os.mkfifo(path / "index.csv.fifo")
    age(path, 8)
    strange = {
        "notes.txt": b"mine too",
        "sound": "folder",
        "sound/sound_000000009999.wav": f"link to {mine}",
        "clips": "folder",
        "clips/2026-11-24T04": f"link to {tmp_path}",
        "sound-2": b"no folder",
        "index.csv.fifo": "something else",
    }
    tidied = tidy(out, WEEK)
    assert tree(path) == strange
    assert mine.read_text() == "mine"
    [line] = tidied.complaints
    stays = f"{path} stays, with what is not callmood's: "
    assert line.startswith(stays)
    assert line.endswith(" and 2 more")
    named = line.removeprefix(stays).removesuffix(" and 2 more").split(", ")
    assert len(named) == 3
    assert set(named) < strange.keys() - {"sound", "clips"}
    assert removed(out)[0]["whole"] is True
    assert tidy(out, WEEK).complaints == []


def test_three_foreign_entries_are_named_and_the_others_counted() -> None:
    inner, outer = FolderContents(), FolderContents()
    for number in range(5):
        inner.count_foreign(f"sound/{number}")
    for name in ("a", "b"):
        outer.count_foreign(name)
    outer.add(inner)
    assert (inner.num_foreign, inner.foreign) == (5, ["sound/0", "sound/1", "sound/2"])
    assert (outer.num_foreign, outer.foreign) == (7, ["a", "b", "sound/0"])


def test_a_session_file_too_large_to_be_ours_is_not_believed(tmp_path: Path) -> None:
    for session, num_bytes in ((OLD, 1_000_000), (NEW, 1_000_001)):
        head = record(tmp_path, session, days_ago=8) / "session.json"
        head.write_bytes(head.read_bytes().ljust(num_bytes))
        age(head.parent, 8)
    [line] = tidy(tmp_path, WEEK).complaints
    assert line.startswith(f"{tmp_path / NEW} was left alone")
    assert sessions(tmp_path) == [NEW]


@pytest.mark.parametrize("content", [b"{", b" " * 1_000_001])
def test_a_session_file_that_cannot_be_read_tells_of_no_end(tmp_path: Path, content: bytes) -> None:
    (record(tmp_path, OLD) / "session.json").write_bytes(content)
    scanner = Scanner()
    scanner.begin_pass(time.time())
    with opened_folder(tmp_path) as recordings:
        found = scanner.scan(OLD, recordings)
    assert found is not None
    assert (found.named, found.has_summary) == (None, False)


# Age and size.


def test_what_is_too_old_goes_whole_and_the_rest_stays(tmp_path: Path) -> None:
    old, new = record(tmp_path, OLD, days_ago=7.1), record(tmp_path, NEW, days_ago=6.9)
    num_bytes, before = size(old), tree(new)
    now = time.time()
    assert tidy(tmp_path, WEEK, now=now) == PruneResult(num_bytes=size(new))
    assert sessions(tmp_path) == [NEW]
    assert tree(new) == before
    [line] = removed(tmp_path)
    assert line == {
        "when": line["when"],
        "session": OLD,
        "bytes": num_bytes,
        "files": 8,
        "whole": True,
        "why": "older than 7d",
    }
    assert line["when"].endswith("+00:00")
    assert not (tmp_path / "removed.log").stat().st_mode & 0o111
    assert tidy(tmp_path, WEEK, now=now + 7 * DAY) == PruneResult(num_bytes=0)
    assert [line["session"] for line in removed(tmp_path)] == [OLD, NEW]


def test_the_oldest_go_until_the_rest_fits(tmp_path: Path) -> None:
    for days_ago, session in ((1, OLD), (3, MIDDLE), (2, NEW)):
        record(tmp_path, session, days_ago=days_ago)
    one = size(tmp_path / OLD)
    assert tidy(tmp_path, RetentionLimits(max_bytes=3 * one)) == PruneResult(num_bytes=3 * one)
    assert tidy(tmp_path, RetentionLimits(max_bytes=3 * one - 1)) == PruneResult(num_bytes=2 * one)
    assert sessions(tmp_path) == [OLD, NEW]
    assert tidy(tmp_path, RetentionLimits(max_bytes=one)) == PruneResult(num_bytes=one)
    assert [line["session"] for line in removed(tmp_path)] == [MIDDLE, NEW]
    assert tidy(tmp_path, RetentionLimits(max_bytes=1)) == PruneResult(num_bytes=0)
    assert sessions(tmp_path) == []


def test_a_clock_that_was_set_back_removes_nothing(tmp_path: Path) -> None:
    record(tmp_path, OLD)
    assert tidy(tmp_path, WEEK, now=0.0).complaints == []
    assert sessions(tmp_path) == [OLD]


def test_no_folder_is_nothing_to_tidy_and_a_file_is_complained_of(tmp_path: Path) -> None:
    assert tidy(tmp_path / "none", WEEK) == PruneResult()
    (tmp_path / "file").write_text("mine")
    assert "file: Not a directory" in tidy(tmp_path / "file", WEEK).complaints[0]
    assert (tmp_path / "file").read_text() == "mine"


# What is being recorded.


def test_what_has_no_summary_stays_for_ten_minutes(tmp_path: Path) -> None:
    path = record(tmp_path, OLD, in_order=False)
    tight, now = (
        RetentionLimits(max_bytes=1),
        max(file.stat().st_mtime for file in path.rglob("*") if file.is_file()),
    )
    assert tidy(tmp_path, tight, now=now + 599.0).num_bytes == size(path)
    assert sessions(tmp_path) == [OLD]
    assert tidy(tmp_path, tight, now=now + 600.0).num_bytes == 0
    assert sessions(tmp_path) == []


def test_what_another_process_records_stays_until_that_is_killed(tmp_path: Path) -> None:
    path = record(tmp_path, OLD, days_ago=30)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_LOCK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        (path / "notes.txt").touch()
        assert tidy(tmp_path, WEEK) == PruneResult(num_bytes=size(path))
        assert sessions(tmp_path) == [OLD]
        (path / "notes.txt").unlink()
        other.kill()
        other.wait(timeout=10)
        assert tidy(tmp_path, WEEK) == PruneResult()
    assert sessions(tmp_path) == []


def test_the_lock_is_let_go_with_the_session(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts(session=OLD))
    lock = SessionLock(folder)
    lock.open(facts(session=OLD))
    folder.close(SUMMARY)
    assert tidy(tmp_path, RetentionLimits(max_bytes=1)).num_bytes > 0
    lock.close(SUMMARY)
    lock.close(None)
    assert tidy(tmp_path, RetentionLimits(max_bytes=1)).num_bytes == 0


def test_a_session_without_a_folder_needs_no_lock(tmp_path: Path) -> None:
    lock = SessionLock(SessionFolder(tmp_path / "none"))
    lock.open(facts())
    lock.close(None)


def test_no_file_of_our_own_session_is_older_than_that_whatever_the_disk_says(tmp_path: Path) -> None:
    recording = Recording(tmp_path, NEW)
    recording.hear(600)
    recording.clip(0)
    recording.end()
    # As a disk dates them whose clock is another: one of a server, or one that ends in 2038.
    age(recording.path, 400)
    before = tree(tmp_path)
    # A minute, for a machine may have been started a moment ago.
    retention = Retention(tmp_path, RetentionLimits(60.0, None, "1m"))
    retention.open(facts(session=NEW))
    retention.close(SUMMARY)
    assert tree(tmp_path) == before
    Pruner(tmp_path, WEEK).run(time.time(), NEW, own_seconds=8 * DAY)
    assert {line["why"] for line in removed(tmp_path)} == {"older than 7d"}


def test_of_our_own_session_only_closed_files_go_and_it_goes_on(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=1)
    recording = Recording(tmp_path, NEW)
    recording.hear(1050)
    for window in range(16):
        recording.clip(window)
    sounds = sorted((recording.path / "sound").iterdir())
    assert len(sounds) == 6
    now = time.time()
    for number, path in enumerate([*sounds[:5], *sorted(recording.path.glob("clips/*/*"))]):
        os.utime(path, (now - 100 + number, now - 100 + number))
    first_clip = min(recording.path.glob("clips/*/*"))
    bound = size(tmp_path / NEW) - 3 * sounds[0].stat().st_size
    tidied = tidy(tmp_path, RetentionLimits(max_bytes=bound), own=NEW)
    assert tidied == PruneResult(num_bytes=bound)
    assert sorted((recording.path / "sound").iterdir()) == sounds[3:]
    assert first_clip.exists()
    assert [(line["session"], line["whole"]) for line in removed(tmp_path)] == [(OLD, True), (NEW, False)]

    left = tidy(tmp_path, RetentionLimits(max_bytes=1), own=NEW).num_bytes
    assert {path.name for path in recording.path.rglob("*") if path.is_file()} == {
        "session.json",
        "index.csv",
        sounds[5].name,
    }
    assert left == size(recording.path)
    recording.hear(400)
    recording.clip(22)
    recording.end()
    assert len(list(recording.path.glob("clips/*/*.wav"))) == 1
    starts = [first_sample_of(path.name) for path in sorted((recording.path / "sound").iterdir())]
    assert starts == [1000, 1200, 1400]


def test_of_our_own_session_what_is_too_old_goes(tmp_path: Path) -> None:
    recording = Recording(tmp_path, NEW)
    recording.hear(600)
    for window in range(3):
        recording.clip(window)
    clips = sorted(recording.path.glob("clips/*/*"))
    then = time.time() - 8 * DAY
    for path in (clips[0], clips[2], recording.path / "session.json"):
        os.utime(path, (then, then))
    assert tidy(tmp_path, WEEK, own=NEW) == PruneResult(num_bytes=size(recording.path))
    assert sorted(recording.path.glob("clips/*/*")) == [clips[1]]
    assert removed(tmp_path)[0]["files"] == 2
    recording.end()


def test_of_our_own_session_what_is_not_ours_stays(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "recordings", record(tmp_path, MIDDLE, days_ago=9)
    mine = tmp_path / "mine.wav"
    mine.write_text("mine")
    recording = Recording(out, NEW)
    recording.hear(600)
    recording.clip(0)
    path = recording.path
    [clip] = path.glob("clips/*/*")
    closed = sorted((path / "sound").iterdir())[:-1]
    (path / "holiday").mkdir()
    for folder in (path / "holiday", path / "sound", clip.parent):
        (folder / "notes.txt").write_text("mine")
    for first_sample in (0, 200):
        (path / "holiday" / sound_name(first_sample, continues=False)).write_text("mine")
    (path / "sound-2").symlink_to(elsewhere / "sound")
    (path / "sound-3").write_text("mine")
    (path / "sound" / sound_name(9999, continues=False)).symlink_to(mine)
    clip.with_name("03-00-00.000_mono_0000009_sad.wav").symlink_to(mine)
    age(path, 8)
    gone = {str(file.relative_to(tmp_path)) for file in (clip, *closed)}
    before = tree(tmp_path)
    assert tidy(out, WEEK, own=NEW).complaints == []
    assert tree(tmp_path) == {name: what for name, what in before.items() if name not in gone}
    assert removed(out)[0]["files"] == len(gone) == 3
    recording.end()


def test_of_our_own_session_the_oldest_hour_goes_first_whatever_it_is_called(tmp_path: Path) -> None:
    recording = Recording(tmp_path, NEW)
    recording.hear(1050)
    for window in range(17):
        recording.clip(window)
    before, after = sorted(recording.path.glob("clips/*"))
    now = time.time()
    for hour, seconds in ((before, 100), (after, 200)):
        for clip in hour.iterdir():
            os.utime(clip, (now - seconds, now - seconds))
    kept = tree(before)
    tidy(tmp_path, RetentionLimits(max_bytes=size(recording.path) - 1), own=NEW)
    assert len(removed(tmp_path)) == 1
    assert removed(tmp_path)[0]["files"] == 1
    assert tree(before) == kept
    recording.end()


def test_the_newest_file_of_each_source_stays(tmp_path: Path) -> None:
    two = facts(session=NEW, legs=(LegPlan("me"), LegPlan("them")))
    recording = SessionAudio(SessionFolder(tmp_path), max_file_bytes=44 + 2 * 200)
    recording.open(two)
    for folder in ("sound", "sound-2"):
        (tmp_path / NEW / folder).mkdir()
        for first in (0, 200, 400):
            (tmp_path / NEW / folder / sound_name(first, continues=first > 0)).write_bytes(b"x" * 100)
    tidy(tmp_path, RetentionLimits(max_bytes=1), own=NEW)
    assert [path.name for path in sorted((tmp_path / NEW).glob("sound*/*"))] == [
        sound_name(400, continues=True)
    ] * 2


# Interrupted, hindered, in company.


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


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of someone whom rights hold back, as they do not hold root back."""
    with tempfile.TemporaryDirectory() as name:
        place, was = Path(name), os.geteuid()
        if not was:
            os.chown(place, 65_534, 65_534)
            os.seteuid(65_534)
        try:
            yield place
        finally:
            os.seteuid(was)
            for folder in place.rglob("*/"):
                folder.chmod(0o755)


def test_what_cannot_be_removed_is_told_and_the_next_one_goes(nobody: Path) -> None:
    locked, closed = record(nobody, OLD, days_ago=30), record(nobody, MIDDLE, days_ago=20)
    record(nobody, NEW, days_ago=10)
    (locked / "sound").chmod(0o555)
    closed.chmod(0o000)
    tidied = tidy(nobody, WEEK)
    assert sessions(nobody) == [OLD, MIDDLE]
    assert (locked / "session.json").exists()
    assert sorted(tidied.complaints) == [
        f"cannot tidy {locked}: Permission denied; check its rights",
        f"cannot tidy {closed}: Permission denied; check its rights",
    ]


def test_what_cannot_be_removed_of_our_own_session_is_told(nobody: Path) -> None:
    path = record(nobody, NEW, days_ago=30)
    (path / "sound").chmod(0o555)
    tidied = tidy(nobody, WEEK, own=NEW)
    assert tidied.complaints == [f"cannot tidy {path}: Permission denied; check its rights"]
    assert len(list(path.glob("sound/*"))) == 3


def test_a_log_that_cannot_be_written_keeps_nothing_from_going(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "removed.log").symlink_to(tmp_path / "mine")
    [line] = tidy(tmp_path, WEEK).complaints
    assert "removed.log" in line
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / OLD).exists()


def test_one_process_tidies_at_a_time(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    with opened_folder(tmp_path) as recordings:
        assert lock_folder(recordings) == "ours"
        assert not tidy(tmp_path, WEEK).is_done
        assert sessions(tmp_path) == [OLD]
    assert tidy(tmp_path, WEEK).is_done
    assert sessions(tmp_path) == []


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
            log_removed(folder, 1e9, Removed(number, 1), "forgotten", session=OLD, whole=True)
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
        log_removed(folder, 1e9, Removed(1, 1), "forgotten", session=OLD, whole=True)
        with pytest.raises(OSError, match="symbolic links"):
            log_removed(folder, 1e9, Removed(2, 1), "forgotten", session=OLD, whole=True)
    assert mine.read_text() == "mine"
    assert [line["files"] for line in removed(out)] == [1, 2]


def test_an_hour_that_has_not_changed_is_remembered_and_one_that_has_is_not(tmp_path: Path) -> None:
    path = record(tmp_path, OLD, days_ago=1)
    scanner, hour = Scanner(), min(path.glob("clips/*"))

    def num_bytes() -> int:
        scanner.begin_pass(time.time())
        with opened_folder(tmp_path) as recordings:
            found = scanner.scan(OLD, recordings)
        assert found is not None
        return found.total.num_bytes

    before = num_bytes()
    stamp = hour.stat().st_mtime_ns
    clip = min(hour.iterdir())
    one = clip.stat().st_size
    clip.unlink()
    assert num_bytes() == before - one
    os.utime(hour, ns=(stamp, stamp))
    assert num_bytes() == before - one
    min(hour.iterdir()).unlink()
    os.utime(hour, ns=(stamp, stamp))
    assert num_bytes() == before - one  # Remembered: only a stamp that was put back deceives us.
    min(hour.iterdir()).unlink()
    assert num_bytes() == size(path)


def test_an_hour_that_changed_a_moment_ago_is_looked_through_again(tmp_path: Path) -> None:
    hour = min(record(tmp_path, OLD).glob("clips/*"))
    scanner, stamp = Scanner(), 1e9

    def num_files(now: float) -> int:
        os.utime(hour, (stamp, stamp))
        scanner.begin_pass(now)
        with opened_folder(tmp_path) as recordings:
            found = scanner.scan(OLD, recordings)
        assert found is not None
        min(hour.iterdir()).unlink()
        return found.total.num_files

    assert [num_files(stamp + 5.0), num_files(stamp + 5.1), num_files(stamp + 9.0)] == [8, 7, 7]


def test_what_is_remembered_of_one_hour_is_not_taken_for_another(tmp_path: Path) -> None:
    for session in (OLD, NEW):
        record(tmp_path, session, days_ago=1)
    hours = [min((tmp_path / session).glob("clips/*")) for session in (OLD, NEW)]
    min(hours[1].iterdir()).unlink()
    scanner = Scanner()
    for _ in range(3):
        for hour in hours:
            os.utime(hour, (1e9, 1e9))
        scanner.begin_pass(time.time())
        with opened_folder(tmp_path) as recordings:
            found = [scanner.scan(session, recordings) for session in (OLD, NEW)]
        assert [each and each.total.num_bytes for each in found] == [
            size(tmp_path / OLD),
            size(tmp_path / NEW),
        ]


def test_a_session_file_that_was_exchanged_is_read_again(tmp_path: Path) -> None:
    folder, scanner = SessionFolder(tmp_path), Scanner()
    folder.open(facts(session=OLD))

    def has_summary() -> bool:
        scanner.begin_pass(time.time())
        with opened_folder(tmp_path) as recordings:
            found = scanner.scan(OLD, recordings)
        assert found is not None
        return found.has_summary

    assert [has_summary(), has_summary()] == [False, False]
    folder.close(SUMMARY)
    assert [has_summary(), has_summary()] == [True, True]


# The sink.


def test_a_session_tidies_when_it_begins_meanwhile_and_when_it_ends(tmp_path: Path) -> None:
    path = record(tmp_path, OLD, days_ago=8)
    (path / "notes.txt").write_text("mine")
    strange = tmp_path / "20261101T000000Z-0000"
    strange.mkdir()
    (strange / "session.json").write_text("{}")
    news = threading.Condition()
    moment, num_asked = time.time(), 0

    def clock() -> float:
        nonlocal num_asked
        with news:
            num_asked += 1
            news.notify()
            return moment

    def wait_for_a_pass() -> None:
        """Wait until a pass that begins from now on has ended: the next one asks for the time then."""
        with news:
            wanted = num_asked + 2
            assert news.wait_for(lambda: num_asked >= wanted, 10)

    retention = Retention(tmp_path, WEEK, every_seconds=0.01, clock=clock)
    retention.open(facts(session=NEW))
    wait_for_a_pass()
    assert [line["session"] for line in removed(tmp_path)] == [OLD]
    record(tmp_path, MIDDLE)
    moment += 8 * DAY
    wait_for_a_pass()
    assert not (tmp_path / MIDDLE).exists()
    retention.close(SUMMARY)
    retention.close(None)
    assert sorted(retention.complaints) == [
        f"{strange} was left alone: its session.json does not tell of this session",
        f"{path} stays, with what is not callmood's: notes.txt",
    ]
    assert not [thread for thread in threading.enumerate() if thread.name == "callmood-retention"]


def test_a_minute_of_the_stream_is_a_minute_however_fast_it_comes(tmp_path: Path) -> None:
    news = threading.Semaphore(0)
    moment = time.time()

    def clock() -> float:
        news.release()
        return moment

    retention = Retention(tmp_path, WEEK, every_seconds=60.0, clock=clock)
    retention.open(facts(session=NEW))
    assert news.acquire(timeout=10), "the first pass"
    for minute in range(1, 4):
        for second in range(60 * minute - 60, 60 * minute):
            retention.handle(replace(speech_row(), end=float(second)))
        assert not news.acquire(timeout=0.05), "a pass before its time"
        retention.handle(replace(speech_row(), end=60.0 * minute))
        assert news.acquire(timeout=10), "a pass when it is time"
    retention.close(None)


def test_the_end_says_where_the_bound_does_not_hold(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=1)
    recording = Recording(tmp_path, NEW)
    recording.hear(1000)
    retention = Retention(tmp_path, RetentionLimits(max_bytes=1000), every_seconds=1000.0)
    retention.open(facts(session=NEW))
    retention.close(SUMMARY)
    assert sessions(tmp_path) == [NEW]
    assert len(list((recording.path / "sound").iterdir())) == 1
    [line] = retention.complaints
    assert line.startswith(f"{tmp_path} holds ")
    assert "more than 1 kB: what is left is being recorded" in line
    recording.end()


def test_the_end_is_silent_where_the_bound_just_holds(tmp_path: Path) -> None:
    retention = Retention(tmp_path, RetentionLimits(max_bytes=size(record(tmp_path, OLD, days_ago=1))))
    retention.open(facts(session=NEW))
    retention.close(SUMMARY)
    assert sessions(tmp_path) == [OLD]
    assert retention.complaints == ()


def test_a_session_that_was_not_opened_has_nothing_to_wait_for(tmp_path: Path) -> None:
    retention = Retention(tmp_path, WEEK, close_seconds=1000.0)
    retention.handle(speech_row())
    retention.close(None)
    assert retention.complaints == ()


def test_a_disk_that_hangs_holds_neither_the_end_nor_the_program(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    hangs, goes_on = threading.Event(), threading.Event()

    def clock() -> float:
        hangs.set()
        goes_on.wait(20)
        return time.time()

    retention = Retention(tmp_path, WEEK, close_seconds=0.05, clock=clock)
    retention.open(facts(session=NEW))
    assert hangs.wait(10)
    [thread] = [each for each in threading.enumerate() if each.name == "callmood-retention"]
    assert thread.daemon
    retention.close(SUMMARY)
    assert thread.is_alive()
    goes_on.set()
    thread.join(10)
    assert sessions(tmp_path) == [OLD], "what nobody waits for is left to the next session"


def test_where_another_process_tidies_it_is_tried_again_soon(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    news = threading.Semaphore(0)

    def clock() -> float:
        news.release()
        return time.time()

    retention = Retention(tmp_path, WEEK, every_seconds=1000.0, clock=clock)
    with opened_folder(tmp_path) as recordings:
        assert lock_folder(recordings) == "ours"
        retention.open(facts(session=NEW))
        for _ in range(2):
            assert news.acquire(timeout=10)
    retention.close(None)


def test_a_clock_set_forward_while_it_runs_makes_nothing_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, OLD, days_ago=1)
    right, ahead, looks = time.clock_gettime, 0.0, threading.Semaphore(0)

    def clock_gettime(clock: int) -> float:
        if clock == time.CLOCK_REALTIME:
            looks.release()
            return right(clock) + ahead
        return right(clock)

    monkeypatch.setattr(time, "clock_gettime", clock_gettime)
    retention = Retention(tmp_path, WEEK, every_seconds=0.01)
    retention.open(facts(session=NEW))
    for _ in range(3):
        assert looks.acquire(timeout=10)
    ahead = 365 * DAY
    for _ in range(10):
        assert looks.acquire(timeout=10)
    retention.close(SUMMARY)
    assert sessions(tmp_path) == [OLD]
    assert retention.complaints == ()


def test_a_session_that_never_began_does_not_wait_for_a_last_pass(tmp_path: Path) -> None:
    passes: list[float] = []
    first = threading.Event()

    def clock() -> float:
        passes.append(time.time())
        first.set()
        return passes[-1]

    retention = Retention(tmp_path, WEEK, every_seconds=1000.0, clock=clock)
    retention.open(facts())
    assert first.wait(10)
    retention.close(None)
    assert len(passes) == 1


def test_what_nobody_thought_of_becomes_a_complaint(tmp_path: Path) -> None:
    def clock() -> float:
        raise ZeroDivisionError

    retention = Retention(tmp_path, WEEK, clock=clock)
    retention.open(facts())
    retention.close(SUMMARY)
    assert retention.complaints == ("recordings are tidied no more: ZeroDivisionError()",)
    assert json.dumps(retention.complaints)


# Disks and file systems that refuse.


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    with opened_folder(tmp_path) as folder:
        log_removed(folder, 1e9, Removed(1, 1), "forgotten", session=OLD, whole=True)
        before = (tmp_path / "removed.log").read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
        try:
            with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device: 'removed\.log'$"):
                log_removed(folder, 1e9, Removed(2, 2), "forgotten", session=OLD, whole=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "removed.log").read_bytes() == before


def test_a_pipe_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "removed.log")
    with (
        opened_folder(tmp_path) as folder,
        pytest.raises(OSError, match=r"^\[Errno 22\] it is no regular file: 'removed\.log'$"),
    ):
        log_removed(folder, 1e9, Removed(1, 1), "forgotten", session=OLD, whole=True)


def test_where_there_are_no_locks_the_ten_minutes_count(tmp_path: Path) -> None:
    path = record(tmp_path, OLD, in_order=False)
    held = find_forgettable(OLD, tmp_path, VoiceFolder(tmp_path / "voices"))
    assert isinstance(held, ForgettableSession)
    lockless = os.open(path, os.O_PATH)  # As a descriptor of a file system that knows no locks.
    try:
        assert lock_folder(lockless) == "unknown"
        with pytest.raises(OutputError, match="is being recorded"):
            held.refuse_recorded(lockless, time.time())
        held.refuse_recorded(lockless, held.session.total.newest + 600.0)
    finally:
        os.close(lockless)


def test_where_there_are_no_locks_a_summary_says_that_a_session_is_over(tmp_path: Path) -> None:
    path = record(tmp_path, OLD)
    held = find_forgettable(OLD, tmp_path, VoiceFolder(tmp_path / "voices"))
    assert isinstance(held, ForgettableSession)
    lockless = os.open(path, os.O_PATH)
    try:
        held.refuse_recorded(lockless, time.time())
    finally:
        os.close(lockless)


def test_who_only_looks_whether_it_is_recorded_is_waited_for(tmp_path: Path) -> None:
    path = record(tmp_path, OLD)
    with ThreadPoolExecutor(1) as pool, locked_folder(path, shared=True) as looked:
        assert looked == "ours"
        found = pool.submit(find_forgettable, OLD, tmp_path, VoiceFolder(tmp_path / "voices"))
        assert not wait([found], timeout=0.05).done
    assert found.result(timeout=10).lines[0].startswith(f"session {OLD}: ")


def test_what_cannot_be_forgotten_is_told(nobody: Path) -> None:
    path = record(nobody, OLD)
    found = find_forgettable(OLD, nobody, VoiceFolder(nobody / "voices"))
    (path / "sound").chmod(0o555)
    with pytest.raises(OutputError, match=f"cannot remove {path}: Permission denied; check its rights"):
        found.forget(time.time())
    assert (path / "session.json").exists()
    (path / "sound").chmod(0o755)
    found.forget(time.time())
    assert not path.exists()
    assert found.forget(time.time())[0] == f"removed session {OLD}: 0 files, 0 B"  # Somebody was faster.


def test_what_was_forgotten_in_part_is_logged_so(nobody: Path) -> None:
    path = record(nobody, OLD)
    found = find_forgettable(OLD, nobody, VoiceFolder(nobody / "voices"))
    (path / "index.csv").unlink()
    path.chmod(0o555)  # Its folders can be emptied, and not be removed.
    with pytest.raises(OutputError, match=f"cannot remove {path}: Permission denied"):
        found.forget(time.time())
    [line] = removed(nobody)
    assert (line["whole"], line["files"]) == (False, 3)


def test_a_voice_that_cannot_be_forgotten_is_told(nobody: Path) -> None:
    (nobody / "anna.json").write_text("{}")
    found = find_forgettable("anna", nobody / "none", VoiceFolder(nobody))
    nobody.chmod(0o555)
    with pytest.raises(OutputError, match=r"cannot remove .*anna\.json: Permission denied"):
        found.forget(time.time())
    nobody.chmod(0o755)
    found.forget(time.time())
    assert not (nobody / "anna.json").exists()


def test_forgetting_waits_for_who_is_tidying_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, OLD)
    (tmp_path / "anna.json").write_text("{}")
    session, voice = (find_forgettable(name, tmp_path, VoiceFolder(tmp_path)) for name in (OLD, "anna"))
    words = rf"another callmood has been tidying {tmp_path} for 0\.1 s; try again"
    with ThreadPoolExecutor(1) as pool, opened_folder(tmp_path) as recordings:
        assert lock_folder(recordings) == "ours"
        with monkeypatch.context() as impatient:
            impatient.setattr(forgetting, "PATIENCE_SECONDS", 0.1)
            for found in (session, voice):
                with pytest.raises(OutputError, match=words):
                    found.forget(time.time())
        forgotten = pool.submit(session.forget, time.time())
        assert not wait([forgotten], timeout=0.1).done
        fcntl.flock(recordings, fcntl.LOCK_UN)
        assert forgotten.result(timeout=10)
    assert sessions(tmp_path) == ["anna.json"]


def test_the_last_pass_is_not_left_out(tmp_path: Path) -> None:
    first, moment = threading.Event(), time.time()

    def clock() -> float:
        first.set()
        return moment

    retention = Retention(tmp_path, WEEK, every_seconds=1000.0, clock=clock)
    retention.open(facts(session=NEW))
    assert first.wait(10)
    record(tmp_path, OLD)
    moment += 8 * DAY
    retention.close(SUMMARY)
    assert sessions(tmp_path) == []
