"""`callmood train --recipe NAME`: what the words of a user come to."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood.portable_command import with_corpora
from emotion.errors import UsageError
from emotion.json_values import JsonValueError, parse_value

if TYPE_CHECKING:
    from emotion.card import Card

_MAX_BYTES: Final = 1_000_000
PLACES = ("corpus", "stream", "condition", "baseline", "uar")


def train_by_recipe(arguments: argparse.Namespace) -> "tuple[Card, Path]":
    """Fit one of the recipes of streams on corpora.

    Parameters
    ----------
    arguments : Namespace
        Of `callmood train`.

    Returns
    -------
    card : Card
        As written.
    folder : Path
        Where the model lies.

    Raises
    ------
    UsageError
        If an option makes no sense with a recipe, or the scores are no scores.
    DatasetError, OutputError
        If there is too little to fit on, or the model cannot be written.
    """
    from rich.console import Console

    from callmood import __version__
    from evaluation.protocols.corpora import read_corpora
    from evaluation.protocols.corpus_tables import CorpusTables
    from evaluation.recipe_model import RecipeOrder, fit_and_save
    from evaluation.streams.hear import StepFeatures
    from trainer.recipes.catalogue import find_recipe
    from trainer.training_log import TrainingLog
    from trainer.windows.extraction import default_jobs

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
    """Read what `callmood evaluate --json` wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of dict
        Its records.

    Raises
    ------
    UsageError
        If it cannot be read, or is something else.
    """
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
