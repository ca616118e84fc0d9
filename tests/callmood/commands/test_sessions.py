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
        "model": "speech-classic",
        "legs": [{"name": "mono", "analysed": True, "emotion": "angry"}],
        "alerts": 0,
        "journal": False,
        "whole_sound": True,
        "clips": {"angry": 2, "sad": 1, "silence": 1},
        "moments": 0,
        "picture": False,
        "reports": [],
        "num_bytes": size(first),
        "note": None,
    }
    assert found[1]["whole_sound"] is False


def test_the_table_has_a_line_a_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = record(tmp_path, "20261123T025959Z-0abc", whole=True)
    for name in ("journal.jsonl", "spectrogram.png", "report.html", "report.pdf"):
        (folder / name).write_bytes(b"")
    record(tmp_path, "20261124T000000Z-0000", whole=False, ended=False)
    head, *lines = run(capsys, tmp_path).splitlines()
    assert head.split() == ["session", "started", "length", "model", "alerts", "legs"]
    assert lines[0].endswith("  0:01:03  speech-classic  0       mono angry")
    assert lines[1].startswith("  sound, 4 clips, picture, report, journal, ")
    assert lines[2].endswith("  0:00:00  speech-classic  -       mono -")
    assert lines[3].startswith("  4 clips, ")
    assert lines[3].endswith(" kB (did not end in order, or runs on another computer)")
    assert lines[0].index("speech-") == lines[2].index("speech-") == head.index("model")


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
    _, line, kept = run(capsys, tmp_path).splitlines()
    assert line.split() == ["damaged", "?", "?", "?", "-", "?"]
    assert kept.endswith("B (session.json is damaged)")


def test_what_is_no_session_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "holiday").mkdir()
    (tmp_path / "\x1b[31m").mkdir()
    (tmp_path / "\x1b[31m" / "session.json").write_text("{}")
    assert run(capsys, tmp_path).startswith(f"no sessions in {tmp_path}; keep one with")
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
    def listed() -> list[str]:
        return callmood("sessions", cwd=tmp_path).stdout.splitlines()

    with Fed(tmp_path, "--record", "all", "--record-session") as session:
        session.feed(2)
        session.wait_for_rows(1)
        assert listed()[-1].endswith("(running)")
        assert session.end() == 0
        assert "(" not in listed()[-1]


LEGS = {
    "customer": {"emotion_seconds": {"angry": 12.5, "happy": 30.0, "neutral": 29.5}},
    "them": {"emotion_seconds": {"angry": 0.0}},
}


def with_summary(tmp_path: Path, **summary: object) -> Path:
    folder = record(tmp_path, "20261123T025959Z-0abc", whole=False)
    content = json.loads((folder / "session.json").read_bytes())
    content["legs"] = [
        {"name": "customer", "source": 0, "channel": 0, "analysed": True},
        {"name": "them", "source": 0, "channel": 1, "analysed": True},
        {"name": "agent", "source": 0, "channel": 1, "analysed": False},
    ]
    content["summary"] |= summary
    (folder / "session.json").write_text(json.dumps(content))
    return folder


def test_each_leg_is_listed_with_the_emotion_that_it_showed_longest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_summary(tmp_path, legs=LEGS, alerts=3)
    (found,) = json.loads(run(capsys, tmp_path, "--json"))
    assert [(leg["name"], leg["emotion"]) for leg in found["legs"]] == [
        ("customer", "happy"),
        ("them", None),
        ("agent", None),
    ]
    assert found["alerts"] == 3
    _, first, second, _ = run(capsys, tmp_path).splitlines()
    assert first.endswith("  3       customer happy, them -,")
    assert second == f"{'':{first.index('customer')}}agent level only"


def test_legs_of_an_older_summary_are_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_summary(tmp_path)
    assert "customer -, them -," in run(capsys, tmp_path)


def test_the_table_is_no_wider_than_100_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "a-very-long-name-of-a-leg-in-a-long-call"
    folder = with_summary(tmp_path, legs={long: LEGS["customer"]})
    content = json.loads((folder / "session.json").read_bytes())
    content["legs"] = [content["legs"][0] | {"name": f"{long[:-1]}{number}"} for number in range(8)]
    (folder / "session.json").write_text(json.dumps(content))
    for name in ("journal.jsonl", "spectrogram.png", "report.html"):
        (folder / name).write_bytes(b"")
    text = run(capsys, tmp_path)
    assert max(map(len, text.splitlines())) <= 100
    assert "".join(text.split()).count(long[:-1]) == 8
    assert "picture, report, journal" in text


@pytest.mark.parametrize(
    "summary",
    [
        {"legs": 1},
        {"legs": {"customer": 1}},
        {"legs": {"customer": {"emotion_seconds": {"angry": "much"}}}},
        {"legs": {"customer": {"emotion_seconds": ["angry"]}}},
        {"alerts": "many"},
        {"emotions": 5},
    ],
)
def test_a_summary_that_cannot_be_is_damage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], summary: dict[str, object]
) -> None:
    with_summary(tmp_path, **summary)
    assert "(session.json is damaged)" in run(capsys, tmp_path)


def test_what_a_session_file_says_cannot_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = with_summary(tmp_path)
    content = json.loads((folder / "session.json").read_bytes())
    content["model"], content["legs"][0]["name"] = "\x1b[31mred", "\x1b]0;title\x07"
    (folder / "session.json").write_text(json.dumps(content))
    assert "\x1b" not in run(capsys, tmp_path)


def journal_line(**values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            journal_line(type="summary", seconds=9.5, alerts=2, legs={"mono": LEGS["customer"]}),
            (9.5, 2, "happy"),
        ),
        (
            journal_line(type="row", end=7.5) + journal_line(type="mark", at=8) + b'{"type": "row", "en',
            (7.5, 0, None),
        ),
        (
            b"".join(
                journal_line(type="row", leg="mono", end=number / 4, emotion=emotion)
                for number, emotion in enumerate(("sad", "angry", None, "angry", "sad", "sad"))
            )
            + journal_line(type="alert", leg="mono", at=1.0)
            + journal_line(type="row", leg=1, end=1e99, emotion=[]),
            (1.25, 1, "sad"),
        ),
        (journal_line(type="row", end="x") + b"[]\n\xff\n" + b"[" * 9999, (None, None, None)),
        (b"", (None, None, None)),
    ],
)
def test_a_session_that_did_not_end_is_told_by_its_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: bytes, expected: tuple[object, ...]
) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts(session="a"))
    (folder.path / "journal.jsonl").write_bytes(journal_line(type="header") + bytes(70_000) + b"\n" + lines)
    (found,) = json.loads(run(capsys, tmp_path, "--json"))
    assert (found["seconds"], found["alerts"], found["legs"][0]["emotion"]) == expected
    assert found["journal"] is True


def test_a_link_in_the_folder_of_recordings_is_no_session(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = record(tmp_path / "private", "20261123T025959Z-0abc", whole=False)
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / folder.name).symlink_to(folder)
    assert json.loads(run(capsys, tmp_path / "recordings", "--json")) == []
