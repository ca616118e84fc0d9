"""`callmood train`: from a folder of recordings to a model."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from emotion.errors import UsageError

if TYPE_CHECKING:
    from emotion.card import Card

Number = TypeVar("Number", int, float)

SUMMARY: Final = "Fit a model on recordings, and say how good it is on speakers it has not heard."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "data", metavar="DATA", type=Path,
        help="a folder with a folder an emotion, a corpus with its manifest.csv, or a folder of such corpora",
    )  # fmt: skip
    parser.add_argument("--name", metavar="NAME", required=True, help="of the model")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("models"), help="where models lie (default: models)"
    )
    parser.add_argument(
        "--features", metavar="SET", help="feature set, see `callmood features` (default: classic; "
        "classic-speech is for voices on any line, whatever their level)",
    )  # fmt: skip
    parser.add_argument("--win", metavar="S", type=float, help="length of a window, s (default: 2)")
    parser.add_argument(
        "--step", metavar="S", type=float, help="from one window to the next, s (default: 0.5)"
    )
    parser.add_argument(
        "--whole-clips",
        action="store_true",
        help="one vector a clip: the model predicts files and cannot listen",
    )
    parser.add_argument(
        "--recipe", choices=("article", "speech", "speech-light"),
        help="article: classic-33 of whole clips, no scaling, one split with seed 42; speech, speech-light: "
        "as the shipped models are made, on streams of corpora, under many conditions",
    )  # fmt: skip
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="decides whatever is drawn (default: 0)"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=int, help="processes that compute features (default: one a core)"
    )
    parser.add_argument(
        "--max-windows", metavar="N", type=int,
        help="windows to fit on, balanced over emotions and corpora; more: larger, slower (default: 6000)",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace a model of this name")
    parser.add_argument(
        "--only", metavar="NAMES", nargs="+", default=[],
        help="corpora to fit a recipe of streams on (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--scores", metavar="FILE", type=Path, nargs="+", default=[],
        help="what `callmood evaluate --json` wrote of the same recipe, for the card; any number of files",
    )  # fmt: skip
    parser.epilog = (
        "examples:\n"
        "  callmood generate && callmood train dataset --name tones\n"
        "  callmood train corpora --name voices --features classic-speech --win 2 --step 0.5\n"
        "  callmood train dataset --name as-in-the-article --recipe article\n"
        "  callmood train corpora --name mine --recipe speech --scores figures.json\n"
        "\n"
        "A fifth of the speakers (of the clips, where speakers are unknown) is kept for the test.\n"
        "Features are kept in .callmood-cache/, or in the folder that CALLMOOD_CACHE names.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    _refuse_contradictions(arguments)
    from rich.console import Console

    from callmood import __version__
    from emotion.extras import require

    for module in ("joblib", "sklearn"):
        require(module, "train")
    from trainer.plots import matplotlib_part

    if arguments.recipe not in {None, "article"}:
        from callmood.evaluation.recipe_training import train_by_recipe

        _tell(*train_by_recipe(arguments), arguments)
        return 0
    matplotlib_part("figure")
    from trainer.feature_extraction import default_jobs
    from trainer.options import (
        DEFAULT_MAX_WINDOWS,
        DEFAULT_STEP_SECONDS,
        DEFAULT_WIN_SECONDS,
        TrainingOptions,
    )
    from trainer.train import ARTICLE_SEED, train
    from trainer.training_log import TrainingLog

    article = arguments.recipe == "article"
    whole_clips = arguments.whole_clips or article
    options = TrainingOptions(
        data=arguments.data,
        name=arguments.name,
        out=arguments.out,
        feature_set="classic-33" if article else arguments.features or "classic",
        win_seconds=None if whole_clips else _given(arguments.win, DEFAULT_WIN_SECONDS),
        step_seconds=None if whole_clips else _given(arguments.step, DEFAULT_STEP_SECONDS),
        recipe="article" if article else "house",
        seed=ARTICLE_SEED if article else arguments.seed,
        jobs=_given(arguments.jobs, default_jobs()),
        max_windows=_given(arguments.max_windows, DEFAULT_MAX_WINDOWS),
        callmood_version=__version__,
        force=arguments.force,
    )
    card, folder, report = train(options, TrainingLog(Console(stderr=True)))
    sys.stdout.write(f"{report}\n")
    _tell(card, folder, arguments)
    return 0


def _tell(card: "Card", folder: Path, arguments: argparse.Namespace) -> None:
    from emotion.model_folders import as_path

    place = arguments.out / folder.name
    use = f"use it with --model {shlex.quote(as_path(place))}"
    sys.stdout.write(f"model {card.name} written to {place}/; {use}\n")
    if folder.name != arguments.name:
        sys.stdout.write(f"note: {folder.with_name(arguments.name)} appeared meanwhile and was left alone\n")
    for note in card.notes:
        sys.stdout.write(f"note: {note}\n")


def _given(value: Number | None, default: Number) -> Number:
    return default if value is None else value


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    windows = arguments.win is not None or arguments.step is not None
    if arguments.whole_clips and windows:
        raise UsageError(
            "--whole-clips leaves no windows to give --win or --step for; leave one or the other out"
        )
    if arguments.recipe == "article" and (windows or arguments.features not in {None, "classic-33"}):
        raise UsageError(
            "--recipe article takes classic-33 of whole clips; leave out --features, --win and --step"
        )
    if arguments.recipe in {None, "article"}:
        for option, value in (("--only", arguments.only), ("--scores", arguments.scores)):
            if value:
                raise UsageError(f"{option} is for recipes of streams; leave it out, or give --recipe speech")
