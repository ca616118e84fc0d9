"""Recordings are held to their limits: whole sessions go, the oldest first, and nothing that is not ours."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from emotion.atomic_files import lock_folder
from streamer.leg_plan import LegPlan
from streamer.recordings.retention import PruneResult, RetentionLimits
from streamer.recordings.scan import opened_folder
from streamer.recordings.session_audio import SessionAudio, first_sample_of, sound_name
from streamer.recordings.session_folder import SessionFolder, SessionLock
from tests.recorded_material import (
    DAY,
    MIDDLE,
    NEW,
    OLD,
    WEEK,
    Recording,
    age,
    record,
    removed,
    sessions,
    size,
    tidy,
    tree,
)
from tests.session_material import SUMMARY, facts

HOLDS_THE_LOCK = """
import sys
from pathlib import Path
from streamer.recordings.session_folder import SessionFolder, SessionLock
folder = SessionFolder(Path(sys.argv[1]).parent)
folder.path = Path(sys.argv[1])
lock = SessionLock(folder)
lock.open(None)
print("locked", flush=True)
sys.stdin.read()
"""


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


def test_a_session_file_too_large_to_be_ours_is_not_believed(tmp_path: Path) -> None:
    for session, num_bytes in ((OLD, 1_000_000), (NEW, 1_000_001)):
        head = record(tmp_path, session, days_ago=8) / "session.json"
        head.write_bytes(head.read_bytes().ljust(num_bytes))
        age(head.parent, 8)
    [line] = tidy(tmp_path, WEEK).complaints
    assert line.startswith(f"{tmp_path / NEW} was left alone")
    assert sessions(tmp_path) == [NEW]


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


def test_one_process_tidies_at_a_time(tmp_path: Path) -> None:
    record(tmp_path, OLD, days_ago=8)
    with opened_folder(tmp_path) as recordings:
        assert lock_folder(recordings) == "ours"
        assert not tidy(tmp_path, WEEK).is_done
        assert sessions(tmp_path) == [OLD]
    assert tidy(tmp_path, WEEK).is_done
    assert sessions(tmp_path) == []
