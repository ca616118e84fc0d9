"""What is found in a folder of recordings: formats of old, and sessions that nobody ended."""

import errno
import fcntl
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emotion.folder_lock import locked_folder
from streamer.leg_plan import LegPlan
from streamer.recorder.recorded_sessions import RecordedSession, recorded_sessions
from streamer.recorder.session_folder import SessionFolder
from streamer.recorder.session_sound import SessionSound
from streamer.retention.folder_lock import SessionLock
from tests.session_material import SUMMARY, blocks, facts, sound

HEADER = "start,end,state,emotion,probability,level_dbfs,leg,window,file\n"


def session(out_dir: Path, source: dict[str, Any], num_bytes: int = 0) -> RecordedSession:
    """Look at a session as format 1 wrote it, which had one source; with a file of sound so large."""
    folder = out_dir / "a"
    (folder / "sound").mkdir(parents=True)
    (folder / "session.json").write_text(
        json.dumps({"started": "2026-11-23T03:59:59+01:00", "source": source}), encoding="utf-8"
    )
    if num_bytes:
        (folder / "sound" / "sound_000000000100.wav").write_bytes(bytes(num_bytes))
    (found,) = recorded_sessions(out_dir)
    return found


@pytest.mark.parametrize(
    ("sample_format", "num_bytes"), [("PCM_16", 44 + 2 * 2 * 300), ("FLOAT", 58 + 2 * 4 * 300)]
)
def test_a_session_of_format_1_had_all_channels_of_one_source(
    tmp_path: Path, sample_format: str, num_bytes: int
) -> None:
    source = {"sample_rate": 200, "channels": 2, "sample_format": sample_format}
    found = session(tmp_path, source, num_bytes)
    assert (found.seconds, found.note) == (2.0, "did not end in order, or runs on another computer")


@pytest.mark.parametrize(
    "odd", [{"sample_rate": 0}, {"channels": 0}, {"sample_format": "PCM_24"}, {"sample_rate": -8000}]
)
def test_a_format_that_cannot_be_is_damage(tmp_path: Path, odd: dict[str, Any]) -> None:
    source = {"sample_rate": 200, "channels": 2, "sample_format": "PCM_16"} | odd
    found = session(tmp_path, source, 1244)
    assert (found.seconds, found.note) == (None, "session.json is damaged")


def test_a_killed_session_is_as_long_as_the_channels_that_were_kept(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    keeper = SessionSound(folder)
    legs = (LegPlan("agent", channel=0, analysed=False), LegPlan("customer", channel=1))
    keeper.open(facts(channels=2, legs=legs))
    for block in blocks(sound(1500), []):
        keeper.take_block(block)
    keeper.close(None)
    (found,) = recorded_sessions(tmp_path)
    assert (found.seconds, found.whole_sound) == (1.5, True)


def test_a_killed_session_of_which_only_the_second_source_was_kept(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    keeper = SessionSound(folder)
    legs = (LegPlan("me", source=0, analysed=False), LegPlan("them", source=1))
    one = facts(legs=legs)
    keeper.open(replace(one, sources=(one.sources[0], one.sources[0])))
    for block in blocks(sound(1500), []):
        keeper.take_block(block, 1)
    keeper.close(None)
    (found,) = recorded_sessions(tmp_path)
    assert (found.seconds, found.whole_sound) == (1.5, True)


def test_a_session_that_may_keep_nothing_is_whole_all_the_same(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts(legs=(LegPlan("agent", channel=0, analysed=False),)))
    folder.close(replace(SUMMARY, seconds=7.5))
    (found,) = recorded_sessions(tmp_path)
    assert (found.seconds, found.whole_sound, found.note) == (7.5, False, None)


@pytest.mark.parametrize("more", range(3))
def test_the_last_clip_is_found_however_long_the_index_and_the_names(tmp_path: Path, more: int) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    # Three bytes a letter: of three lengths at least one lets the part that is read begin amid a letter.
    lines = [f"{k / 2},{k / 2 + 2},speech,sad,0.5,-20.0,{'客' * 40},{k},x{'x' * more}\n" for k in range(100)]
    (folder.path / "index.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    assert recorded_sessions(tmp_path)[0].seconds == 51.5


def a_session_that_runs(out_dir: Path) -> tuple[SessionFolder, SessionLock]:
    folder = SessionFolder(out_dir)
    folder.open(facts())
    lock = SessionLock(folder)
    lock.open(facts())
    return folder, lock


def note(out_dir: Path) -> str | None:
    return recorded_sessions(out_dir)[0].note


def test_a_session_runs_for_as_long_as_its_lock_is_held(tmp_path: Path) -> None:
    folder, lock = a_session_that_runs(tmp_path)
    assert note(tmp_path) == "running"
    path = folder.path / "session.json"
    os.utime(path, (1e9, 1e9))
    assert note(tmp_path) == "running", "however long nothing was kept"
    lock.close(None)
    assert note(tmp_path) == "did not end in order"
    os.utime(path)
    assert note(tmp_path) == "did not end in order, or runs on another computer"
    folder.close(SUMMARY)
    assert note(tmp_path) is None


def test_where_there_are_no_locks_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    a_session_that_runs(tmp_path)
    assert note(tmp_path) == "running or did not end in order: no locks here"


def test_a_session_gets_its_lock_from_whoever_only_looks(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    lock = SessionLock(folder)
    begins = threading.Thread(target=lock.open, args=(facts(),))
    with locked_folder(folder.path, shared=True) as looked:
        assert looked == "ours"
        assert note(tmp_path) != "running", "another look is no session"
        begins.start()
        begins.join(timeout=0.05)
    begins.join(timeout=10)
    assert note(tmp_path) == "running"
    lock.close(None)
