"""Fits and tests fold by fold, on tables in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from callmood.evaluation.corpora import CorporaFolder, Corpus, Protocol, Settings, folds_of
from callmood.evaluation.lines import LINE_KINDS
from callmood.evaluation.protocol import Evaluation, classification_key
from callmood.evaluation.report import records
from callmood.evaluation.streams import StreamKind
from emotion.card import LABELS
from tests.callmood.evaluation.table_material import Talk, make_table
from tests.callmood.evaluation.test_corpora import corpus
from trainer.cache import Cache
from trainer.progress import TrainingLog
from trainer.recipes.base import FittedClassifier
from trainer.recipes.linear import LinearRecipe
from trainer.recipes.voice_adaptive import VoiceAdaptiveRecipe
from trainer.window_table import StepTable, TablePart

CORPORA = (corpus("alpha", 3), corpus("beta", 6))
EXTRA = corpus("extra", 2)


def tables_of(corpus: Corpus, condition: str, kind: StreamKind, seeds: Sequence[int]) -> list[StepTable]:
    """Write tables in which everybody says everything three times, each with a shift of their own."""
    talks = [
        Talk(corpus.name, key.partition("/")[2], LABELS * 3, shift=0.1 * number)
        for number, key in enumerate(corpus.speakers)
    ]
    noise = 0.2 if condition == "clean" else 3.0
    return [make_table(talks, kind=kind, condition=condition, seed=seed, noise=noise) for seed in seeds]


def non_speech() -> StepTable:
    """Write two streams of what is called speech where the talker says angry."""
    return make_table([Talk("sounds", "rain#1", ["angry"]), Talk("sounds", "rain#2", ["angry"])])


@dataclass(frozen=True)
class Recording(LinearRecipe):
    """Remembers what it was fitted on."""

    train_conditions: tuple[str, ...] = ("clean", "phone")
    seen: list[list[StepTable]] = field(default_factory=list, repr=False)

    def fit(self, tables: Sequence[StepTable]) -> FittedClassifier:
        """Fit, and remember."""
        self.seen.append(list(tables))
        return super().fit(tables)


def evaluation(recipe: LinearRecipe, folder: Path, settings: Settings | None = None) -> Evaluation:
    """On the corpora above."""
    small = Settings(kinds=("balanced", "single"), conditions=("clean", "phone"), num_seeds=2)
    return Evaluation(recipe, settings or small, tables_of, non_speech, Cache(folder), TrainingLog())


def test_one_training_side_is_fitted_once(tmp_path: Path) -> None:
    recipe = Recording()
    folds = folds_of("leave-one-corpus-out", CorporaFolder(CORPORA, (EXTRA,), ()))
    assert len(folds) == 2
    assert evaluation(recipe, tmp_path).cells(folds)
    assert len(recipe.seen) == 1


@pytest.mark.parametrize("protocol", ["leave-one-corpus-out", "leave-speakers-out"])
def test_nothing_of_the_test_side_is_fitted_on(protocol: Protocol, tmp_path: Path) -> None:
    recipe = Recording()
    folds = folds_of(protocol, CorporaFolder(CORPORA, (*CORPORA, EXTRA), ()))
    evaluation(recipe, tmp_path).cells(folds)
    assert len(recipe.seen) == len(folds)
    for fold, tables in zip(folds, recipe.seen, strict=True):
        heard = {str(key) for table in tables for key in table.streams.speaker_key}
        assert heard
        assert not heard & set(fold.test_speakers)
        assert {table.condition for table in tables} == {"clean", "phone"}
        if protocol == "leave-one-corpus-out":
            assert fold.corpus.name not in {str(name) for table in tables for name in table.streams.corpus}
            assert "extra" in {str(name) for table in tables for name in table.streams.corpus}
        else:
            assert heard == set(fold.corpus.speakers) - set(fold.test_speakers)


def test_every_cell_is_there_and_every_clip_is_counted(tmp_path: Path) -> None:
    folds = folds_of("leave-speakers-out", CorporaFolder(CORPORA, CORPORA, ()))
    cells = evaluation(LinearRecipe(), tmp_path).cells(folds)
    written = records(cells, {})
    places = {(r["corpus"], r["stream"], r["condition"], r["baseline"]) for r in written}
    assert len(written) == len(places) == 3 * 2 * 2 * 2
    for cell in cells:
        num_speakers = {"alpha": 3, "beta": 6}[cell.corpus]
        num_seeds = {"balanced": 1, "single": 2}[cell.stream]
        assert cell.measures.num_speakers == num_speakers
        assert cell.measures.num_clips == 12 * num_speakers
        assert len(cell.measures.targets) == 12 * num_speakers * num_seeds
        assert cell.measures.scores.uar > (0.95 if cell.condition == "clean" else 0.25)
        assert set(cell.false_emotion) == {"rain"}


def test_a_second_scoring_fits_nothing_and_says_the_same(tmp_path: Path) -> None:
    folds = folds_of("leave-one-corpus-out", CorporaFolder(CORPORA, CORPORA, ()))
    recipe = Recording()
    first = records(evaluation(recipe, tmp_path).cells(folds), {})
    again = Recording()
    assert records(evaluation(again, tmp_path).cells(folds), {}) == first
    assert (len(recipe.seen), len(again.seen)) == (2, 0)
    other = Recording(train_conditions=("clean",))
    evaluation(other, tmp_path).cells(folds)
    assert len(other.seen) == 2, "another recipe is another fit"


def test_results_that_were_damaged_are_made_again(tmp_path: Path) -> None:
    folds = folds_of("leave-one-corpus-out", CorporaFolder(CORPORA, CORPORA, ()))
    first = records(evaluation(LinearRecipe(), tmp_path).cells(folds), {})
    kept = sorted(tmp_path.rglob("*.npz"))
    assert len(kept) == 2 * (2 * 2 + 2 * 2 * 2 + 2)
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    assert records(evaluation(LinearRecipe(), tmp_path).cells(folds), {}) == first
    with np.load(kept[0], allow_pickle=False) as healed:
        assert "windows.probabilities" in healed.files


@dataclass(frozen=True)
class Newer(LinearRecipe):
    """Fits otherwise."""

    version = 2


def test_whatever_decides_about_a_result_is_part_of_its_key() -> None:
    table, other = (
        make_table([Talk("a", name, LABELS), Talk("a", "eve", LABELS)]) for name in ("ann", "bob")
    )
    part = TablePart(table)
    keys = [
        classification_key(recipe, training_side, heard, baseline=baseline)
        for recipe, training_side, heard, baseline in (
            (LinearRecipe(), [part], part, False),
            (LinearRecipe(), [part], part, True),
            (LinearRecipe(win_seconds=1.0), [part], part, False),
            (Newer(), [part], part, False),
            (LinearRecipe(), [part, part], part, False),
            (LinearRecipe(), [TablePart(other)], part, False),
            (LinearRecipe(), [part], TablePart(table, ("a/ann",)), False),
            (LinearRecipe(), [part], TablePart(table, ("a/eve",)), False),
        )
    ]
    assert len(set(keys)) == len(keys)
    # What a recipe is called in the code, and what its `repr` hides, decide about nothing.
    assert classification_key(Recording(train_conditions=("clean",)), [part], part, baseline=False) == keys[0]


def lines_of(folder: Path, recipe: LinearRecipe | VoiceAdaptiveRecipe) -> Evaluation:
    """Of balanced streams, with and without lines, clean and by phone."""
    settings = Settings(("balanced", "single"), ("clean", "phone"), num_seeds=2, lines=True)
    return Evaluation(recipe, settings, tables_of, lambda: None, Cache(folder), TrainingLog())


def test_streams_on_lines_stand_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "experts"))
    recipe = VoiceAdaptiveRecipe("speech", "speech", ridge=0.3, train_conditions=("clean", "phone"))
    folds = folds_of("leave-one-corpus-out", CorporaFolder(CORPORA, (*CORPORA, EXTRA), ()))
    scoring = lines_of(tmp_path, recipe)
    cells = scoring.cells(folds)
    answers = {(cell.corpus, cell.stream, cell.condition): len(cell.measures.targets) for cell in cells}
    clean = {stream for corpus, stream, condition in answers if condition == "clean"}
    phone = {stream for corpus, stream, condition in answers if condition == "phone"}
    on_lines = {kind.name for kind in LINE_KINDS if kind.stream in ("balanced", "single")}
    assert clean == on_lines | {"balanced", "single", "first-4", "line-3-first-4"}
    assert phone == clean - {"line-3-by-phone"}
    assert answers["beta", "line-3-angry", "clean"] == 10 * answers["beta", "balanced", "clean"]
    assert answers["alpha", "first-4", "clean"] == answers["alpha", "balanced", "clean"]
    assert answers["alpha", "line-3-first-4", "clean"] == 10 * answers["alpha", "balanced", "clean"]
    assert answers["beta", "single-on-line-3", "clean"] == answers["beta", "single", "clean"]
    with_baseline = {cell.stream for cell in cells if cell.baseline and "line" in cell.stream}
    assert with_baseline == {"line-3-balanced", "line-3-first-4", "single-on-line-3"}
    assert len(scoring.settings.seeds("line-1-balanced")) == 10
    assert len(scoring.settings.seeds("single-on-line-3")) == 2
    assert "note: alpha: 2 others to a speaker; lines hold no more callers" in scoring.log.text
    again = lines_of(tmp_path, recipe)
    assert records(again.cells(folds), {}) == records(cells, {})
    assert "fit speech" not in again.log.text


def test_a_recipe_without_lines_is_scored_without(tmp_path: Path) -> None:
    folds = folds_of("leave-one-corpus-out", CorporaFolder(CORPORA, CORPORA, ()))
    scoring = lines_of(tmp_path, LinearRecipe())
    assert {cell.stream for cell in scoring.cells(folds)} == {"balanced", "single", "first-4"}
    assert "note: linear knows no lines: streams on lines are left out" in scoring.log.text
