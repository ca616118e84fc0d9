"""`callmood init` as a user types it."""

from pathlib import Path

import pytest

from callmood.__main__ import main


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_folders_are_made_where_the_article_has_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == 0
    assert sorted(path.name for path in (tmp_path / "dataset").iterdir()) == [
        "angry",
        "happy",
        "neutral",
        "sad",
    ]
    assert capsys.readouterr().out.splitlines() == [
        f"made   dataset/{label}/" for label in ("angry", "happy", "neutral", "sad")
    ]


def test_what_is_there_stays_and_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine" / "sad").mkdir(parents=True)
    (tmp_path / "mine" / "sad" / "a.wav").write_text("kept")
    assert main(["init", "mine"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "made   mine/angry/", "made   mine/happy/", "made   mine/neutral/", "there  mine/sad/",
    ]  # fmt: skip
    assert (tmp_path / "mine" / "sad" / "a.wav").read_text() == "kept"


def test_a_file_in_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dataset").write_text("a file")
    assert main(["init"]) == 7
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("callmood: cannot make the folder dataset/angry")
