"""Fit a recipe on whole corpora, and save it as a model with the scores of its evaluation."""

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console

from callmood import __version__
from callmood.evaluation.corpora import TRAINING_SEED, Corpus, read_corpora
from callmood.evaluation.report import MEAN
from callmood.evaluation.stream_tables import CorpusTables, StepFeatures, TablesOf, training_tables
from emotion.card import LABELS, Card
from emotion.errors import UsageError
from emotion.model import refuse_to_replace, save_model
from emotion.untrusted import JsonValueError, parse_value
from emotion.voice_linear import KIND
from trainer.model_card import WIN_FACTORS, make_card
from trainer.progress import TrainingLog, default_jobs
from trainer.recipes.base import Recipe
from trainer.recipes.catalogue import find_recipe
from trainer.window_table import StepTable

_FIGURES: Final = (
    "uar",
    "uar_low",
    "uar_high",
    "accuracy",
    "ece",
    "brier",
    "unsure_share",
    "sure_window_accuracy",
    "swallowed_share",
    "sure_clip_accuracy",
    "selective_accuracy",
    "delay_median_seconds",
    "delay_p90_seconds",
    "delay_shown_share",
    "false_emotion",
    "clips",
    "speakers",
    "orders",
    "recalls",
)
_POOR_RECALL: Final = 0.5
_HEADLINE: Final = "balanced, clean, with baseline"
_SPEAKERS_OUT: Final = "leave-speakers-out"

BEYOND: Final = (
    "people who act as nobody in its corpora does: most of its speech is acted or prompted, by adults",
    "a mood that does not change: it is told from a voice's usual only as far as the voice has varied",
    "speech under loud noise: what the gate does not hear as a voice shows no emotion",
)

STEP_FACTORS: Final = (0.5, 2.0)
"""How far step may be from the one fitted: the speaker baseline counts windows, not seconds."""

SPLIT: Final = (
    "leave one corpus out: each was scored by the recipe fitted on {} but for itself; this model is fitted "
    "on all of these"
)
NOT_SCORED: Final = "no scores were given when it was fitted; `callmood evaluate` makes them"

CORPORA: Final = "$CALLMOOD_CORPORA"
"""In the place of the folder of corpora."""

DECIDING: Final = (
    "model",
    "recipe",
    "leave_one_corpus_out",
    "leave_speakers_out",
    "only",
    "train_on",
    "streams",
    "conditions",
    "seeds",
    "no_baseline",
    "baseline",
    "features",
    "sounds",
)
"""Options of `callmood evaluate` that change a figure, in the order of the written command."""

_MAX_BYTES: Final = 1_000_000


class _Record(msgspec.Struct):
    """What a card needs of a record; it may hold more."""

    corpus: str
    stream: str
    condition: str
    baseline: bool
    uar: object
    recalls: dict[str, float | None] | None = None


@dataclass(frozen=True, slots=True)
class RecipeOrder:
    """A model to be fitted.

    Attributes
    ----------
    recipe : Recipe
        How to fit.
    folder : Path
        Where the model will lie; its name is that of the model.
    command : str
        That makes the model again.
    figures : sequence of mapping
        Records that `callmood evaluate --json` wrote of the same recipe and corpora; may be empty.
    force : bool
        Replace a model of this name.
    """

    recipe: Recipe
    folder: Path
    command: str
    figures: Sequence[Mapping[str, Any]] = ()
    force: bool = False


def train_by_recipe(arguments: argparse.Namespace) -> tuple[Card, Path]:
    """Fit one of the recipes of streams on corpora, as the options of `callmood train` say."""
    _refuse_contradictions(arguments)
    recipe = find_recipe(arguments.recipe)
    names = [name for word in arguments.only for name in word.split(",") if name]
    corpora = read_corpora(arguments.data, learn_from=names).learned_from
    words = ["--recipe", recipe.name, "--name", arguments.name]
    words += ["--only", ",".join(names)] if names else []
    words += ["--scores", *map(str, arguments.scores)] if arguments.scores else []
    order = RecipeOrder(
        recipe,
        arguments.out / arguments.name,
        with_corpora("callmood train", words),
        [record for path in arguments.scores for record in read_figures(path)],
        arguments.force,
    )
    log = TrainingLog(Console(stderr=True))
    features = StepFeatures.of(recipe)
    source = CorpusTables(features, arguments.jobs or default_jobs(), log)
    return fit_and_save(order, corpora, source.tables, log)


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    given = {
        "--features": arguments.features,
        "--win": arguments.win,
        "--step": arguments.step,
        "--max-windows": arguments.max_windows,
        "--whole-clips": arguments.whole_clips or None,
        "--seed": arguments.seed or None,
    }
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"--recipe {arguments.recipe} decides about {option}; leave it out")


def fit_and_save(
    order: RecipeOrder, corpora: Sequence[Corpus], tables_of: TablesOf, log: TrainingLog
) -> tuple[Card, Path]:
    """Fit on all streams of some corpora, under all conditions of the recipe."""
    refuse_to_replace(order.folder, force=order.force)
    log.say(order.command)
    tables = [table for corpus in corpora for table in training_tables(corpus, order.recipe, tables_of)]
    with log.step(f"fit {order.recipe.name} on {sum(map(len, tables))} windows"):
        classifier = order.recipe.fit(tables)
    if classifier.arrays is None:
        raise UsageError(f"recipe {order.recipe.name} is for comparing: it makes no model")
    card = _card(order, corpora, tables)
    files = {"training.log": log.text.encode()}
    return save_model(order.folder, card, classifier.arrays, files, force=order.force)


def _card(order: RecipeOrder, corpora: Sequence[Corpus], tables: Sequence[StepTable]) -> Card:
    recipe = order.recipe
    win, step = recipe.win_seconds, recipe.step_seconds
    return make_card(
        recipe.feature_set,
        {corpus.name: corpus.clips for corpus in corpora},
        {corpus.name: _num_windows(corpus.name, tables) for corpus in corpora},
        name=order.folder.name,
        kind=KIND,
        callmood_version=__version__,
        labels=LABELS,
        win_seconds=win,
        step_seconds=step,
        allowed_win_seconds=(WIN_FACTORS[0] * win, WIN_FACTORS[1] * win),
        allowed_step_seconds=(STEP_FACTORS[0] * step, STEP_FACTORS[1] * step),
        split=SPLIT.format(", ".join(sorted(corpus.name for corpus in corpora)))
        if order.figures
        else NOT_SCORED,
        scores=scores_of(order.figures) | {"conditions_fitted": list(recipe.train_conditions)},
        fails_on=fails_on(order.figures),
        recipe=order.command,
        seed=TRAINING_SEED,
        gate=recipe.gate,
    )


def _num_windows(corpus: str, tables: Sequence[StepTable]) -> int:
    count = 0
    for table in tables:
        inside = (table.state == "speech") & (table.clip >= 0)
        count += int((table.clips.corpus[table.clip[inside]] == corpus).sum())
    return count


def scores_of(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Arrange records by stream, condition, baseline and corpus, for the card."""
    scores: dict[str, Any] = {}
    for record in figures:
        scores.setdefault(_place(record), {})[record["corpus"]] = {
            name: record[name] for name in _FIGURES if record.get(name) is not None
        }
    commands = [record["command"] for record in figures if isinstance(record.get("command"), str)]
    if commands:
        scores["scored_by"] = list(dict.fromkeys(commands))
    headline = scores.get(_HEADLINE, {}).get(MEAN, {})
    if "delay_median_seconds" in headline:
        scores["shows_change_after_seconds"] = headline["delay_median_seconds"]
    return scores


def fails_on(figures: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """List the emotions that are missed, for the card."""
    worst: dict[tuple[str, str], tuple[float, str]] = {}
    for record in figures:
        if record["corpus"] == MEAN or record.get("protocol") == _SPEAKERS_OUT:
            continue
        for label, recall in (record.get("recalls") or {}).items():
            if recall is not None and recall < _POOR_RECALL:
                cell = record["corpus"], label
                worst[cell] = min(worst.get(cell, (1.0, "")), (recall, _place(record)))
    lines = [
        f"{corpus}, left out of the fit: {label} is heard in {100 * recall:.0f} % of its clips ({place})"
        for (corpus, label), (recall, place) in worst.items()
    ]
    return (*lines, *BEYOND)


def _place(record: Mapping[str, Any]) -> str:
    baseline = "with baseline" if record["baseline"] else "no baseline"
    known = ", speakers left out" if record.get("protocol") == _SPEAKERS_OUT else ""
    return f"{record['stream']}, {record['condition']}, {baseline}{known}"


def with_corpora(command: str, words: Sequence[str]) -> str:
    """Write a command on the folder of corpora."""
    return " ".join([command, CORPORA, *map(shlex.quote, words)])


def evaluate_command(arguments: argparse.Namespace) -> str:
    """Write the options of `callmood evaluate` that decide about its figures."""
    words = [
        word for name in DECIDING for word in _words(f"--{name.replace('_', '-')}", getattr(arguments, name))
    ]
    return with_corpora("callmood evaluate --corpora", words)


def _words(option: str, value: object) -> list[str]:
    if value is None or value is False or value == []:
        return []
    if value is True:
        return [option]
    return [option, *map(str, value if isinstance(value, list) else [value])]


def read_figures(path: Path) -> list[dict[str, Any]]:
    """Read what `callmood evaluate --json` wrote."""
    what, advice = f"--scores {path}", "give what `callmood evaluate --json` wrote"
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{what} is no file; {advice}")
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{what} cannot be read ({error.strerror})") from error
    if len(raw) > _MAX_BYTES:
        raise UsageError(f"{what} is longer than {_MAX_BYTES} bytes; {advice}")
    try:
        figures: Any = parse_value(raw)
        num_records = len(msgspec.convert(figures, list[_Record]))
    except JsonValueError as error:
        raise UsageError(f"{what} is no JSON of ours: {error}; {advice}") from error
    except msgspec.ValidationError:
        num_records = 0
    if not num_records:
        raise UsageError(f"{what} holds no records; {advice}")
    records: list[dict[str, Any]] = figures
    return records
