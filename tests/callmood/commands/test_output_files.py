"""No command overwrites anything unasked, reads what it writes, or lets others read what it heard."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callmood.__main__ import main
from tests.model_maker import make_model

RATE = 16_000


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a working folder with a recording and what a user would not like to lose."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", os.devnull)
    sound = np.random.default_rng(0).normal(0, 0.05, 3 * RATE).astype(np.float32)
    soundfile.write(tmp_path / "call.wav", sound, RATE)
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "callmood.toml").write_text("[replay]\nplain = true\n")
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "call.png").write_bytes(b"mine")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("replay call.wav --fast --plain --spectrogram-png call.wav", 7),
        ("replay call.wav --fast --plain --spectrogram-png call.wav --force", 7),
        ("replay call.wav --fast --plain --journal ./call.wav --force", 7),
        ("replay call.wav --fast --plain --journal precious", 7),
        ("replay call.wav --fast --plain --spectrogram-png precious", 7),
        ("replay call.wav --fast --plain --spectrogram-png new --journal ./new", 2),
        ("replay call.wav --fast --plain --spectrogram-png .", 7),
        ("replay call.wav --fast --plain --spectrogram-png /", 7),
        ("replay call.wav --fast --plain --config precious --journal precious --force", 7),
        ("replay call.wav --fast --plain --journal callmood.toml --force", 7),
        ("listen --device none --journal precious", 7),
        ("listen --device none --spectrogram-png precious", 7),
        ("predict call.wav --plot call.wav", 7),
        ("predict call.wav --plot call.wav --force", 7),
        ("predict call.wav --plot precious", 7),
        ("predict call.wav --plot pics", 7),
        ("predict call.wav . --plot pics", 7),
        ("evaluate --corpora . --json precious", 7),
        ("train . --name pics --out .", 7),
        ("replay call.wav --fast --plain --model ./mine --journal mine/card.json --force", 7),
        ("predict call.wav --model ./mine --plot mine/model.npz --force", 7),
        ("replay call.wav --fast --plain --voice anna --journal voices/anna.json --force", 7),
    ],
)
def test_nothing_is_overwritten_and_nothing_begun(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    code: int,
) -> None:
    if "--config precious" in words:
        (here / "precious").write_text("[replay]\nplain = true\n")
    monkeypatch.setenv("CALLMOOD_VOICES", str(here / "voices"))
    (here / "voices").mkdir()
    if "./mine" in words:
        make_model(here / "mine", clips_per_label=2)
    before = contents(here)
    assert main(words.split()) == code
    assert contents(here) == before
    shown = capsys.readouterr()
    assert not shown.out
    assert "callmood: " in shown.err.splitlines()[-1]


def test_force_replaces_files_and_appending_to_an_empty_one_needs_none(here: Path) -> None:
    (here / "empty").touch()
    replay = ["replay", "call.wav", "--fast", "--plain"]
    assert main([*replay, "--journal", "empty"]) == 0
    assert json.loads((here / "empty").read_text().splitlines()[-1])["type"] == "summary"
    assert main([*replay, "--journal", "precious", "--spectrogram-png", "pics/call.png", "--force"]) == 0
    assert json.loads((here / "precious").read_text().splitlines()[0])["type"] == "header"
    assert (here / "pics" / "call.png").read_bytes().startswith(b"\x89PNG")
    assert main(["predict", "call.wav", "--plot", "pics", "--force"]) == 0


def test_a_second_training_needs_force(here: Path) -> None:
    make_model(here / "models" / "mine", clips_per_label=2)
    before = contents(here / "models")
    assert main(["train", ".", "--name", "mine"]) == 7
    assert contents(here / "models") == before


@pytest.mark.parametrize(("words", "file_mode", "folder_mode"), [
    ([], 0o600, 0o700), (["--group-readable"], 0o640, 0o750),
])  # fmt: skip
def test_what_was_heard_of_people_is_read_by_nobody_else(
    here: Path, words: list[str], file_mode: int, folder_mode: int
) -> None:
    kept = set(here.rglob("*"))
    before = os.umask(0)
    try:
        replay = ["replay", "call.wav", "--fast", "--plain", "--record", "all", "--record-session"]
        assert (
            main([*replay, "--out", "a/b", "--journal", "j.jsonl", "--spectrogram-png", "s.png", *words]) == 0
        )
        assert main(["predict", "call.wav", "--plot", "p.png", *words]) == 0
        assert main(["predict", "call.wav", "call.wav", "--plot", "plots", *words]) == 0
    finally:
        os.umask(before)
    new = [path for path in here.rglob("*") if path not in kept]
    assert {path.suffix for path in new} >= {".wav", ".csv", ".json", ".jsonl", ".png"}
    modes = {path: path.stat().st_mode & 0o777 for path in new}
    assert modes == {path: folder_mode if path.is_dir() else file_mode for path in new}


def test_a_folder_of_pictures_may_be_new(here: Path) -> None:
    assert main(["predict", "call.wav", "--plot", "new/"]) == 0
    assert (here / "new" / "call.png").read_bytes().startswith(b"\x89PNG")


def test_a_name_that_is_no_utf_8_is_drawn(here: Path) -> None:
    odd = os.fsdecode(b"n\xff.wav")
    (here / "call.wav").rename(here / odd)
    assert main(["replay", odd, "--fast", "--plain", "--spectrogram-png", "s.png"]) == 0
    assert (here / "s.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("words", ["predict {}", "sessions --out {}", "init {}", "train {} --name x"])
def test_a_path_of_no_use_is_one_line(capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert main(words.format("x" * 300).split()) in {1, 3, 6, 7}
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("callmood: ")
    assert "File name too long" in line or "x" * 300 in line
    assert len(line) < 1_100


def test_a_recorded_session_is_not_tidied_away_while_it_is_replayed(here: Path) -> None:
    record = ["replay", "call.wav", "--fast", "--plain", "--record-session"]
    assert main(record) == 0
    (sound,) = here.glob("recordings/*/sound/*.wav")
    for path in (sound, *sound.parents[1].glob("*.json*")):
        os.utime(path, (1e9, 1e9))
    assert main(["replay", str(sound), *record[2:], "--keep", "1d"]) == 0
    assert sound.is_file()
    assert main([*record, "--keep", "1d"]) == 0
    assert not sound.exists()
