"""`callmood train` as a user types it."""

import shutil
from pathlib import Path

import pytest

from callmood.__main__ import main
from emotion.model import load_model
from tests.command import assert_one_line_of_complaint, callmood
from trainer.synthesis.tones import generate_tones


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALLMOOD_CACHE", raising=False)


def test_from_nothing_to_a_prediction(tmp_path: Path) -> None:
    """The whole way by the real command, each step a process of its own."""
    assert callmood("generate", "--per-emotion", "6", cwd=tmp_path).returncode == 0
    trained = callmood("train", "dataset", "--name", "tones", "--jobs", "2", cwd=tmp_path)
    assert trained.stderr.startswith("taken: --features acoustic, as these are tones of callmood generate; ")
    assert trained.returncode == 0, trained.stderr
    assert "precision" in trained.stdout
    assert "model tones written to models/tones/; use it with --model ./models/tones\n" in trained.stdout
    assert "note: fitted on synthetic tones" in trained.stdout
    assert "24 clips: 0 from the cache, 24 computed" in trained.stderr
    assert (tmp_path / ".callmood-cache").is_dir()
    predicted = callmood(
        *("predict", "dataset/angry/angry_sample_1.wav", "--model", "./models/tones", "--plot", "a.png"),
        cwd=tmp_path,
    )
    assert predicted.returncode == 0, predicted.stderr
    assert predicted.stdout.startswith("angry ")
    assert (tmp_path / "a.png").is_file()


def test_options_reach_the_model(tmp_path: Path) -> None:
    generate_tones(tmp_path / "d", 6, seed=1)
    words = ["train", "d", "--name", "m", "--out", "elsewhere", "--win", "1", "--step", "1", "--seed", "3"]
    assert main([*words, "--max-windows", "60", "--jobs", "1", "--features", "classic-speech"]) == 0
    card = load_model(tmp_path / "elsewhere" / "m").card
    assert (card.win_seconds, card.step_seconds, card.seed) == (1.0, 1.0, 3)
    assert card.feature_set == "classic-speech"
    assert card.recipe.endswith("--seed 3 --max-windows 60")


def test_whole_clips_of_tones_and_the_name_of_their_folder(tmp_path: Path) -> None:
    generate_tones(tmp_path / "d", 6, seed=1)
    assert main(["train", "d", "--whole-clips", "--jobs", "1"]) == 0
    card = load_model(tmp_path / "models" / "d").card
    assert (card.name, card.whole_clips, card.feature_set) == ("d", True, "acoustic")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--whole-clips", "--win", "2"], "--whole-clips"),
        (["--recipe", "article", "--scores", "a.json"], "--scores is for --recipe speech"),
        (["--features", "classic", "--scores", "a.json"], "--scores is for --recipe speech"),
        (["--recipe", "article", "--step", "1"], "--recipe article decides about --step"),
        (["--recipe", "speech", "--whole-clips"], "--recipe speech decides about --whole-clips"),
        (["--recipe", "article", "--features", "classic"], "--recipe article decides about --features"),
        (["--features", "magic"], "magic"),
        (["--features", "classic", "--step", "3"], "step"),
        (["--features", "classic", "--jobs", "0"], "--jobs"),
        (["--map", "calm"], "--map 'calm' is no WORD=EMOTION"),
        (["--licence", " "], "--licence is ' '"),
    ],
)
def test_contradictions_are_told_in_one_line(
    words: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "d", "--name", "m", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line
    assert line.endswith("; see `callmood train --help`")
    assert not (tmp_path / "models" / "m").exists()


def test_too_little_data_is_one_line_and_nothing_half_written(tmp_path: Path) -> None:
    assert callmood("init", cwd=tmp_path).returncode == 0
    done = callmood("train", "dataset", "--name", "m", cwd=tmp_path)
    *_, line = done.stderr.splitlines()
    assert done.returncode == 6
    assert line.startswith("callmood: dataset holds no labelled clips")
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "models").iterdir())


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    done = callmood("train", "dataset", "--name", "m", cwd=tmp_path)
    assert_one_line_of_complaint(done, "models", "--out")
    assert done.returncode == 7


def test_own_recordings_in_plain_folders(
    corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for word, label in (("Wut", "anger"), ("calm", "neutral")):
        for speaker in ("03", "08", "09"):
            for number, path in enumerate(sorted((corpora / "emodb" / speaker).glob(f"{label}-*"))[:2]):
                (tmp_path / "mine" / word).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, tmp_path / "mine" / word / f"{speaker}_{number}{path.suffix}")
    (tmp_path / "mine" / "Ekel").mkdir()
    words = ["train", "mine", "--speakers", "[^/]+(?=_)", "--map", "calm=neutral", "--licence", "CC0 1.0"]
    assert main([*words, "--recipe", "speech-light", "--jobs", "1"]) == 0
    said = capsys.readouterr()
    assert "left out, named after none of angry, happy, neutral, sad: Ekel; " in said.err
    assert "split by speaker: 3 speakers in 3 folds; " in said.out
    model = load_model(tmp_path / "models" / "mine")
    assert model.card.labels == ("angry", "neutral")
    assert model.card.scores["clips"]["uar"] > 0.8  # type: ignore[index]
    assert model.card.recipe == (
        "callmood train mine --speakers '[^/]+(?=_)' --map calm=neutral --licence 'CC0 1.0' "
        "--recipe speech-light --name mine"
    )
    assert (model.card.weights_licence, model.card.commercial_use) == ("CC0 1.0: mine", None)
    assert model.open_voice().state()
    assert main(["predict", f"mine/Wut/03_0{next((tmp_path / 'mine').rglob('*_0.*')).suffix}",
                 "--model", "./models/mine"]) == 0  # fmt: skip
    assert capsys.readouterr().out.startswith("angry ")
