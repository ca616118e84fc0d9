"""Fit a recipe on whole corpora, and save it as a model with the scores of its evaluation."""

import argparse
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from callmood.evaluation.corpora import TRAINING_KIND, TRAINING_SEED, Corpus
from callmood.evaluation.corpus_tables import TableSource
from callmood.evaluation.report import MEAN
from emotion.card import LABELS, Card, DataSource
from emotion.errors import UsageError
from emotion.features.catalogue import feature_set
from emotion.model import refuse_to_replace, save_model
from emotion.untrusted_text import JsonValueError, parse_value
from emotion.voice_linear import KIND
from trainer.model_card import LIBRARIES, WIN_FACTORS, commercial_use, licence_of, notes_of, weights_licence
from trainer.recipes.base import DecisionClassifier, Recipe
from trainer.training_log import TrainingLog
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


def scores_of(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lay records out by stream, condition, baseline and corpus."""
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
    """Say where it is known to be wrong."""
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


STEP_FACTORS: Final = (0.5, 2.0)
"""How far step may be from the one fitted: a voice is learned by windows, not by seconds."""

SPLIT: Final = (
    "leave one corpus out: each was scored by the recipe fitted on {} but for itself; this model is fitted "
    "on all of these"
)
NOT_SCORED: Final = "no scores were given when it was fitted; `callmood evaluate` makes them"


@dataclass(frozen=True, slots=True)
class RecipeOrder:
    """What is asked for.

    Attributes
    ----------
    recipe : Recipe
        How to fit.
    name : str
        Of the model.
    out : Path
        The folder that models lie in.
    command : str
        That makes the model again.
    callmood_version : str
        For the card.
    figures : sequence of mapping
        Records that `callmood evaluate --json` wrote of the same recipe and corpora; may be empty.
    force : bool
        Replace a model of this name.
    """

    recipe: Recipe
    name: str
    out: Path
    command: str
    callmood_version: str
    figures: Sequence[Mapping[str, Any]] = ()
    force: bool = False

    @property
    def folder(self) -> Path:
        """Where the model will lie."""
        return self.out / self.name


def fit_and_save(
    order: RecipeOrder, corpora: Sequence[Corpus], source: TableSource, log: TrainingLog
) -> tuple[Card, Path]:
    """Fit on all streams of some corpora, under all conditions of the recipe."""
    refuse_to_replace(order.folder, force=order.force)
    log.say(order.command)
    tables = [
        table
        for corpus in corpora
        for condition in order.recipe.train_conditions
        for table in source.tables(corpus, condition, TRAINING_KIND, (TRAINING_SEED,))
    ]
    with log.step(f"fit {order.recipe.name} on {sum(map(len, tables))} windows"):
        listener = order.recipe.fit(tables)
    if not isinstance(listener, DecisionClassifier):
        raise UsageError(f"recipe {order.recipe.name} is for comparing: it makes no model")
    card = _card(order, corpora, tables)
    files = {"training.log": log.text.encode()}
    return save_model(order.folder, card, listener.arrays, files, force=order.force)


def _card(order: RecipeOrder, corpora: Sequence[Corpus], tables: Sequence[StepTable]) -> Card:
    recipe, features = order.recipe, feature_set(order.recipe.feature_set)
    names = sorted(corpus.name for corpus in corpora)
    win, step = recipe.win_seconds, recipe.step_seconds
    return Card(
        name=order.name,
        kind=KIND,
        created=datetime.now(UTC).date().isoformat(),
        callmood_version=order.callmood_version,
        labels=LABELS,
        feature_set=features.name,
        feature_set_version=features.version,
        num_features=len(features.feature_names),
        sample_rate=features.sample_rate,
        win_seconds=win,
        step_seconds=step,
        allowed_win_seconds=(WIN_FACTORS[0] * win, WIN_FACTORS[1] * win),
        allowed_step_seconds=(STEP_FACTORS[0] * step, STEP_FACTORS[1] * step),
        notes=notes_of(names),
        weights_licence=weights_licence(names),
        commercial_use=commercial_use(names),
        data=tuple(_data_source(corpus, tables) for corpus in sorted(corpora, key=lambda each: each.name)),
        split=SPLIT.format(", ".join(names)) if order.figures else NOT_SCORED,
        scores=scores_of(order.figures) | {"conditions_fitted": list(recipe.train_conditions)},
        fails_on=fails_on(order.figures),
        recipe=order.command,
        seed=TRAINING_SEED,
        libraries={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
    )


def _data_source(corpus: Corpus, tables: Sequence[StepTable]) -> DataSource:
    speakers = {clip.speaker for clip in corpus.clips if clip.speaker is not None}
    num_windows = 0
    for table in tables:
        inside = (table.state == "speech") & (table.clip >= 0)
        num_windows += int((table.clips.corpus[table.clip[inside]] == corpus.name).sum())
    return DataSource(
        corpus.name, len(corpus.clips), len(speakers) or None, num_windows, licence_of(corpus.name).terms
    )


CORPORA: Final = "$CALLMOOD_CORPORA"
"""Stands for the folder of corpora, wherever it lies."""

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
"""Options of `callmood evaluate` that change a figure, in the order in which they are written."""


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


_MAX_BYTES: Final = 1_000_000
PLACES = ("corpus", "stream", "condition", "baseline", "uar")


def train_by_recipe(arguments: argparse.Namespace) -> "tuple[Card, Path]":
    """Fit one of the recipes of streams on corpora."""
    from rich.console import Console

    from callmood import __version__
    from callmood.evaluation.corpora import read_corpora
    from callmood.evaluation.corpus_tables import CorpusTables
    from callmood.evaluation.stream_tables import StepFeatures
    from trainer.feature_extraction import default_jobs
    from trainer.recipes.catalogue import find_recipe
    from trainer.training_log import TrainingLog

    _refuse_contradictions(arguments)
    recipe = find_recipe(arguments.recipe)
    names = [name for word in arguments.only for name in word.split(",") if name]
    corpora = read_corpora(arguments.data, learn_from=names).learned_from
    words = ["--recipe", recipe.name, "--name", arguments.name]
    words += ["--only", ",".join(names)] if names else []
    words += ["--scores", *map(str, arguments.scores)] if arguments.scores else []
    order = RecipeOrder(
        recipe,
        arguments.name,
        arguments.out,
        with_corpora("callmood train", words),
        __version__,
        [record for path in arguments.scores for record in read_figures(path)],
        arguments.force,
    )
    console = Console(stderr=True)
    log = TrainingLog(console)
    source = CorpusTables(
        StepFeatures(recipe.feature_set, recipe.win_seconds, recipe.step_seconds),
        arguments.jobs or default_jobs(),
        console,
        log,
    )
    return fit_and_save(order, corpora, source, log)


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
        figures = parse_value(raw)
    except JsonValueError as error:
        raise UsageError(f"{what} is no JSON of ours: {error}; {advice}") from error
    records = figures if isinstance(figures, list) else []
    if not records or not all(map(_is_record, records)):
        raise UsageError(f"{what} holds no records; {advice}")
    return records


def _is_record(value: object) -> bool:
    """Tell whether a value can stand on a card: it names its place, and its recalls are numbers by label."""
    if not isinstance(value, dict) or not set(PLACES) <= set(value):
        return False
    recalls = value.get("recalls")
    return (
        all(isinstance(value[name], str) for name in ("corpus", "stream", "condition"))
        and isinstance(value["baseline"], bool)
        and (
            recalls is None
            or (
                isinstance(recalls, dict)
                and all(number is None or isinstance(number, int | float) for number in recalls.values())
            )
        )
    )


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
