"""`callmood evaluate`: score a model or a recipe on streams made of whole corpora."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.model_choice import MODEL_HELP, files_of_model
from emotion.errors import OutputError, UsageError, require

if TYPE_CHECKING:
    from callmood.evaluation.corpora import Protocol, Settings
    from emotion.output_files import OutputFile, OutputFiles
    from trainer.progress import TrainingLog

SUMMARY: Final = "Score a model or a recipe on streams of unknown speakers: clean, by phone, in noise."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--corpora", metavar="DIR", type=Path, required=True,
        help="folder of corpora, each a folder with a manifest.csv, or one such corpus",
    )  # fmt: skip
    subject = parser.add_mutually_exclusive_group()
    subject.add_argument(
        "-m",
        "--model",
        metavar="MODEL",
        help=f"fitted model to score on data it was not fitted on: {MODEL_HELP} (default: speech)",
    )
    subject.add_argument(
        "--recipe",
        metavar="NAME",
        help="recipe to score, fitted anew for each fold: linear, speech or speech-light (default: that of "
        "the default model, where it was fitted on one of the corpora)",
    )
    protocol = parser.add_mutually_exclusive_group()
    protocol.add_argument(
        "--leave-one-corpus-out", action="store_true",
        help="score each corpus by what was fitted on all others (default with --recipe)",
    )  # fmt: skip
    protocol.add_argument(
        "--leave-speakers-out", action="store_true",
        help="score folds of speakers within each corpus, fitted within it",
    )  # fmt: skip
    parser.add_argument(
        "--only", metavar="NAMES", nargs="+", default=[],
        help="corpora to score; all are still learned from (default: those with all four emotions)",
    )  # fmt: skip
    parser.add_argument(
        "--train-on", metavar="NAMES", nargs="+", default=[],
        help="corpora to learn from when one corpus is left out (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--streams", metavar="KINDS", nargs="+", default=[],
        help="kinds of streams: balanced, mostly-neutral, single, line (default: the first three)",
    )  # fmt: skip
    parser.add_argument(
        "--conditions", metavar="NAMES", nargs="+", default=[],
        help="conditions of the sound, such as reverb+phone (default: clean, phone, noise10)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", metavar="N", type=int,
        help="number of orders of mostly-neutral and single streams (default: 5)",
    )  # fmt: skip
    baseline = parser.add_mutually_exclusive_group()
    baseline.add_argument(
        "--no-baseline", action="store_true", help="score without the speaker baseline only (default: both)"
    )
    baseline.add_argument(
        "--baseline", action="store_true", help="score with the speaker baseline only (default: both)"
    )
    parser.add_argument(
        "--features", metavar="SET", help="feature set, see `callmood features` (default: the recipe's)"
    )
    parser.add_argument(
        "--sounds", metavar="DIR", type=Path,
        help="folder of recordings without speech, such as music, which must show no emotion (default: none)",
    )  # fmt: skip
    parser.add_argument("--jobs", metavar="N", type=int, help="number of processes (default: one a core)")
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="write the figures to FILE as JSON (default: none)"
    )
    parser.add_argument(
        "-o", "--out", metavar="DIR", type=Path, help="folder to draw pictures into (default: none)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.epilog = (
        "Separate names by commas or blanks. Without --model, --recipe and a protocol, the default model "
        "is scored if it was fitted on none of the corpora; otherwise its recipe is, leaving one corpus "
        "out. Every labelled clip counts; its answer is the mean over the windows that lie in it by more "
        "than half.\n"
        "\n"
        "--streams line scores balanced streams on a line on which others were heard before, in 10 orders: "
        "line-1-balanced, line-3-balanced and line-8-balanced by their number, line-3-neutral and "
        "line-3-angry where 80 % of their clips were so, and lines that are not the caller's: "
        "line-3-other-corpus, and line-3-by-phone for clean sound. The line is known and the voice is not; "
        "in line-3-balanced with a baseline both are, in balanced without one neither is. In first-4 and "
        "line-3-first-4 a caller says four clips only. Beside mostly-neutral and single, "
        "mostly-neutral-on-line-3 and single-on-line-3 are those streams on a line.\n"
        "\n"
        "--json writes a list of records: corpus (or mean, over corpora), stream, condition, baseline, "
        "uar, uar_low and uar_high (95 % of 1000 draws of speakers), accuracy, ece (15 bins), brier, "
        "recalls, confusion, unsure_share (of windows of speech), selective_accuracy (the least certain 40 "
        "% of the clips left out), delay_median_seconds, false_emotion, clips (different recordings), "
        "answers (clips as placed in streams, all seeds pooled), orders (seeds), the command, and more.\n"
        "\n"
        "Features and answers of windows are cached in .callmood-cache/, or in the folder that "
        "CALLMOOD_CACHE names: a second scoring takes seconds.\n"
        "\n"
        "examples:\n"
        "  callmood evaluate --corpora corpora --recipe speech --json figures.json\n"
        "  callmood evaluate --corpora corpora --recipe speech --leave-speakers-out --only emodb,ravdess\n"
        "  callmood evaluate --corpora other-corpora -m speech -o pictures\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Score."""
    import json

    from rich.console import Console

    for module in ("joblib", "scipy", "sklearn"):
        require(module, "train")
    from callmood.evaluation.corpora import folds_of, read_corpora
    from callmood.evaluation.protocol import Evaluation
    from callmood.evaluation.recipe_training import evaluate_command
    from callmood.evaluation.report import draw_pictures, plain_text, print_tables, records, tables_of
    from callmood.evaluation.stream_tables import CorpusTables, StepFeatures
    from callmood.evaluation.subject import choose_subject
    from emotion.output_files import OutputFiles
    from trainer.cache import Cache
    from trainer.progress import TrainingLog, default_jobs

    began = time.monotonic()
    settings = _settings(arguments)
    read = [arguments.corpora, *([] if arguments.sounds is None else [arguments.sounds])]
    read += [] if arguments.model is None else files_of_model(arguments.model)
    outputs = OutputFiles(force=arguments.force, inputs=read)
    output = None if arguments.json is None else outputs.claim(arguments.json, "--json")
    pictures = {} if arguments.out is None else _claim_pictures(outputs, arguments.out, settings)
    folder = read_corpora(arguments.corpora, _names(arguments.only), _names(arguments.train_on))
    subject = choose_subject(
        folder,
        model=arguments.model,
        recipe=arguments.recipe,
        protocol=_protocol(arguments),
        features=arguments.features,
    )
    folds = folds_of(subject.protocol, folder)
    log = TrainingLog(Console(stderr=True))
    for remark in (*folder.remarks, *subject.remarks):
        log.say(f"note: {remark}")
    recipe = subject.recipe
    jobs = arguments.jobs or default_jobs()
    source = CorpusTables(StepFeatures.of(recipe), jobs, log, arguments.sounds)
    cache = Cache.of_kind("judged")
    cells = Evaluation(recipe, settings, source.tables, source.non_speech, cache, log).cells(folds)
    facts = {
        "protocol": subject.protocol,
        subject.what: recipe.name,
        "learned_from": sorted({corpus.name for fold in folds for corpus, _ in fold.training}),
        "command": evaluate_command(arguments),
    }
    figures = records(cells, facts)
    for record in figures:
        record["orders"] = len(settings.seeds(record["stream"]))
    if output is not None:
        _write(output, (json.dumps(figures, indent=2, allow_nan=False) + "\n").encode(), log)
    sys.stdout.write(f"{subject.what} {recipe.name}, {subject.protocol.replace('-', ' ')}\n\n")
    tables = tables_of(figures)
    if sys.stdout.isatty():
        print_tables(tables)
    else:
        sys.stdout.write(plain_text(tables))
    if pictures:
        drawn = [cell for cell in cells if cell.stream in settings.kinds]
        for name, picture in draw_pictures(drawn, recipe.name):
            _write(pictures[name], picture, log)
        sys.stdout.write(f"\n{len(pictures)} pictures in {arguments.out}/")
    sys.stdout.write(f"\nscored in {time.monotonic() - began:.1f} s\n")
    return 0


def _write(output: "OutputFile", content: bytes, log: "TrainingLog") -> None:
    if note := output.note(output.write(content)):
        log.say(f"note: {note}")


def _claim_pictures(outputs: "OutputFiles", folder: Path, settings: "Settings") -> "dict[str, OutputFile]":
    """Make the folder, and claim each picture before minutes are spent."""
    from callmood.evaluation.report import picture_names
    from trainer.plots import matplotlib_part

    matplotlib_part("figure")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}: {error.strerror}; name another with --out"
        ) from error
    return {name: outputs.claim(folder / name, "--out") for name in picture_names(settings)}


def _settings(arguments: argparse.Namespace) -> "Settings":
    from callmood.evaluation.corpora import settings_of

    if arguments.seeds is not None and arguments.seeds < 1:
        raise UsageError(f"--seeds is {arguments.seeds}; give at least 1, and 5 for figures to be quoted")
    if arguments.jobs is not None and arguments.jobs < 1:
        raise UsageError(f"--jobs is {arguments.jobs}; give at least 1")
    baselines = (False,) if arguments.no_baseline else (True,) if arguments.baseline else (False, True)
    return settings_of(_names(arguments.streams), _names(arguments.conditions), baselines, arguments.seeds)


def _protocol(arguments: argparse.Namespace) -> "Protocol | None":
    if arguments.leave_one_corpus_out:
        return "leave-one-corpus-out"
    return "leave-speakers-out" if arguments.leave_speakers_out else None


def _names(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for word in words for name in word.split(",") if name))
