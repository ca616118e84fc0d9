"""`callmood evaluate` as a user types it, on generated corpora."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from callmood.__main__ import main
from emotion.card import LABELS, DataSource
from tests.callmood.evaluation.corpus_maker import make_corpus
from tests.command import assert_one_line_of_complaint, callmood
from tests.model_maker import make_model
from tests.voice_model import make_voice_model

QUICK = ("--recipe", "linear", "--features", "classic-speech")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with corpora, and a cache that the tests of this file share."""
    root = tmp_path_factory.mktemp("evaluate")
    make_corpus(root / "corpora" / "alpha", ["a", "b"], unlabelled=1)
    make_corpus(root / "corpora" / "beta", ["c", "d", "e"])
    make_corpus(root / "corpora" / "three", ["f"], {"angry": 1, "happy": 1, "sad": 1})
    make_model(root / "models" / "tiny", "classic-speech")
    return root


def evaluated(place: Path, *words: str) -> tuple[list[dict[str, Any]], str, str]:
    """Run the command; give records, and what it wrote to both outputs."""
    done = callmood(
        "evaluate", "--corpora", "corpora", *words, "--json", "figures.json", "--force", cwd=place
    )
    assert done.returncode == 0, done.stderr
    return json.loads((place / "figures.json").read_text()), done.stdout, done.stderr


def test_a_recipe_on_corpora_left_out_in_every_cell(place: Path) -> None:
    records, table, said = evaluated(place, *QUICK, "--leave-one-corpus-out", "--seeds", "1")
    assert "recipe linear, leave one corpus out" in table
    assert "scored in " in table
    assert "three lacks an emotion (angry 1, happy 1, neutral 0, sad 1): not scored" in said
    axes = {
        "corpus": {"mean", "alpha", "beta"},
        "stream": {"balanced", "mostly-neutral", "single"},
        "condition": {"clean", "phone", "noise10"},
        "baseline": {True, False},
    }
    places = {tuple(record[name] for name in axes) for record in records}
    assert len(records) == len(places) == 3 * 3 * 3 * 2
    for name, values in axes.items():
        assert {record[name] for record in records} == values
    for record in records:
        assert 0 <= record["uar"] <= 1
        assert 0 <= record["ece"] <= 1
        assert record["protocol"] == "leave-one-corpus-out"
        assert sum(map(sum, record["confusion"])) == record["answers"]
        if record["stream"] != "mostly-neutral":
            assert record["clips"] == {"alpha": 8, "beta": 12, "mean": 20}[record["corpus"]]
    one = [r for r in records if (r["stream"], r["condition"], r["baseline"]) == ("balanced", "clean", True)]
    figures = {record["corpus"]: record["uar"] for record in one}
    assert figures["mean"] == pytest.approx((figures["alpha"] + figures["beta"]) / 2, abs=1e-6)
    assert figures["mean"] > 0.5, "the tones are far apart"


def test_a_second_scoring_says_the_same_and_fits_nothing(place: Path) -> None:
    words = (*QUICK, "--streams", "balanced", "--conditions", "clean", "--no-baseline")
    first, _, _ = evaluated(place, *words, "--out", "pictures")
    again, _, said = evaluated(place, *words)
    assert again == first
    assert "heard before" in said
    assert "fit linear" not in said
    assert {record["baseline"] for record in again} == {False}
    pictures = sorted(path.name.partition("-")[0] for path in (place / "pictures").glob("*.png"))
    assert pictures == ["confusion", "reliability"]


def test_a_model_on_data_that_it_never_heard(place: Path) -> None:
    words = (
        "--model",
        "./models/tiny",
        "--streams",
        "balanced,single",
        "--conditions",
        "clean",
        "--seeds",
        "1",
    )
    records, table, said = evaluated(place, *words, "--only", "alpha,three", "--baseline")
    assert "model tiny, unseen data" in table
    assert "note: tiny: fitted on trembling tones: says nothing about people" in said
    assert "its UAR is over those that occur" in said
    assert {record["corpus"] for record in records} == {"mean", "alpha", "three"}
    assert {record["model"] for record in records} == {"tiny"}
    three = next(record for record in records if record["corpus"] == "three")
    assert three["recalls"]["neutral"] is None
    assert three["clips"] == 3


def test_speakers_left_out_within_each_corpus(place: Path) -> None:
    words = ("--leave-speakers-out", "--streams", "balanced", "--conditions", "clean", "--no-baseline")
    records, _, said = evaluated(place, *QUICK, *words, "--only", "alpha", "beta")
    assert "fold 5 of 5, beta" in said, "two speakers and three: as many folds"
    assert {record["corpus"]: record["clips"] for record in records} == {"alpha": 8, "beta": 12, "mean": 20}
    assert {record["protocol"] for record in records} == {"leave-speakers-out"}


def test_a_model_that_knows_lines_is_scored_on_them(place: Path) -> None:
    make_voice_model(place / "models" / "lined", "classic-speech", lines=True)
    words = ("--model", "./models/lined", "--streams", "balanced,line", "--conditions", "clean")
    records, _, said = evaluated(place, *words, "--only", "beta", "--no-baseline")
    streams = {record["stream"]: record for record in records if record["corpus"] == "beta"}
    assert {"balanced", "line-1-balanced", "line-3-angry", "line-3-by-phone"} <= set(streams)
    assert streams["line-3-balanced"]["orders"] == 10
    assert streams["line-3-balanced"]["answers"] == 10 * streams["balanced"]["answers"]
    assert "note: beta: 2 others to a speaker; lines hold no more callers" in said
    assert "line-3-other-corpus" not in streams, "there is no other"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--streams", "balnced"), "'balnced'"),
        (("--conditions", "underwater"), "'underwater'"),
        (("--only", "delta"), "'delta'"),
        (("--seeds", "0"), "--seeds is 0"),
        (("--jobs", "0"), "--jobs is 0"),
        (("--recipe", "soup"), "'soup'"),
        (("--recipe", "linear", "--features", "nose"), "nose"),
        (("--model", "./models/tiny", "--features", "classic"), "--features"),
        (("--model", "nobody"), "nobody"),
        (("--json", "nowhere/figures.json"), "nowhere"),
        (("--recipe", "linear", "--train-on", "alpha", "--only", "alpha"), "beside alpha"),
    ],
)
def test_what_makes_no_sense_is_told_at_once(place: Path, words: tuple[str, ...], told: str) -> None:
    done = callmood("evaluate", "--corpora", "corpora", *words, cwd=place)
    assert_one_line_of_complaint(done, told)


def test_a_model_that_was_fitted_on_the_corpora_says_so(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = (DataSource("alpha", 8, 2, 8, "MIT"),)
    make_model(place / "models" / "knowing", "classic-speech", data=heard)
    monkeypatch.chdir(place)
    words = ["--model", "./models/knowing", "--streams", "balanced", "--conditions", "clean", "--no-baseline"]
    assert main(["evaluate", "--corpora", "corpora", "--only", "alpha", "--jobs", "1", *words]) == 0
    said = capsys.readouterr()
    assert "knowing was fitted on alpha: these figures are not those of strangers" in said.err
    assert all(label in said.out for label in LABELS)


def test_whom_nobody_names_is_the_default_model_on_strangers(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # One sound of each kind: the default model would follow a dozen for more than a minute.
    monkeypatch.setattr("callmood.evaluation.streams.SEEDS", (9_001,))
    monkeypatch.chdir(place)
    # Worker processes of an earlier test in this process would still be in another folder.
    words = ["--streams", "balanced", "--conditions", "clean", "--no-baseline", "--jobs", "1"]
    words += ["--json", "figures.json", "--force"]
    assert main(["evaluate", "--corpora", "corpora", "--only", "beta", *words]) == 0
    records = json.loads((place / "figures.json").read_text())
    assert ", unseen data" in capsys.readouterr().out
    assert {record["protocol"] for record in records} == {"unseen-data"}


@pytest.mark.parametrize("module", ["joblib", "scipy", "sklearn"])
def test_without_the_train_extra_it_says_what_to_install(place: Path, tmp_path: Path, module: str) -> None:
    broken = f"raise ModuleNotFoundError('No module named {module}', name={module!r})\n"
    (tmp_path / f"{module}.py").write_text(broken)
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[3])])
    done = callmood("evaluate", "--corpora", "corpora", cwd=place, env={"PYTHONPATH": paths})
    assert_one_line_of_complaint(done, f"this needs {module}, which is not installed", "callmood[train]")
