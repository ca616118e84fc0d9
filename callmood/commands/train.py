"""`callmood train`: fit a model on a folder of recordings."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from emotion.errors import UsageError

if TYPE_CHECKING:
    from emotion.card import Card

Number = TypeVar("Number", int, float)

SUMMARY: Final = "Fit a model on recordings, and score it on speakers it was not fitted on."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "data", metavar="DATA", type=Path,
        help="folder with a folder for each emotion, corpus with a manifest.csv, or folder of such corpora",
    )  # fmt: skip
    parser.add_argument("--name", metavar="NAME", required=True, help="name for the model")
    parser.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("models"),
        help="folder of models (default: %(default)s)",
    )
    parser.add_argument(
        "--features", metavar="SET",
        help="feature set, see `callmood features`; classic-speech suits any level and phone lines "
        "(default: classic)",
    )  # fmt: skip
    parser.add_argument("--win", metavar="S", type=float, help="window length in seconds (default: 2)")
    parser.add_argument(
        "--step", metavar="S", type=float, help="seconds between window starts (default: 0.5)"
    )
    parser.add_argument(
        "--whole-clips",
        action="store_true",
        help="fit on one vector for each clip: the model predicts files and cannot listen",
    )
    parser.add_argument(
        "--recipe", choices=("article", "speech", "speech-light"),
        metavar="NAME",
        help="article: classic-33 of whole clips, no scaling, one split with seed 42; speech, speech-light: "
        "as the shipped models are fitted, on streams of corpora, under many conditions (default: a support "
        "vector machine on windows)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="seed of all random draws (default: %(default)s)"
    )
    parser.add_argument("--jobs", metavar="N", type=int, help="number of processes (default: one a core)")
    parser.add_argument(
        "--max-windows", metavar="N", type=int,
        help="most windows to fit on, balanced over emotions and corpora (default: 6000)",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace a model of this name")
    parser.add_argument(
        "--only", metavar="NAMES", nargs="+", default=[],
        help="corpora to fit on, for --recipe speech or speech-light (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--scores", metavar="FILE", type=Path, nargs="+", default=[],
        help="files from `callmood evaluate --json` for the same recipe, to go into the card (default: none)",
    )  # fmt: skip
    parser.epilog = (
        "A fifth of the speakers (of the clips, if speakers are unknown) is kept for the test. Features "
        "are cached in .callmood-cache/, or in the folder that CALLMOOD_CACHE names.\n"
        "\n"
        "examples:\n"
        "  callmood train dataset --name tones\n"
        "  callmood train corpora --name voices --features classic-speech --win 2 --step 0.5\n"
        "  callmood train dataset --name as-in-the-article --recipe article\n"
        "  callmood train corpora --name mine --recipe speech --scores figures.json\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    _refuse_contradictions(arguments)
    from rich.console import Console

    from callmood import __version__
    from emotion.errors import require

    for module in ("joblib", "sklearn"):
        require(module, "train")
    from trainer.plots import matplotlib_part

    if arguments.recipe not in {None, "article"}:
        from callmood.evaluation.recipe_training import train_by_recipe

        _tell(*train_by_recipe(arguments), arguments)
        return 0
    matplotlib_part("figure")
    from trainer.options import (
        DEFAULT_MAX_WINDOWS,
        DEFAULT_STEP_SECONDS,
        DEFAULT_WIN_SECONDS,
        TrainingOptions,
    )
    from trainer.progress import TrainingLog, default_jobs
    from trainer.train import ARTICLE_SEED, train

    article = arguments.recipe == "article"
    whole_clips = arguments.whole_clips or article
    options = TrainingOptions(
        data=arguments.data,
        name=arguments.name,
        out=arguments.out,
        feature_set="classic-33" if article else arguments.features or "classic",
        win_seconds=None if whole_clips else _given(arguments.win, DEFAULT_WIN_SECONDS),
        step_seconds=None if whole_clips else _given(arguments.step, DEFAULT_STEP_SECONDS),
        seed=ARTICLE_SEED if article else arguments.seed,
        jobs=_given(arguments.jobs, default_jobs()),
        max_windows=_given(arguments.max_windows, DEFAULT_MAX_WINDOWS),
        callmood_version=__version__,
        article=article,
        force=arguments.force,
    )
    card, folder, report = train(options, TrainingLog(Console(stderr=True)))
    sys.stdout.write(f"{report}\n")
    _tell(card, folder, arguments)
    return 0


def _tell(card: "Card", folder: Path, arguments: argparse.Namespace) -> None:
    from emotion.model import as_path

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
