"""`callmood generate` as a user types it."""

from pathlib import Path

import pytest

from callmood.__main__ import main


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_clips_are_written_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--per-emotion", "2", "--seed", "4"]) == 0
    assert len(list((tmp_path / "dataset").rglob("*.wav"))) == 8
    assert capsys.readouterr().out == "8 clips written to dataset/ (seed 4)\n"
    assert main(["generate", "--per-emotion", "3", "--seed", "4"]) == 0
    assert capsys.readouterr().out == "4 clips written to dataset/ (seed 4); 8 were there already\n"


def test_foreign_files_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "d" / "happy" / "happy_sample_1.wav"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    assert main(["generate", "--out", "d", "--per-emotion", "1"]) == 7
    (line,) = capsys.readouterr().err.splitlines()
    assert "--force" in line
    assert own.read_text() == "mine"
    assert main(["generate", "--out", "d", "--per-emotion", "1", "--force"]) == 0
    assert own.stat().st_size > 10_000


@pytest.mark.parametrize("option", [["--per-emotion", "0"], ["--seed", "-1"]])
def test_numbers_that_make_no_sense(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", *option]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert option[0] in line
    assert line.endswith("; see `callmood generate --help`")
    assert not list(tmp_path.iterdir())
