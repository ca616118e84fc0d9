"""`callmood export`: which file appears where, what is refused, and what is said."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import soundfile

from callmood.__main__ import main
from callmood.commands.export import ENDINGS
from streamer.events import Event, Sound
from streamer.leg_plan import LegPlan
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder
from tests.command import command, environment
from tests.journal_material import EVENTS, written_journal
from tests.session_material import SESSION, SUMMARY, blocks, facts, sound, speech_row

FILES = [kind for kind in ENDINGS if kind != "audformat"]
WITHOUT_LIBRARIES = ("audacity", "vtt", "csv", "labelstudio")
LIBRARIES = {
    "textgrid": "praatio",
    "eaf": "pympi",
    "audformat": "audformat",
    "parquet": "pyarrow",
}


def record(
    out_dir: Path,
    session: str = SESSION,
    *,
    first_sample: int = 0,
    cuts: tuple[int, ...] = (),
    legs: tuple[LegPlan, ...] = (LegPlan(),),
    events: Sequence[Event] = EVENTS,
) -> Path:
    """Record a session: a journal and its whole sound, with a gap after each cut."""
    folder = SessionFolder(out_dir)
    sink = SessionAudio(folder)
    head: dict[str, Any] = {"session": session, "legs": legs, "channels": len(legs)}
    info = facts(**head)
    sink.open(info)
    num_channels = len(info.kept_channels(0))
    for until in (*cuts, 1000):
        for block in blocks(sound(until - first_sample, num_channels), [], first_sample):
            sink.handle(Sound(block))
        first_sample = until + 1
    sink.close(SUMMARY)
    written_journal(folder.path / "journal.jsonl", events, **head)
    return folder.path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a working folder with one recorded session."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", os.devnull)
    record(tmp_path / "recordings")
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != "recordings"]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("kind", ENDINGS)
def test_an_export_lies_in_the_working_folder_named_by_the_session(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "last", "--format", kind]) == 0
    [path] = files(here)
    assert path.name == f"{SESSION}{ENDINGS[kind]}"
    assert capsys.readouterr().out == f"{path.name}\n"
    assert mode(path) == (0o700 if kind == "audformat" else 0o600)
    assert all(mode(each) == 0o600 for each in path.glob("*"))


@pytest.mark.parametrize("kind", ENDINGS)
def test_windows_have_a_name_of_their_own(kind: str, here: Path) -> None:
    assert main(["export", SESSION[:10], "--format", kind, "--windows", "--group-readable"]) == 0
    [path] = files(here)
    assert path.name == f"{SESSION}-windows{ENDINGS[kind]}"
    assert mode(path) == (0o750 if kind == "audformat" else 0o640)
    assert all(mode(each) == 0o640 for each in path.glob("*"))


@pytest.mark.parametrize("kind", ENDINGS)
def test_an_earlier_export_is_replaced_with_force_only(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = ["export", "last", "--format", kind, "-o", "out"]
    if kind == "audformat":
        (here / "out").mkdir()
    old = here / "out" / "db.old.parquet" if kind == "audformat" else here / "out"
    old.write_text("old")
    assert main(export) == 7
    assert "replace it with --force" in capsys.readouterr().err
    assert old.read_text() == "old"
    assert main([*export, "--force"]) == 0
    assert files(here) == [here / "out"]
    assert not old.exists() if kind == "audformat" else old.read_bytes() != b"old"


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "parquet"])
def test_a_dash_is_standard_output_and_nothing_else_is_printed(
    kind: str, here: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["export", "last", "--format", kind, "-o", "-"]) == 0
    printed = capfdbinary.readouterr().out
    assert files(here) == []
    assert main(["export", "last", "--format", kind, "-o", "out"]) == 0
    written = (here / "out").read_bytes()
    date = re.compile(rb'DATE="[^"]*"')
    assert date.sub(b"", printed) == date.sub(b"", written)


@pytest.mark.parametrize("kind", ["parquet", "audformat"])
def test_what_is_no_text_is_not_printed(kind: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "last", "--format", kind, "-o", "-"]) == 2
    assert f"{kind} cannot be written to standard output" in capsys.readouterr().err
    assert files(here) == []


@pytest.mark.parametrize("kind", LIBRARIES)
def test_without_its_library_it_says_what_to_type(
    kind: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hide(LIBRARIES[kind], monkeypatch)
    assert main(["export", "last", "--format", kind]) == 8
    error = capsys.readouterr().err
    assert LIBRARIES[kind] in error
    assert "pip install 'callmood[export]'" in error
    assert files(here) == []


@pytest.mark.parametrize("kind", WITHOUT_LIBRARIES)
def test_the_other_formats_need_no_library(kind: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in (*LIBRARIES.values(), "pandas"):
        hide(library, monkeypatch)
    assert main(["export", "last", "--format", kind]) == 0
    assert len(files(here)) == 1


def hide(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {library, *(name for name in sys.modules if name.partition(".")[0] == library)}:
        monkeypatch.setitem(sys.modules, name, None)


def _file_in_place(here: Path) -> None:
    (here / "out").write_text("mine")


def _foreign_folder(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "db.yaml").write_text("mine")
    (here / "out" / "thesis.txt").write_text("mine")


def _linked_table(here: Path) -> None:
    (here / "mine").write_text("mine")
    (here / "out").mkdir()
    (here / "out" / "db.marks.parquet").symlink_to(here / "mine")


@pytest.mark.parametrize("spoil", [_file_in_place, _foreign_folder, _linked_table])
def test_no_folder_of_others_is_replaced(
    spoil: Callable[[Path], None], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(here)
    before = sorted(path.relative_to(here) for path in here.rglob("*"))
    assert main(["export", "last", "--format", "audformat", "-o", "out", "--force"]) == 7
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert sorted(path.relative_to(here) for path in here.rglob("*")) == before


def test_the_session_itself_is_not_replaced(here: Path) -> None:
    folder = here / "recordings" / SESSION
    before = sorted(folder.rglob("*"))
    export = ["export", "last", "--force", "--format"]
    assert main([*export, "audformat", "-o", str(folder)]) == 7
    assert main([*export, "csv", "-o", str(folder / "journal.jsonl")]) == 7
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("kind", ["csv", "audformat"])
def test_a_folder_that_is_not_there_is_named(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "last", "--format", kind, "-o", "nowhere/out"]) == 7
    assert "there is no folder nowhere" in capsys.readouterr().err
    assert files(here) == []


@pytest.mark.parametrize("kind", ["csv", "audformat"])
def test_what_cannot_be_written_whole_leaves_nothing(kind: str, here: Path) -> None:
    """No byte fits into any file, as on a full disk."""
    words = " ".join(command("export", "last", "--format", kind, "-o", "out"))
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 0; exec {words}"],
        cwd=here, env=environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 7, done
    assert done.stderr.startswith("callmood: cannot write out: ")
    assert "Traceback" not in done.stderr
    assert files(here) == []


@pytest.mark.parametrize("name", ["", " ", "a\nb", os.fsdecode(b"\xff.wav")])
def test_a_recording_without_a_name_is_refused(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "last", "--format", "labelstudio", "--audio", name]) == 2
    assert "--audio is " in capsys.readouterr().err
    assert files(here) == []


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_session_in_a_folder_of_any_name_is_exported(kind: str, here: Path) -> None:
    (here / "recordings" / SESSION).rename(here / os.fsdecode(b"\xff =a"))
    assert main(["export", os.fsdecode(b"\xff =a"), "--format", kind, "-o", "out"]) == 0


def test_a_session_without_a_journal_is_told_what_to_do(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "recordings" / SESSION / "journal.jsonl").unlink()
    assert main(["export", "last", "--format", "csv"]) == 10
    assert f"callmood replay {SESSION} --journal" in capsys.readouterr().err


@pytest.mark.parametrize("cut", [0, 7, 30])
def test_a_killed_session_gives_what_is_whole(
    cut: int, here: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = written_journal(here / "killed.jsonl", [*EVENTS, EVENTS[0]], None)
    path.write_bytes(path.read_bytes()[: -cut or None])
    assert main(["export", "killed.jsonl", "--format", "csv", "-o", "-"]) == 0
    kinds = [line.split(b",")[0] for line in capfdbinary.readouterr().out.splitlines()]
    assert kinds.count(b"alert") == kinds.count(b"mark") == kinds.count(b"gap") == 1


@pytest.mark.parametrize("windows", [[], ["--windows"]])
@pytest.mark.parametrize("kind", ENDINGS)
def test_a_journal_at_the_limits_of_its_numbers_is_exported(
    kind: str, windows: list[str], here: Path
) -> None:
    """Samples and nanoseconds fit the 64 bits of a table, and times of day its calendar."""
    lines = list(map(json.loads, written_journal(here / "far.jsonl").read_bytes().splitlines()))
    lines[0]["sources"][0]["sample_rate"] = 384_000
    lines[0]["started"] = "9999-12-31T23:59:59+00:00"
    for line in lines[1:]:
        far = {
            "start": 0.9e9,
            "end": 1.0e9,
            "onset": 0.9e9,
            "at": 1.0e9,
            "clock": "0001-01-01T00:00:00+14:00",
        }
        line |= {key: value for key, value in far.items() if key in line}
    (here / "far.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert main(["export", "far.jsonl", "--format", kind, "-o", "out", *windows]) == 0


def test_windows_that_an_audformat_table_cannot_hold_are_counted(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written_journal(here / "twice.jsonl", [speech_row(0), speech_row(0), speech_row(1)])
    export = ["export", "twice.jsonl", "--format", "audformat", "--audio", "x.wav", "-o", "out"]
    assert main([*export, "--windows"]) == 0
    assert capsys.readouterr().err.startswith("note: left out 1 window with the times of an earlier one")
    assert main([*export, "--force"]) == 0
    assert capsys.readouterr().err == ""


def test_garbage_is_refused_in_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "garbage.jsonl").write_bytes(b"\x00\xff{")
    assert main(["export", "garbage.jsonl", "--format", "eaf"]) == 10
    assert len(capsys.readouterr().err.splitlines()) == 1


def linked_by_eaf(path: Path) -> dict[str, str]:
    descriptor = ET.parse(path).find("HEADER/MEDIA_DESCRIPTOR")  # noqa: S314 - we wrote it
    assert descriptor is not None
    return descriptor.attrib


def test_an_export_names_the_sound_of_the_session(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wav = here / "recordings" / SESSION / "sound" / "sound_000000000000.wav"
    (here / "elan").mkdir()
    assert main(["export", "last", "--format", "eaf", "-o", "elan/call.eaf"]) == 0
    linked = linked_by_eaf(here / "elan" / "call.eaf")
    assert (here / "elan" / linked["RELATIVE_MEDIA_URL"]).resolve() == wav
    assert linked["MEDIA_URL"] == wav.as_uri()
    assert main(["export", "last", "--format", "labelstudio", "-o", "tasks.json"]) == 0
    [task] = json.loads((here / "tasks.json").read_bytes())
    _, _, below = task["data"]["audio"].partition("?d=")
    assert here / "recordings" / unquote(below) == wav
    assert capsys.readouterr().err == ""


def test_channels_are_counted_in_the_file_that_was_kept(here: Path) -> None:
    """The sound of a leg of which only the level is taken is not kept."""
    later = "20261124T025959Z-0abc"
    legs = (LegPlan("agent", 0, 0, analysed=False), LegPlan("customer", 0, 1))
    rows = [replace(speech_row(window), leg="customer") for window in (0, 1)]
    folder = record(here / "recordings", later, legs=legs, events=rows)
    assert main(["export", "last", "--format", "labelstudio", "-o", "tasks.json"]) == 0
    [task] = json.loads((here / "tasks.json").read_bytes())
    assert soundfile.info(str(folder / "sound" / "sound_000000000000.wav")).channels == 1
    assert [each["value"]["channel"] for each in task["predictions"][0]["result"]] == [0]


@pytest.mark.parametrize("kind", ["eaf", "labelstudio", "audformat"])
@pytest.mark.parametrize("missing", [{"cuts": (400,)}, {"first_sample": 400}])
def test_sound_that_is_not_one_file_from_the_start_needs_a_name(
    kind: str, missing: dict[str, Any], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = "20261124T025959Z-0abc"
    record(here / "recordings", later, **missing)
    assert main(["export", "last", "--format", kind, "-o", "out"]) == 0
    assert re.match(rf"note: .*{later}\.wav.*--audio", capsys.readouterr().err)
    assert main(["export", "last", "--format", kind, "-o", "out", "--audio", "x.wav", "--force"]) == 0
    assert capsys.readouterr().err == ""
