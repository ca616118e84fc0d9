"""`callmood train`: fit a model on a folder of recordings."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from emotion.errors import UsageError

if TYPE_CHECKING:
    from emotion.card import Card
    from trainer.dataset import Dataset
    from trainer.options import DataOptions, ModelPlace
    from trainer.progress import TrainingLog

Number = TypeVar("Number", int, float)

SUMMARY: Final = "Fit a model on recordings, and score it on speakers it was not fitted on."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "data", metavar="DATA", type=Path,
        help="folder with a folder for each emotion, corpus with a manifest.csv, or folder of such corpora",
    )  # fmt: skip
    parser.add_argument("--name", metavar="NAME", help="name for the model (default: that of DATA)")
    parser.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("models"),
        help="folder of models (default: %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="replace a model of this name")
    parser.add_argument("--jobs", metavar="N", type=int, help="number of processes (default: one a core)")
    data = parser.add_argument_group("the clips")
    data.add_argument(
        "--speakers", metavar="REGEX",
        help="find the speaker in the path of each clip below DATA: the first group, or all that matches "
        "(default: speakers are those of the manifest, else unknown)",
    )  # fmt: skip
    data.add_argument(
        "--map", metavar="WORD=EMOTION", action="append", default=[],
        help="take folders or labels of this name for an emotion; repeat for more (default: common words of "
        "thirteen languages)",
    )  # fmt: skip
    data.add_argument(
        "--licence", metavar="TEXT", help="licence of the clips, for the model's card (default: not stated)"
    )
    data.add_argument(
        "--only", metavar="NAMES", nargs="+", default=[], help="corpora to fit on (default: all)"
    )
    how = parser.add_argument_group("what is fitted")
    how.add_argument(
        "--recipe", choices=("article", "speech", "speech-light"), metavar="NAME",
        help="speech: as the shipped model of that name; speech-light: the same at an eighth of the cost; "
        "article: classic-33 of whole clips, no scaling, one split with seed 42 (default: speech, but for "
        "tones of `callmood generate` --features acoustic)",
    )  # fmt: skip
    how.add_argument(
        "--features", metavar="SET",
        help="fit a support vector machine on this feature set, see `callmood features` (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--scores", metavar="FILE", type=Path, nargs="+", default=[],
        help="files from `callmood evaluate --json` to go into the card of a recipe, instead of scores on "
        "the clips themselves (default: none)",
    )  # fmt: skip
    machine = parser.add_argument_group("the support vector machine of --features")
    machine.add_argument("--win", metavar="S", type=float, help="window length in seconds (default: 2)")
    machine.add_argument(
        "--step", metavar="S", type=float, help="seconds between window starts (default: 0.5)"
    )
    machine.add_argument(
        "--whole-clips",
        action="store_true",
        help="fit on one vector for each clip: the model predicts files and cannot listen",
    )
    machine.add_argument(
        "--max-windows", metavar="N", type=int,
        help="most windows to fit on, balanced over emotions and corpora (default: 6000)",
    )  # fmt: skip
    machine.add_argument("--seed", metavar="N", type=int, help="seed of all random draws (default: 0)")
    parser.epilog = (
        "The model is scored on speakers that it was not fitted on: a recipe in five folds, a support vector "
        "machine on a fifth of the speakers. Where speakers are unknown it is scored on other clips of the "
        "same voices, and learns nothing of a voice. Features are cached in .callmood-cache/, or in the "
        "folder that CALLMOOD_CACHE names.\n"
        "\n"
        "examples:\n"
        "  callmood train my-recordings\n"
        "  callmood train my-recordings --speakers '[^/]+(?=_)' --licence 'CC BY 4.0'\n"
        "  callmood train my-recordings --map calm=neutral --name calm-too\n"
        "  callmood train dataset --name as-in-the-article --recipe article\n"
        "  callmood train corpora --name machine --features classic-speech --win 2 --step 0.5\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    _refuse_contradictions(arguments)
    from rich.console import Console

    from emotion.errors import require

    for module in ("joblib", "scipy", "sklearn"):
        require(module, "train")
    from trainer.options import DataOptions, ModelPlace
    from trainer.plots import matplotlib_part
    from trainer.progress import TrainingLog, default_jobs

    matplotlib_part("figure")
    data = DataOptions(
        arguments.data,
        arguments.speakers,
        tuple(arguments.map),
        arguments.licence,
        tuple(dict.fromkeys(name for word in arguments.only for name in word.split(",") if name)),
    )
    name = arguments.data.resolve().name if arguments.name is None else arguments.name
    place = ModelPlace(name, arguments.out, arguments.force)
    place.check()
    log = TrainingLog(Console(stderr=True))
    if arguments.recipe == "article" or arguments.features is not None:
        done = _train_machine(arguments, arguments.features or "classic-33", data, place, log)
    else:
        dataset = data.read()
        recipe = arguments.recipe or _best_for(dataset, log)
        if recipe is None:
            done = _train_machine(arguments, "acoustic", data, place, log)
        else:
            from callmood.evaluation.recipe_training import RecipeOrder, train_by_recipe
            from trainer.recipes.catalogue import find_recipe

            _refuse_options_of_machines(arguments, recipe)
            order = RecipeOrder(find_recipe(recipe), data, place, tuple(arguments.scores))
            done = train_by_recipe(order, dataset, _given(arguments.jobs, default_jobs()), log)
    card, folder, report = done
    sys.stdout.write(f"{report}\n" if report else "")
    _tell(card, folder, arguments, name)
    return 0


def _best_for(dataset: "Dataset", log: "TrainingLog") -> str | None:
    """Choose a recipe, or None for a support vector machine, and say which."""
    from callmood.evaluation.held_out import voices_of
    from trainer.dataset import SYNTHETIC_CORPUS

    clips = [clip for clip in dataset.clips if clip.corpus != SYNTHETIC_CORPUS]
    if not clips:
        log.say(
            "taken: --features acoustic, as these are tones of callmood generate; "
            "there are also other feature sets (callmood features) and --recipe article"
        )
        return None
    voices = voices_of(clips)
    if voices.are_learned:
        why = f"it learns the voices of callers, as {voices.num_speakers} speakers are known"
    elif voices.num_speakers:
        why = "it learns no voices: that takes two speakers, each in several emotions"
    else:
        why = "it learns no voices, as speakers are unknown: a manifest or --speakers tells them"
    log.say(f"taken: --recipe speech, {why}; there are also --recipe speech-light and --features SET")
    return "speech"


def _train_machine(
    arguments: argparse.Namespace,
    features: str,
    data: "DataOptions",
    place: "ModelPlace",
    log: "TrainingLog",
) -> "tuple[Card, Path, str]":
    """Fit a support vector machine on windows, or on whole clips."""
    from callmood import __version__
    from trainer.options import (
        DEFAULT_MAX_WINDOWS,
        DEFAULT_STEP_SECONDS,
        DEFAULT_WIN_SECONDS,
        TrainingOptions,
    )
    from trainer.progress import default_jobs
    from trainer.train import ARTICLE_SEED, train

    if arguments.scores:
        raise UsageError("--scores is for --recipe speech or speech-light; leave it out")
    article = arguments.recipe == "article"
    whole_clips = arguments.whole_clips or article
    options = TrainingOptions(
        data=data,
        place=place,
        feature_set=features,
        win_seconds=None if whole_clips else _given(arguments.win, DEFAULT_WIN_SECONDS),
        step_seconds=None if whole_clips else _given(arguments.step, DEFAULT_STEP_SECONDS),
        seed=ARTICLE_SEED if article else _given(arguments.seed, 0),
        jobs=_given(arguments.jobs, default_jobs()),
        max_windows=_given(arguments.max_windows, DEFAULT_MAX_WINDOWS),
        callmood_version=__version__,
        article=article,
    )
    return train(options, log)


def _tell(card: "Card", folder: Path, arguments: argparse.Namespace, name: str) -> None:
    from emotion.model import as_path

    place = arguments.out / folder.name
    use = f"use it with --model {shlex.quote(as_path(place))}"
    sys.stdout.write(f"model {card.name} written to {place}/; {use}\n")
    if folder.name != name:
        sys.stdout.write(f"note: {folder.with_name(name)} appeared meanwhile and was left alone\n")
    for note in card.notes:
        sys.stdout.write(f"note: {note}\n")


def _given(value: Number | None, default: Number) -> Number:
    return default if value is None else value


def _machine_values(arguments: argparse.Namespace) -> list[str]:
    given = {
        "--win": arguments.win,
        "--step": arguments.step,
        "--whole-clips": arguments.whole_clips or None,
        "--max-windows": arguments.max_windows,
        "--seed": arguments.seed,
    }
    return [option for option, value in given.items() if value is not None]


def _refuse_options_of_machines(arguments: argparse.Namespace, recipe: str) -> None:
    for option in _machine_values(arguments):
        raise UsageError(f"--recipe {recipe} decides about {option}; leave it out, or give --features SET")


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    if arguments.whole_clips and (arguments.win is not None or arguments.step is not None):
        raise UsageError(
            "--whole-clips leaves no windows to give --win or --step for; leave one or the other out"
        )
    if arguments.recipe is not None:
        if arguments.features is not None:
            raise UsageError(f"--recipe {arguments.recipe} decides about --features; leave one of them out")
        _refuse_options_of_machines(arguments, arguments.recipe)
