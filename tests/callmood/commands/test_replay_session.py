"""`callmood replay SESSION`: by all its names, and what is said where it cannot be replayed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callmood.__main__ import main
from streamer.recordings.journal_reader import Journal, read_journal
from tests.spoken import DEMO

MODEL = ("--model", "speech-classic", "--fast", "-q")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which a call of two was recorded whole, and then replayed without its sound."""
    folder = tmp_path_factory.mktemp("recorded")
    speech, rate = soundfile.read(DEMO, dtype="int16", stop=16_000 * 8)
    soundfile.write(folder / "call.wav", np.stack([speech[: 4 * rate], speech[4 * rate :]], axis=1), rate)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said = ("--record-session", "--journal", "call.jsonl", "--started", "2026-07-01T07:12:00+02:00")
        assert main(["replay", "call.wav", *MODEL, "-l", "left=customer,right=friend", *said]) == 0
    return folder


@pytest.fixture(autouse=True)
def here(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(recorded)
    return recorded


def session_of(recorded: Path) -> Path:
    (sound,) = recorded.glob("recordings/*/sound")
    return sound.parent


def rows(journal: Journal) -> Sequence[object]:
    return sorted((row.leg, row.start, row.state, row.emotion, str(row.smoothed)) for row in journal.rows)


@pytest.mark.parametrize("name", ["beginning", "journal elsewhere"])
def test_the_rows_are_those_of_the_session(here: Path, tmp_path: Path, name: str) -> None:
    folder = session_of(here)
    given = {
        "beginning": folder.name[:-2],
        "journal elsewhere": "call.jsonl",
    }[name]
    again = tmp_path / "again.jsonl"
    # What is replayed is found in --out, and what is kept of the replay goes there.
    assert main(["replay", given, *MODEL, "--journal", str(again)]) == 0
    journal, first = read_journal(again), read_journal(folder / "journal.jsonl")
    assert rows(journal) == rows(first)
    assert len(journal.rows) == 10
    assert [leg.name for leg in journal.header.legs] == ["customer", "friend"]
    assert journal.header.started == first.header.started
    (kept,) = {path.parent for path in here.glob("recordings/*/journal.jsonl")} - {folder}
    for path in kept.iterdir():
        path.unlink()
    kept.rmdir()


def test_last_and_a_file_of_that_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "last", *MODEL]) == 0
    (here / "last").write_bytes(b"no sound")
    try:
        assert main(["replay", "last", *MODEL]) == 3
    finally:
        (here / "last").unlink()
    assert "last" in capsys.readouterr().err


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["replay", *words, *MODEL]) in {2, 3, 7}
    return capsys.readouterr().err.splitlines()[-1]


def test_what_cannot_be_replayed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "call.wav", *MODEL, "--journal", "auto", "--out", str(tmp_path)]) == 0
    line = refused(capsys, "last", "--out", str(tmp_path))
    assert "has no whole sound, which a replay needs; record with --record-session" in line
    assert "is neither a session in recordings nor a journal" in refused(capsys, "nosuch")
    assert "nosuch.wav is not there" in refused(capsys, "nosuch.wav")
    assert "there is no last session" in refused(capsys, "last", "--out", str(tmp_path / "none"))
    assert "its session's sound is not in" in refused(capsys, "call.jsonl", "--out", str(tmp_path))


def test_a_journal_is_told_by_what_it_says_whatever_its_name(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "call.json").write_bytes((here / "call.jsonl").read_bytes())
    assert main(["replay", str(tmp_path / "call.json"), *MODEL]) == 0
    (tmp_path / "rows.jsonl").write_text("{}\n")
    line = refused(capsys, str(tmp_path / "rows.jsonl"))
    assert "rows.jsonl" in line
    assert "is a journal" not in line


def test_nothing_of_the_session_is_written_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = session_of(here)
    before = (folder / "journal.jsonl").read_bytes()
    line = refused(capsys, folder.name, "--force", "--journal", str(folder / "journal.jsonl"))
    assert "is a file that is read here; choose another name" in line
    assert (folder / "journal.jsonl").read_bytes() == before
