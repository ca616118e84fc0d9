"""Fit a recipe on corpora, and write the card with its command and scores."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from callmood.commands import evaluate
from callmood.evaluation.corpora import Corpus
from callmood.evaluation.recipe_training import (
    BEYOND,
    DECIDING,
    NOT_SCORED,
    SPLIT,
    RecipeOrder,
    evaluate_command,
    fails_on,
    fit_and_save,
    read_figures,
    scores_of,
)
from callmood.evaluation.streams import StreamKind
from emotion.card import LABELS
from emotion.errors import UsageError
from emotion.features.catalogue import feature_set
from emotion.model import load_model
from tests.callmood.evaluation.table_material import Talk, make_table
from trainer.dataset import Clip
from trainer.progress import TrainingLog
from trainer.recipes.catalogue import find_recipe
from trainer.window_table import StepTable

NUM_FEATURES = len(feature_set("acoustic").feature_names)
ORDERS = {name: tuple(np.random.default_rng(n).permutation(LABELS * 4)) for n, name in enumerate("ab")}


def tables_of(corpus: Corpus, condition: str, kind: StreamKind, seeds: Sequence[int]) -> list[StepTable]:
    """Write both voices of a corpus, as wide as `acoustic`."""
    talks = [Talk(corpus.name, name, order) for name, order in ORDERS.items()]
    table = make_table(talks, condition=condition, kind=kind, seed=seeds[0])
    beside = np.zeros((len(table), NUM_FEATURES - len(LABELS)), np.float32)
    return [replace(table, vectors=np.hstack([table.vectors, beside]))]


def corpus_of(name: str) -> Corpus:
    clips = [
        Clip(Path(name, voice, f"{n}.wav"), name, voice, label)
        for voice, order in ORDERS.items()
        for n, label in enumerate(order)
    ]
    return Corpus(name, tuple(clips))


def a_record(corpus: str, condition: str = "clean", **changes: Any) -> dict[str, Any]:
    place = {"corpus": corpus, "stream": "balanced", "condition": condition, "baseline": True}
    recalls = {"angry": 0.9, "happy": 0.2, "neutral": None, "sad": 0.5}
    return place | {"uar": 0.5, "ece": 0.04, "delay_median_seconds": 1.6, "recalls": recalls} | changes


def test_the_model_is_what_the_recipe_fitted_and_the_card_says_on_what(tmp_path: Path) -> None:
    order = RecipeOrder(
        find_recipe("speech-light"),
        tmp_path / "models" / "mine",
        "callmood train $CALLMOOD_CORPORA --recipe speech-light --name mine",
        [a_record("mean"), a_record("emodb")],
    )
    log = TrainingLog(Console(quiet=True))
    card, _ = fit_and_save(order, [corpus_of("nemo"), corpus_of("emodb")], tables_of, log)
    model = load_model(order.folder)
    assert model.card == card
    assert card.split == SPLIT.format("emodb, nemo")
    assert not card.commercial_use
    assert "nemo" in card.weights_licence
    assert [(source.name, source.clips, source.speakers) for source in card.data] == [
        ("emodb", 32, 2),
        ("nemo", 32, 2),
    ]
    # Three windows a clip, heard under each condition.
    assert {source.windows for source in card.data} == {32 * 3 * len(order.recipe.train_conditions)}
    assert card.scores["shows_change_after_seconds"] == 1.6
    assert card.fails_on[0] == (
        "emodb, left out of the fit: happy is heard in 20 % of its clips (balanced, clean, with baseline)"
    )
    [table] = tables_of(corpus_of("nemo"), "clean", "balanced", [5])
    speech = table.clip >= 0
    said = [model.predict(vector).argmax() for vector in table.vectors[speech]]
    assert np.mean(said == table.targets[speech]) > 0.95
    assert "fit speech-light on" in (order.folder / "training.log").read_text()


def test_without_figures_the_card_says_so_and_a_recipe_for_comparing_makes_none(tmp_path: Path) -> None:
    log = TrainingLog(Console(quiet=True))
    order = RecipeOrder(find_recipe("speech-light"), tmp_path / "open", "callmood train")
    card, _ = fit_and_save(order, [corpus_of("emodb"), corpus_of("aesdd")], tables_of, log)
    assert card.split == NOT_SCORED
    assert card.commercial_use
    assert card.fails_on == BEYOND
    unsaved = replace(order, recipe=find_recipe("linear"), force=True)
    with pytest.raises(UsageError, match="recipe linear is for comparing: it makes no model"):
        fit_and_save(unsaved, [corpus_of("emodb")], tables_of, log)


def test_scores_are_laid_out_by_place_and_corpus() -> None:
    scores = scores_of([a_record("mean"), a_record("emodb", uar=0.8), a_record("mean", "phone", ece=None)])
    assert scores["balanced, clean, with baseline"]["emodb"]["uar"] == 0.8
    assert "ece" not in scores["balanced, phone, with baseline"]["mean"]
    assert scores_of([]) == {}


def test_speakers_left_out_stand_by_themselves() -> None:
    known = a_record("emodb", uar=0.95, protocol="leave-speakers-out")
    scores = scores_of([a_record("emodb"), known])
    assert scores["balanced, clean, with baseline"]["emodb"]["uar"] == 0.5
    assert scores["balanced, clean, with baseline, speakers left out"]["emodb"]["uar"] == 0.95
    assert fails_on([known]) == BEYOND
    mean_of_known = known | {"corpus": "mean"}
    assert "shows_change_after_seconds" not in scores_of([mean_of_known])


def test_the_commands_stand_beside_the_scores() -> None:
    figures = [a_record("emodb", command=command) for command in ("one", "two", "one")]
    assert scores_of([*figures, a_record("ased", command=["three"])])["scored_by"] == ["one", "two"]


def test_what_fails_is_told_where_it_fails_most() -> None:
    recalls = {"angry": 0.9, "happy": 0.1, "neutral": None, "sad": 0.4}
    worse = a_record("emodb", "phone", baseline=False, recalls=recalls)
    assert fails_on([a_record("mean", recalls=recalls), a_record("emodb"), worse]) == (
        "emodb, left out of the fit: happy is heard in 10 % of its clips (balanced, phone, no baseline)",
        "emodb, left out of the fit: sad is heard in 40 % of its clips (balanced, phone, no baseline)",
        *BEYOND,
    )
    assert fails_on([]) == BEYOND


RECORD = (
    '[{"corpus": "c", "stream": "balanced", "condition": "clean", "baseline": true, "uar": 1, '
    '"recalls": {"sad": null}}]'
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[]", "holds no records"),
        ('{"uar": 1}', "holds no records"),
        ('[{"uar": 1}]', "holds no records"),
        ("[" * 100_000, "is no JSON of ours: not readable as JSON"),
        ('["\\u001b[2J"]', "is no JSON of ours: text .* cannot be shown"),
        (RECORD.replace('"c"', "[]"), "holds no records"),
        (RECORD.replace("null", '"all"'), "holds no records"),
        (" " * 1_000_001, "is longer than 1000000 bytes"),
    ],
)
def test_scores_that_are_none_are_told(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "figures.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=words):
        read_figures(file)


def test_scores_are_read(tmp_path: Path) -> None:
    records = [a_record("mean")]
    (tmp_path / "figures.json").write_text(json.dumps(records))
    assert read_figures(tmp_path / "figures.json") == records


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("", ""),
        ("--recipe speech --leave-one-corpus-out", " --recipe speech --leave-one-corpus-out"),
        ("--recipe speech --json a.json --out pictures --jobs 2", " --recipe speech"),
        (
            "--leave-speakers-out --only emodb ravdess --seeds 1 --no-baseline --sounds my\\ music",
            " --leave-speakers-out --only emodb ravdess --seeds 1 --no-baseline --sounds 'my music'",
        ),
        (
            "--model m --streams single,balanced --conditions clean --baseline --train-on a --features x",
            " --model m --train-on a --streams single,balanced --conditions clean --baseline --features x",
        ),
    ],
)
def test_it_has_what_decides_about_figures_and_no_path_of_this_machine(typed: str, written: str) -> None:
    parser = argparse.ArgumentParser()
    evaluate.configure(parser)
    words = typed.replace("\\ ", "\0").split()
    arguments = parser.parse_args(
        ["--corpora", "/home/me/corpora", *(word.replace("\0", " ") for word in words)]
    )
    assert evaluate_command(arguments) == f"callmood evaluate --corpora $CALLMOOD_CORPORA{written}"


def test_every_option_is_decided_about() -> None:
    """A new option of `evaluate` is either part of the command, or of no account for figures."""
    parser = argparse.ArgumentParser()
    evaluate.configure(parser)
    names = set(vars(parser.parse_args(["--corpora", "here"])))
    assert names - {"corpora", "jobs", "json", "out", "force"} == set(DECIDING)
