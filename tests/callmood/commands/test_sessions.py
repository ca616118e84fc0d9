"""`callmood sessions`: what there is, as people and as programs read it."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from callmood.commands import sessions
from emotion.errors import OutputError
from streamer.events import Sound
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder
from tests.command import callmood
from tests.fed import Fed
from tests.session_material import SUMMARY, blocks, facts, silent_row, sound, speech_row


def run(capsys: pytest.CaptureFixture[str], out_dir: Path, *more: str) -> str:
    parser = argparse.ArgumentParser()
    sessions.configure(parser)
    assert sessions.run(parser.parse_args(["--out", str(out_dir), *more])) == 0
    return capsys.readouterr().out


def record(out_dir: Path, session: str, *, whole: bool, ended: bool = True) -> Path:
    folder = SessionFolder(out_dir)
    sinks = [ClipRecorder(folder, ClipRule.parse("all")), *([SessionAudio(folder)] if whole else [])]
    rows = [speech_row(0), silent_row(1), speech_row(2, emotion="sad"), speech_row(3)]
    for sink in sinks:
        sink.open(facts(session=session))
        for block in blocks(sound(1500), [1000]):
            sink.handle(Sound(block))
        for row in rows:
            sink.handle(row)
        sink.close(SUMMARY if ended else None)
    return folder.path


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_json_has_a_session_with_all_that_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = record(tmp_path, "20261124T000000Z-0000", whole=False)
    first = record(tmp_path, "20261123T025959Z-0abc", whole=True)
    found = json.loads(run(capsys, tmp_path, "--json"))
    assert [session["session"] for session in found] == [first.name, second.name]
    assert found[0] == {
        "session": first.name,
        "started": json.loads((first / "session.json").read_bytes())["started"],
        "seconds": 63.5,
        "clips": {"angry": 2, "sad": 1, "silence": 1},
        "whole_sound": True,
        "num_bytes": size(first),
        "note": None,
    }
    assert found[1]["whole_sound"] is False


def test_the_table_has_a_line_a_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, "20261123T025959Z-0abc", whole=True)
    record(tmp_path, "20261124T000000Z-0000", whole=False, ended=False)
    head, first, second = run(capsys, tmp_path).splitlines()
    assert head.split() == ["session", "started", "length", "size", "sound", "clips"]
    assert "0:01:03.5" in first
    assert first.endswith("whole  angry 2, sad 1, silence 1")
    assert second.endswith(
        "-      angry 2, sad 1, silence 1 (did not end in order, or runs on another computer)"
    )
    assert first.index("angry") == second.index("angry") == head.index("clips")


def test_a_killed_session_is_as_long_as_its_sound_or_its_last_clip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, "a", whole=True, ended=False)
    record(tmp_path, "b", whole=False, ended=False)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "session.json").write_bytes((tmp_path / "a" / "session.json").read_bytes())
    found = json.loads(run(capsys, tmp_path, "--json"))
    assert [session["seconds"] for session in found] == [1.5, 0.35, None]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"started": "yesterday"}',
        b'{"started": "2026-11-23T03:59:59+01:00", "source": {"sample_rate": 0, "channels": 1}}',
        b'{"started": "2026-11-23T03:59:59+01:00", "source": {"sample_rate": 1e999, "channels": 1}}',
        b'{"started": "2026-11-23T03:59:59+01:00", "source": '
        b'{"sample_rate": 8, "channels": 1, "sample_format": "PCM_16"}, "summary": {"seconds": NaN}}',
        b"[" * 100_000,
        b" " * 1_000_001,
    ],
)
def test_a_damaged_session_is_listed_and_called_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "session.json").write_bytes(content)
    line = run(capsys, tmp_path).splitlines()[1]
    assert line.split()[:3] == ["damaged", "?", "?"]
    assert line.endswith("none (session.json is damaged)")


def test_what_is_no_session_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "holiday").mkdir()
    (tmp_path / "\x1b[31m").mkdir()
    (tmp_path / "\x1b[31m" / "session.json").write_text("{}")
    assert run(capsys, tmp_path).startswith(f"no sessions in {tmp_path}; record one with")
    assert json.loads(run(capsys, tmp_path / "missing", "--json")) == []


def test_a_file_is_no_folder_of_recordings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Not a directory"):
        sessions.run(argparse.Namespace(out=str(tmp_path / "file"), json=False))


def test_sizes_are_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = record(tmp_path, "a", whole=False)
    with (folder / "more.bin").open("wb") as file:
        file.truncate(3_210_000_000)
    assert "3.21 GB" in run(capsys, tmp_path)
    with (folder / "more.bin").open("wb") as file:
        file.truncate(3_210_000)
    assert "3.21 MB" in run(capsys, tmp_path)


def test_a_summary_of_no_seconds_is_no_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts(session="a"))
    folder.close(replace(SUMMARY, seconds=0.0))
    assert json.loads(run(capsys, tmp_path, "--json"))[0]["seconds"] == 0.0


def test_a_session_that_is_being_recorded_is_running(tmp_path: Path) -> None:
    def listed() -> str:
        return callmood("sessions", cwd=tmp_path).stdout.splitlines()[1]

    with Fed(tmp_path, "--record", "all", "--record-session") as session:
        session.feed(2)
        session.wait_for_rows(1)
        assert listed().endswith("(running)")
        assert session.end() == 0
        assert "(" not in listed()
