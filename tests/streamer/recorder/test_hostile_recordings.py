"""A folder of recordings that a stranger has touched is listed, and its sessions told of, or refused."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.errors import CallmoodError
from streamer.lines.duration_text import duration_text
from streamer.recorder.recorded_sessions import recorded_sessions
from streamer.retention.finding import find_forgettable
from streamer.voices.voice_folder import VoiceFolder
from tests.spoiling import fuzzed, little_memory, spoiled, spoiled_values

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
