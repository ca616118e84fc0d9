"""Whatever a session keeps lies whole in its folder, always with its journal."""

from pathlib import Path

import pytest

from callmood.__main__ import main
from streamer.recordings.journal_reader import read_journal
from tests.command import assert_one_line_of_complaint, callmood
from tests.spoken import DEMO

REPLAY = ("replay", str(DEMO), "--fast", "-q", "--model", "speech-classic", "--duration", "4")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def kept() -> Path:
    """Give the folder of the only session."""
    (folder,) = Path("recordings").iterdir()
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--journal auto", set()),
        ("--journal auto --no-audio", set()),
        ("--journal call.jsonl", set()),
        ("--record speech", {"clips", "index.csv"}),
        ("--record-session", {"sound"}),
        ("--spectrogram-png call.png", {"spectrogram.png"}),
        (
            "--journal call.jsonl --record all --record-session --spectrogram-png call.png",
            {"clips", "index.csv", "sound", "spectrogram.png"},
        ),
    ],
)
def test_a_session_that_keeps_anything_lies_whole_in_its_folder(words: str, expected: set[str]) -> None:
    assert main([*REPLAY, *words.split()]) == 0
    folder = kept()
    assert names(folder) == {"session.json", "journal.jsonl", *expected}
    journal = read_journal(folder / "journal.jsonl")
    assert journal.header.session == folder.name
    assert journal.summary is not None
    assert journal.summary.windows == len(journal.rows) == 5
    beside = {name for name in ("call.jsonl", "call.png") if name in words}
    assert names(Path()) == {"recordings", *beside}
    assert set(journal.summary.files) >= {f"recordings/{folder.name}/", *beside} - {"call.png"}
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0
    if "call.jsonl" in beside:
        assert Path("call.jsonl").read_bytes() == (folder / "journal.jsonl").read_bytes()
    if "call.png" in beside:
        assert Path("call.png").read_bytes() == (folder / "spectrogram.png").read_bytes()


@pytest.mark.parametrize("words", [["--journal", "-"], ["--json"], []])
def test_what_is_only_printed_is_not_kept(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word for word in [*REPLAY, *words] if word != "-q"]) == 0
    assert capsys.readouterr().out
    assert names(Path()) == set()


def test_a_file_may_still_be_called_auto() -> None:
    assert main([*REPLAY, "--journal", "./auto"]) == 0
    assert names(Path()) == {"auto", "recordings"}


def test_a_session_that_ends_before_its_first_event_leaves_nothing() -> None:
    done = callmood("listen", "--device", "nosuch", "--journal", "auto", "--record", "all", cwd=Path())
    assert done.returncode
    assert names(Path()) == set()


def test_a_folder_that_cannot_be_written_is_one_clear_error(nobody_folder: Path) -> None:
    done = callmood(*REPLAY, "--journal", "call.jsonl", "--out", "closed/recordings", cwd=nobody_folder)
    assert_one_line_of_complaint(done, "closed/recordings")
    assert names(nobody_folder) == {"closed"}


@pytest.fixture
def nobody_folder(tmp_path: Path) -> Path:
    (tmp_path / "closed").write_text("a file where a folder should be")
    return tmp_path


def test_forget_takes_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*REPLAY, "--journal", "auto", "--record", "all"]) == 0
    for name in ("report.html", "report.pdf", "spectrogram.png", "moments.csv", "journal-2.jsonl"):
        (kept() / name).write_bytes(b"x")
    session = kept().name
    assert main(["forget", "last", "--yes"]) == 0
    assert f"session {session}: " in capsys.readouterr().out
    assert names(Path("recordings")) == {"removed.log"}
