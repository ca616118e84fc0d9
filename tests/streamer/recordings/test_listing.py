"""Listing a folder of recordings: old formats, sessions that were killed, files that others changed."""

import errno
import fcntl
import json
import os
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.atomic_files import locked_folder
from emotion.errors import CallmoodError
from streamer.events import Sound
from streamer.leg_plan import LegPlan
from streamer.recordings.forget import find_forgettable
from streamer.recordings.listing import RecordedSession, recorded_sessions
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder, SessionLock
from streamer.sinks.text import duration_text
from streamer.voices import VoiceFolder
from tests.recorded_material import MIDDLE, NEW, OLD, record
from tests.session_material import SUMMARY, blocks, facts, sound
from tests.spoiling import fuzzed, little_memory, spoiled, spoiled_values

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


def test_a_session_that_cannot_be_read_is_listed_with_the_others(nobody: Path) -> None:
    paths = [record(nobody, name) for name in (OLD, MIDDLE, NEW)]
    (paths[0] / "clips").chmod(0o000)
    (paths[1] / "session.json").chmod(0o000)
    found = recorded_sessions(nobody)
    assert [(each.session, each.note) for each in found] == [
        (OLD, "cannot be read: Permission denied"),
        (MIDDLE, "cannot be read: Permission denied"),
        (NEW, None),
    ]
    assert found[2].seconds == SUMMARY.seconds


def test_sessions_that_are_removed_meanwhile_are_left_out(tmp_path: Path) -> None:
    record(tmp_path, NEW)
    doomed = record(tmp_path, OLD)
    parked, stop = tmp_path / "parked", threading.Event()
    parked.mkdir()

    def come_and_go() -> None:
        while not stop.is_set():
            doomed.rename(parked / OLD)
            (parked / OLD).rename(doomed)

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(100):
            assert recorded_sessions(tmp_path)[-1].session == NEW
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "odd", [{"sample_rate": 0}, {"channels": 0}, {"sample_format": "PCM_24"}, {"sample_rate": -8000}]
)
def test_a_format_that_cannot_be_is_damage(tmp_path: Path, odd: dict[str, Any]) -> None:
    source = {"sample_rate": 200, "channels": 2, "sample_format": "PCM_16"} | odd
    found = session(tmp_path, source, 1244)
    assert (found.seconds, found.note) == (None, "session.json is damaged")


def test_a_killed_session_is_as_long_as_the_channels_that_were_kept(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    keeper = SessionAudio(folder)
    legs = (LegPlan("agent", channel=0, analysed=False), LegPlan("customer", channel=1))
    keeper.open(facts(channels=2, legs=legs))
    for block in blocks(sound(1500), []):
        keeper.handle(Sound(block))
    keeper.close(None)
    (found,) = recorded_sessions(tmp_path)
    assert (found.seconds, found.whole_sound) == (1.5, True)


def test_a_killed_session_of_which_only_the_second_source_was_kept(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    keeper = SessionAudio(folder)
    legs = (LegPlan("me", source=0, analysed=False), LegPlan("them", source=1))
    one = facts(legs=legs)
    keeper.open(replace(one, sources=(one.sources[0], one.sources[0])))
    for block in blocks(sound(1500), []):
        keeper.handle(Sound(block, 1))
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


SESSION = "20261123T141530Z-3fa9"
SOURCE = {"sample_rate": 16_000, "channels": 1, "kept_channels": [0], "sample_format": "PCM_16"}
HEAD: dict[str, Any] = {
    "session": SESSION,
    "started": "2026-11-23T14:15:30.000+00:00",
    "sources": [SOURCE],
    "summary": {"seconds": 12.5},
}
KILLED = {key: HEAD[key] for key in ("session", "sources", "started")}
INDEX = b"start,end,file\r\n0.0,2.0,clips/a.wav\r\n"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    (folder / SESSION / "sound").mkdir(parents=True)
    (folder / SESSION / "sound" / "sound_000000480000.wav").write_bytes(bytes(100))
    return folder


def _look(recordings: Path) -> None:
    with little_memory():
        for session in recorded_sessions(recordings):
            assert session.session == SESSION
            assert session.seconds is None or duration_text(session.seconds).isascii()
            assert session.started is None or session.started.isprintable()
        with suppress(CallmoodError):
            found = find_forgettable(SESSION[:8], recordings, VoiceFolder(recordings / "voices"))
            assert all(line.isprintable() for line in found.lines)


@fuzzed(60)
@given(head=spoiled_values(HEAD) | spoiled_values(KILLED))
def test_spoiled_fields(recordings: Path, head: dict[str, Any]) -> None:
    (recordings / SESSION / "session.json").write_text(json.dumps(head), encoding="utf-8")
    _look(recordings)


@fuzzed(60)
@given(head=spoiled([json.dumps(HEAD).encode()]), index=spoiled([INDEX]) | st.binary(max_size=60))
def test_spoiled_bytes(recordings: Path, head: bytes, index: bytes) -> None:
    (recordings / SESSION / "session.json").write_bytes(head)
    (recordings / SESSION / "index.csv").write_bytes(index)
    _look(recordings)


def _only(tmp_path: Path, head: dict[str, Any]) -> Path:
    folder = tmp_path / SESSION
    (folder / "sound").mkdir(parents=True)
    (folder / "session.json").write_text(json.dumps(head), encoding="utf-8")
    return folder


@pytest.mark.parametrize("seconds", [1e308, 10**300])
def test_a_length_that_cannot_be_is_no_length(tmp_path: Path, seconds: float) -> None:
    _only(tmp_path, HEAD | {"summary": {"seconds": seconds}})
    (session,) = recorded_sessions(tmp_path)
    assert (session.seconds, session.note) == (None, "session.json is damaged")


def test_an_index_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(_only(tmp_path, {"session": SESSION}) / "index.csv")
    (session,) = recorded_sessions(tmp_path)
    assert session.seconds is None


def test_a_sound_that_is_a_link_to_nowhere_has_no_length(tmp_path: Path) -> None:
    (_only(tmp_path, KILLED) / "sound" / "sound_000000000000.wav").symlink_to("nowhere")
    (session,) = recorded_sessions(tmp_path)
    assert session.seconds is None


def test_a_sound_s_name_of_hundreds_of_digits_is_none_of_ours(tmp_path: Path) -> None:
    (_only(tmp_path, KILLED) / "sound" / f"sound_{'9' * 240}.wav").touch()
    (session,) = recorded_sessions(tmp_path)
    assert (session.seconds, session.whole_sound) == (None, False)
