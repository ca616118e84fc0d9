"""`callmood forget`: what it names goes whole, and nothing else; off a terminal it wants --yes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from callmood.cli import run_command
from streamer.recordings.session_folder import SessionFolder, SessionLock
from tests.command import command, environment, run_here
from tests.pseudo_terminal import PseudoTerminal
from tests.recorded_material import MIDDLE, NEW, OLD, record, removed, size, tree
from tests.session_material import facts

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """A folder of voices, one of them called like the beginning of a session."""
    folder = tmp_path / "voices"
    folder.mkdir()
    for name in ("anna", "20261123T02", "zoë"):
        (folder / f"{name}.json").write_text("what is known of somebody")
    (folder / ".anna.json.123.part").write_text("what was known")
    for name in (".annab.json.123.part", ".anna.json.\u0661.part", ".anna.json.123.part.bak"):
        (folder / name).write_text("somebody else")
    return folder


@pytest.fixture
def run(
    tmp_path: Path, voices: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLMOOD_VOICES", str(voices))
    for session in (OLD, MIDDLE, NEW):
        record(tmp_path / "recordings", session)

    return partial(run_here, capsys, "forget")


def test_a_session_and_a_voice_go_whole_and_the_rest_stays(run: Run, tmp_path: Path, voices: Path) -> None:
    before = tree(tmp_path)
    num_bytes = size(tmp_path / "recordings" / OLD)
    code, said, complaint = run(OLD, "anna", OLD[:9], "--yes")
    assert (code, complaint) == (0, "")
    assert said.splitlines() == [
        f"session {OLD}: 8 files, {num_bytes / 1000:.3g} kB in recordings/{OLD}",
        f"voice anna: {voices / 'anna.json'}",
        f"removed session {OLD}: 8 files, {num_bytes / 1000:.3g} kB",
        f"removed voice anna: {voices / 'anna.json'}",
    ]
    assert tree(tmp_path) == {
        name: what
        for name, what in before.items()
        if not name.startswith(f"recordings/{OLD}")
        and name not in {"voices/anna.json", "voices/.anna.json.123.part"}
    }
    [line] = removed(tmp_path / "recordings")
    assert line == {
        "when": line["when"],
        "session": OLD,
        "bytes": num_bytes,
        "files": 8,
        "whole": True,
        "why": "forgotten",
    }
    [line] = removed(voices)
    assert (line["kind"], line["files"], line["whole"], line["why"]) == ("voice", 2, True, "forgotten")
    assert "anna" not in json.dumps(line)
    assert (voices / "removed.log").stat().st_mode & 0o777 == 0o600


def test_a_voice_is_found_whatever_way_its_letters_are_written(run: Run, voices: Path) -> None:
    assert run("zoe\u0308", "--yes")[0] == 0
    assert not (voices / "zoë.json").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nobody",), "'nobody' is neither a session in recordings nor a voice or line in "),
        (("",), "'' is neither a session in recordings nor a voice or line in "),
        (("../recordings",), "'../recordings' is neither"),
        (("..",), "'..' is neither"),
        ((f"{OLD}/clips",), "is neither a session"),
        (("\x1b[31m",), "'\\x1b[31m' is neither"),
        (("2026112",), f"'2026112' begins 3 sessions, {OLD}, {MIDDLE}, {NEW}; type more of one"),
        (("20261123T02",), f"'20261123T02' is a voice, and means session {NEW} as well"),
        ((OLD, "anna", "nobody"), "'nobody' is neither"),
        ((OLD, "--out", "elsewhere"), f"'{OLD}' is neither a session in elsewhere nor"),
    ],
)
def test_what_is_not_one_thing_is_told_and_nothing_goes(
    run: Run, tmp_path: Path, words: tuple[str, ...], complaint: str
) -> None:
    before = tree(tmp_path)
    code, said, told = run(*words, "--yes")
    assert (code, said) == (2, "")
    assert complaint in told.splitlines()[-1]
    assert tree(tmp_path) == before


def test_where_it_was_looked_is_told(run: Run, voices: Path) -> None:
    looked = f"in recordings nor a voice or line in {voices}; callmood sessions and callmood voices list them"
    assert looked in run("nobody", "--yes")[2]


def test_last_is_a_session_shown_by_its_id_and_never_a_voice(run: Run, voices: Path) -> None:
    (voices / "last.json").write_text("what is known of somebody")
    for session in (NEW, MIDDLE, OLD):
        code, said, _ = run("last", "--yes")
        assert code == 0
        first, second = said.splitlines()
        assert first.startswith(f"session {session}: 8 files, ")
        assert second.startswith(f"removed session {session}: 8 files, ")
    code, said, complaint = run("last", "--yes")
    assert (code, said) == (2, "")
    assert "there is no last session: recordings has none" in complaint
    assert (voices / "last.json").exists()


def test_many_sessions_that_begin_alike_are_counted(run: Run, tmp_path: Path) -> None:
    record(tmp_path / "recordings", "20261124T000000Z-0000")
    assert "begins 4 sessions, " in run("2026", "--yes")[2]
    assert " and 1 more; type more of one" in run("2026", "--yes")[2]


def test_of_two_sessions_that_begin_alike_neither_goes(run: Run, tmp_path: Path) -> None:
    other = f"{OLD[:-1]}d"
    record(tmp_path / "recordings", other)
    before = tree(tmp_path)
    code, _, told = run(OLD[:-1], "--yes")
    assert code == 2
    assert f"'{OLD[:-1]}' begins 2 sessions, {OLD}, {other}; type more of one" in told
    assert tree(tmp_path) == before


def test_a_whole_name_is_meant_however_others_go_on(run: Run, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    (recordings / OLD).rename(recordings / "interview")
    (recordings / MIDDLE).rename(recordings / "interview-2")
    assert run("interview", "--yes")[0] == 0
    assert sorted(path.name for path in recordings.iterdir()) == [NEW, "interview-2", "removed.log"]


def test_off_a_terminal_it_wants_to_be_told_yes(run: Run, tmp_path: Path) -> None:
    before = tree(tmp_path)
    code, said, told = run(OLD)
    assert (code, said) == (2, "")
    assert told.endswith("here is no terminal to ask on; add --yes; see `callmood forget --help`\n")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("answer", "code", "last"), [(b"y\r", 0, "removed"), (b"\r", 1, "nothing was removed")]
)
@pytest.mark.usefixtures("run")
def test_on_a_terminal_it_lists_and_asks(tmp_path: Path, answer: bytes, code: int, last: str) -> None:
    with PseudoTerminal(columns=120) as terminal:
        asking = subprocess.Popen(
            command("forget", MIDDLE, "anna"),
            cwd=tmp_path,
            env=environment(),
            stdin=terminal.theirs,
            stdout=terminal.theirs,
            stderr=terminal.theirs,
        )
        with asking:
            assert terminal.wait_for(lambda text: "remove these 2 for good? [y/N] " in text, 20), (
                terminal.text
            )
            assert f"session {MIDDLE}: 8 files" in terminal.text
            assert "voice anna: " in terminal.text
            assert (tmp_path / "recordings" / MIDDLE).exists()
            terminal.type(answer)
            assert terminal.wait_for(lambda text: last in text.partition("[y/N]")[2], 20), terminal.text
            assert asking.wait(timeout=20) == code
    assert (tmp_path / "recordings" / MIDDLE).exists() == (code == 1)
    assert (tmp_path / "voices" / "anna.json").exists() == (code == 1)


@pytest.mark.parametrize("answer", ["y", "Y", "yes", " YES ", "", "n", "no", "yeah", "y y", "\x04"])
@pytest.mark.parametrize(("words", "asked"), [((MIDDLE,), "this"), ((MIDDLE, "anna"), "these 2")])
@pytest.mark.usefixtures("run")
def test_what_is_no_yes_is_a_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], asked: str, answer: str
) -> None:
    is_yes = answer.strip().lower() in {"y", "yes"}
    with PseudoTerminal(columns=120) as terminal:
        terminal.type(answer.encode() + b"\r" * (answer != "\x04"))
        with open(terminal.theirs, closefd=False) as hears, open(terminal.theirs, "w", closefd=False) as says:
            monkeypatch.setattr(sys, "stdin", hears)
            monkeypatch.setattr(sys, "stdout", says)
            assert run_command(("forget", *words)) == (0 if is_yes else 1)
        last = f"removed session {MIDDLE}: " if is_yes else "nothing was removed\r\n"
        assert terminal.wait_for(lambda text: last in text), terminal.text
        assert f"\nremove {asked} for good? [y/N] " in terminal.text
    assert (tmp_path / "recordings" / MIDDLE).exists() == (not is_yes)
    assert (tmp_path / "voices" / "anna.json").exists() == (not is_yes or asked == "this")


@pytest.mark.parametrize("name", ["stdin", "stdout"])
def test_half_a_terminal_is_none(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = tree(tmp_path)
    with PseudoTerminal() as terminal:
        terminal.type(b"y\r")
        with open(terminal.theirs, "w" if name == "stdout" else "r", closefd=False) as end:
            monkeypatch.setattr(sys, name, end)
            code, _, told = run(OLD)
    assert code == 2
    assert "here is no terminal to ask on; add --yes" in told
    assert tree(tmp_path) == before


def test_what_is_not_callmoods_stays_and_is_named(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "recordings" / OLD
    (folder / "notes.txt").write_text("mine")
    (folder / "sound" / "loud\x1b[31m.wav").write_text("mine")
    (folder / "sound-2").symlink_to(tmp_path / "recordings" / NEW / "sound")
    before = tree(tmp_path / "recordings" / NEW)
    code, said, _ = run(OLD, "--yes")
    assert code == 0
    stays = f"recordings/{OLD} stays, with what is not callmood's: "
    assert [line.startswith(stays) for line in said.splitlines()] == [False, True, False, True]
    assert "sound/loud?[31m.wav" in said
    assert {str(path.relative_to(folder)) for path in folder.rglob("*")} == {
        "notes.txt",
        "sound",
        "sound/loud\x1b[31m.wav",
        "sound-2",
    }
    assert tree(tmp_path / "recordings" / NEW) == before


def test_what_is_being_recorded_is_not_forgotten(run: Run, tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path / "recordings")
    folder.open(facts(session="20261124T000000Z-0000"))
    lock = SessionLock(folder)
    lock.open(facts())
    code, said, told = run(OLD, "20261124T000000Z-0000", "--yes")
    assert (code, said) == (7, "")
    assert "session 20261124T000000Z-0000 is being recorded; stop that, then forget it" in told
    assert (tmp_path / "recordings" / OLD).exists()
    lock.close(None)
    code, said, _ = run("20261124T000000Z-0000", "--yes")  # As a killed session: it has no summary.
    assert code == 0
    assert "removed session 20261124T000000Z-0000: 1 file, " in said
    assert not folder.path.exists()


def test_a_session_under_another_name_or_with_a_damaged_head_can_be_forgotten(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "recordings" / OLD).rename(tmp_path / "recordings" / "interview")
    (tmp_path / "recordings" / MIDDLE / "session.json").write_text("{")
    assert run("interview", MIDDLE, "--yes")[0] == 0
    assert [path.name for path in (tmp_path / "recordings").iterdir() if path.is_dir()] == [NEW]


def test_a_link_or_a_strangers_folder_is_refused(run: Run, tmp_path: Path, voices: Path) -> None:
    recordings = tmp_path / "recordings"
    (recordings / "link").symlink_to(NEW)
    (voices / "bo.json").symlink_to("anna.json")
    (recordings / "holiday").mkdir()
    (recordings / "holiday" / "session.json").write_text('{"session": "of a browser"}')
    (recordings / "photos").mkdir()
    (recordings / "photos" / "session.json").write_text("{")
    (recordings / "trip").mkdir()
    (recordings / "trip" / "session.json").symlink_to(recordings / NEW / "session.json")
    before = tree(tmp_path)
    for name, complaint in (
        ("link", "recordings/link is a link; remove it, and what it leads to, yourself"),
        ("bo", "bo.json is a link; remove it"),
        ("holiday", "recordings/holiday is not callmood's: its session.json tells of no session"),
        ("photos", "recordings/photos is not callmood's"),
        ("trip", "recordings/trip is not callmood's"),
    ):
        code, _, told = run(name, "--yes")
        assert code == 2
        assert complaint in told
    assert tree(tmp_path) == before


def test_a_log_that_cannot_be_written_is_told(run: Run, tmp_path: Path, voices: Path) -> None:
    for folder, name, num_files in ((Path("recordings"), OLD, 8), (voices, "anna", 2)):
        (folder / "removed.log").mkdir()
        code, _, told = run(name, "--yes")
        assert code == 7
        log = f"{folder}/removed.log cannot be written: Is a directory; look after it"
        assert f"{num_files} files were removed, but {log}" in told
    assert not (tmp_path / "recordings" / OLD).exists()
    assert not (voices / "anna.json").exists()


def test_who_may_read_the_log_of_sessions_is_for_the_user_to_say(run: Run, tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        run(OLD, "--yes")
    finally:
        os.umask(umask)
    assert (tmp_path / "recordings" / "removed.log").stat().st_mode & 0o777 == 0o600


def test_a_file_is_no_folder_of_recordings(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, _, told = run(OLD, "--yes", "--out", "file")
    assert code == 7
    assert "cannot look into file: Not a directory" in told
