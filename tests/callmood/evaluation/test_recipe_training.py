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
from callmood.evaluation.held_out import folds_of_training, score_held_out, voices_of
from callmood.evaluation.recipe_training import (
    BEYOND,
    DECIDING,
    NOT_SCORED,
    SPLIT,
    RecipeFit,
    RecipeOrder,
    evaluate_command,
    fails_on,
    fit_and_save,
    read_figures,
    scores_of,
)
from callmood.evaluation.streams import StreamKind
from emotion.card import LABELS
from emotion.errors import DatasetError, UsageError
from emotion.features.catalogue import feature_set
from emotion.model import load_model
from tests.callmood.evaluation.table_material import Talk, make_table
from trainer.cache import cache_key
from trainer.dataset import Clip
from trainer.model_card import UNKNOWN_SPEAKERS
from trainer.options import DataOptions, ModelPlace
from trainer.progress import TrainingLog
from trainer.recipes.catalogue import find_recipe
from trainer.window_table import StepTable

NUM_FEATURES = len(feature_set("acoustic").feature_names)


def tables_of(corpus: Corpus, condition: str, kind: StreamKind, seeds: Sequence[int]) -> list[StepTable]:
    """Write the voices of a corpus, as wide as `acoustic`."""
    emotions: dict[str, list[str]] = {}
    for clip in corpus.clips:
        emotions.setdefault(str(clip.speaker), []).append(clip.emotion)
    talks = [Talk(corpus.name, speaker, own) for speaker, own in sorted(emotions.items())]
    table = make_table(talks, condition=condition, kind=kind, seed=seeds[0])
    beside = np.zeros((len(table), NUM_FEATURES - len(LABELS)), np.float32)
    key = cache_key(name=corpus.name, condition=condition, emotions=emotions)
    return [replace(table, vectors=np.hstack([table.vectors, beside]), key=key)]


def clips_of(name: str, speakers: str = "ab", labels: Sequence[str] = LABELS) -> list[Clip]:
    """Sixteen clips of each speaker; those of `?` are of a speaker whom nobody knows."""
    return [
        Clip(Path(name, voice, f"{n}.wav"), name, None if voice == "?" else voice, label)
        for seed, voice in enumerate(speakers)
        for n, label in enumerate(np.random.default_rng(seed).permutation(list(labels) * 4).tolist())
    ]


def an_order(folder: Path, recipe: str = "speech-light", **changes: Any) -> RecipeOrder:
    return RecipeOrder(
        find_recipe(recipe), DataOptions(Path("corpora"), **changes), ModelPlace(folder.name, folder.parent)
    )


def a_record(corpus: str, condition: str = "clean", **changes: Any) -> dict[str, Any]:
    place = {"corpus": corpus, "stream": "balanced", "condition": condition, "baseline": True}
    recalls = {"angry": 0.9, "happy": 0.2, "neutral": None, "sad": 0.5}
    return place | {"uar": 0.5, "ece": 0.04, "delay_median_seconds": 1.6, "recalls": recalls} | changes


def test_the_model_is_what_the_recipe_fitted_and_the_card_says_on_what(tmp_path: Path) -> None:
    order = an_order(tmp_path / "models" / "mine")
    log = TrainingLog(Console(quiet=True))
    voices = voices_of([*clips_of("nemo"), *clips_of("emodb")])
    card, _ = fit_and_save(RecipeFit(order, voices, [a_record("mean"), a_record("emodb")]), tables_of, log)
    model = load_model(order.place.folder)
    assert model.card == card
    assert card.split == SPLIT.format("emodb, nemo")
    assert card.recipe == "callmood train corpora --recipe speech-light --name mine"
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
    [table] = tables_of(voices.corpora[1], "clean", "balanced", [5])
    speech = table.clip >= 0
    said = [model.predict(vector).argmax() for vector in table.vectors[speech]]
    assert np.mean(said == table.targets[speech]) > 0.95
    assert "fit speech-light on" in (order.place.folder / "training.log").read_text()


def test_without_figures_the_card_says_so_and_a_recipe_for_comparing_makes_none(tmp_path: Path) -> None:
    log = TrainingLog(Console(quiet=True))
    voices = voices_of([*clips_of("emodb"), *clips_of("aesdd")])
    card, _ = fit_and_save(RecipeFit(an_order(tmp_path / "open"), voices), tables_of, log)
    assert card.split == NOT_SCORED
    assert card.commercial_use
    assert card.fails_on == BEYOND
    with pytest.raises(UsageError, match="recipe linear is for comparing: it makes no model"):
        fit_and_save(RecipeFit(an_order(tmp_path / "other", "linear"), voices), tables_of, log)


@pytest.fixture
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("_own_cache")
def test_own_recordings_are_scored_on_speakers_left_out(tmp_path: Path) -> None:
    order = an_order(tmp_path / "mine", licence="CC BY 4.0")
    voices = voices_of(clips_of("calls", "abcd"))
    assert (voices.by_speaker, voices.are_learned) == (True, True)
    log = TrainingLog(Console(quiet=True))
    held_out = score_held_out(order.recipe, voices, tables_of, log)
    card, folder = fit_and_save(RecipeFit(order, voices, held_out=held_out), tables_of, log)
    assert card.split == (
        "by speaker: 4 speakers in 4 folds; each is tested by a fit on the others; the model is fitted on all"
    )
    assert card.scores["clips"]["count"] == 64  # type: ignore[index]
    assert card.scores["clips"]["uar"] > 0.9  # type: ignore[index]
    place = "balanced, phone, no baseline, speakers left out"
    assert card.scores[place]["calls"]["clips"] == 64  # type: ignore[index]
    headline = card.scores["balanced, clean, with baseline, speakers left out"]
    assert card.scores["shows_change_after_seconds"] == headline["mean"]["delay_median_seconds"]  # type: ignore[index]
    assert (card.weights_licence, card.commercial_use) == ("CC BY 4.0: calls", None)
    report = (folder / "report.txt").read_text()
    assert "Clips, nothing known of the voice" in report
    assert "the voice learned" in report
    assert (folder / "confusion.png").read_bytes().startswith(b"\x89PNG")
    model = load_model(folder)
    assert model.open_voice().state()
    assert model.is_unsure(np.full(4, 0.25))


@pytest.mark.usefixtures("_own_cache")
@pytest.mark.parametrize(
    ("speakers", "why", "count"), [("????", "speakers unknown", None), ("a", "one speaker", 1)]
)
def test_without_speakers_no_voice_is_learned_and_the_report_says_that_voices_are_shared(
    tmp_path: Path, speakers: str, why: str, count: int | None
) -> None:
    order = an_order(tmp_path / "mine")
    clips = [
        replace(clip, path=Path(f"{n}.wav"))
        for n, clip in enumerate(clips_of("calls", speakers, ("angry", "sad") * 4))
    ]
    voices = voices_of(clips)
    assert (voices.by_speaker, voices.are_learned) == (False, False)
    order = replace(order, recipe=replace(order.recipe, learns_voices=False))
    log = TrainingLog(Console(quiet=True))
    held_out = score_held_out(order.recipe, voices, tables_of, log)
    card, folder = fit_and_save(RecipeFit(order, voices, held_out=held_out), tables_of, log)
    assert card.split.startswith(f"by clip, {why}: {len(clips)} clips in 5 folds that share voices; ")
    assert UNKNOWN_SPEAKERS in card.fails_on
    assert card.labels == ("angry", "sad")
    assert card.data[0].speakers == count
    assert "nothing known of the voice" not in (folder / "report.txt").read_text()
    model = load_model(folder)
    voice = model.open_voice()
    vector = tables_of(voices.corpora[0], "clean", "balanced", [0])[0].vectors[0]
    np.testing.assert_array_equal(voice.update(vector), model.predict(vector))
    assert (voice.known, dict(voice.state())) == (0.0, {})
    assert model.predict(vector).shape == (2,)
    with pytest.raises(ValueError, match="without known speakers"):
        model.open_voice({"windows": np.zeros(())})


def test_every_clip_is_held_out_once_and_its_speaker_with_it() -> None:
    voices = voices_of([*clips_of("a", "abc"), *clips_of("b", "????"), *clips_of("c", "xy", LABELS[:2])])
    assert (voices.num_speakers, voices.num_unknown) == (5, 64)
    folds = folds_of_training(voices.corpora)
    tested = [name for fold in folds for name in fold.test_speakers]
    assert sorted(tested) == sorted(name for corpus in voices.corpora for name in corpus.speakers)
    for fold in folds:
        learned = {name for _, names in fold.training for name in names}
        assert not learned & set(fold.test_speakers)
        assert {name for _, names in fold.training for name in names}
    # What is fitted is the same for all corpora of a fold.
    assert len({fold.training for fold in folds}) == 5


def test_an_emotion_of_one_speaker_cannot_be_tested() -> None:
    clips = [*clips_of("a", "ab", ("angry", "happy")), Clip(Path("s.wav"), "a", "a", "sad")]
    with pytest.raises(DatasetError, match="every clip of sad is of one speaker"):
        folds_of_training(voices_of(clips).corpora)


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
