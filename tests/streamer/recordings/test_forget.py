"""What is removed on request: refused where it is being recorded, and told where it cannot be done."""

import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from emotion.atomic_files import lock_folder, locked_folder
from emotion.errors import OutputError
from streamer.recordings import forget as forgetting
from streamer.recordings.forget import ForgettableSession, find_forgettable
from streamer.recordings.scan import opened_folder
from streamer.voices import VoiceFolder
from tests.recorded_material import OLD, record, removed, sessions


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
