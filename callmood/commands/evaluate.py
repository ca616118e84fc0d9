"""`callmood evaluate`: how good a model or a recipe is, on streams made of whole corpora."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.model_choice import MODEL_HELP, files_of_model
from emotion.errors import OutputError, UsageError

if TYPE_CHECKING:
    from callmood.evaluation.corpora import Protocol, Settings
    from callmood.evaluation.report import Table
    from emotion.output_files import OutputFile, OutputFiles

SUMMARY: Final = "Score a model or a recipe on streams made of corpora: strangers, phone lines, noise."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--corpora", metavar="DIR", type=Path, required=True,
        help="a folder of corpora, each a folder with a manifest.csv; or one such corpus",
    )  # fmt: skip
    subject = parser.add_mutually_exclusive_group()
    subject.add_argument(
        "--model", metavar="MODEL", help=f"a fitted model, on data it never heard: {MODEL_HELP}"
    )
    subject.add_argument("--recipe", metavar="R", help="how a model is fitted: fitted anew for each fold")
    protocol = parser.add_mutually_exclusive_group()
    protocol.add_argument(
        "--leave-one-corpus-out", action="store_true",
        help="each corpus is scored by what was fitted on all the others (the default with --recipe)",
    )  # fmt: skip
    protocol.add_argument(
        "--leave-speakers-out", action="store_true",
        help="folds of speakers within each corpus, fitted within it",
    )  # fmt: skip
    parser.add_argument(
        "--only", metavar="NAMES", nargs="+", default=[],
        help="corpora to score (default: all with four emotions); others may still be learned from",
    )  # fmt: skip
    parser.add_argument(
        "--train-on", metavar="NAMES", nargs="+", default=[],
        help="corpora that may be learned from when corpora are left out (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--streams", metavar="KINDS", nargs="+", default=[],
        help="some of balanced, mostly-neutral, single (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--conditions", metavar="NAMES", nargs="+", default=[],
        help="some of clean, phone, noise10, or others that training knows (default: these three)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", metavar="N", type=int,
        help="orders of mostly-neutral and single streams (default: 5); balanced ones have one",
    )  # fmt: skip
    baseline = parser.add_mutually_exclusive_group()
    baseline.add_argument("--no-baseline", action="store_true", help="only without the speaker baseline")
    baseline.add_argument("--baseline", action="store_true", help="only with it (default: both)")
    parser.add_argument("--features", metavar="SET", help="another feature set for the recipe")
    parser.add_argument(
        "--sounds", metavar="DIR", type=Path,
        help="recordings without speech, such as music, that must show no emotion either",
    )  # fmt: skip
    parser.add_argument("--jobs", metavar="N", type=int, help="processes that compute (default: one a core)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures into this file as well")
    parser.add_argument("--out", metavar="DIR", type=Path, help="draw pictures into this folder")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.epilog = (
        "examples:\n"
        "  callmood evaluate --corpora corpora --recipe speech --json figures.json\n"
        "  callmood evaluate --corpora corpora --recipe speech --leave-speakers-out --only emodb,ravdess\n"
        "  callmood evaluate --corpora strangers --model speech --out pictures\n"
        "\n"
        "Names may be separated by commas or blanks. Without --model, --recipe and a protocol, the default\n"
        "model is scored where it was fitted on none of the corpora; else its recipe is, leaving one corpus\n"
        "out. Every labelled clip counts; its answer is the mean over the windows of which more than half\n"
        "lies in it.\n"
        "\n"
        "--json writes a list of records: corpus (or mean, over corpora), stream, condition, baseline, uar,\n"
        "uar_low and uar_high (95 % of 1000 draws of speakers), accuracy, ece (15 bins), brier, recalls,\n"
        "confusion, unsure_share (of windows of speech), selective_accuracy (the least certain 40 % of the\n"
        "clips left out), delay_median_seconds, false_emotion, clips (different recordings), answers (clips\n"
        "as placed in streams, all seeds pooled), orders (seeds), the command, and more.\n"
        "\n"
        "Windows, and what was said of them, are kept in .callmood-cache/, or in the folder that\n"
        "CALLMOOD_CACHE names: a second scoring takes seconds.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Score."""
    import json

    from rich.console import Console

    from callmood.evaluation.corpora import folds_of, read_corpora
    from callmood.evaluation.corpus_tables import CorpusTables
    from callmood.evaluation.protocol import Evaluation
    from callmood.evaluation.recipe_training import evaluate_command
    from callmood.evaluation.report import records, tables_of
    from callmood.evaluation.stream_tables import StepFeatures
    from callmood.evaluation.subject import choose_subject
    from emotion.output_files import OutputFiles
    from trainer.cache import Cache
    from trainer.feature_extraction import default_jobs
    from trainer.training_log import TrainingLog

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
    console = Console(stderr=True)
    log = TrainingLog(console)
    for remark in (*folder.remarks, *subject.remarks):
        log.say(f"note: {remark}")
    recipe = subject.recipe
    source = CorpusTables(
        StepFeatures(recipe.feature_set, recipe.win_seconds, recipe.step_seconds),
        arguments.jobs or default_jobs(),
        console,
        log,
        arguments.sounds,
    )
    evaluation = Evaluation(recipe, settings, source, Cache.of_kind("judged"), log)
    cells = evaluation.cells(folds)
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
        written = output.write((json.dumps(figures, indent=2, allow_nan=False) + "\n").encode())
        if note := output.note(written):
            log.say(f"note: {note}")
    sys.stdout.write(f"{subject.what} {recipe.name}, {subject.protocol.replace('-', ' ')}\n\n")
    _show(tables_of(figures))
    if pictures:
        from callmood.evaluation.report import draw_pictures

        for name, picture in draw_pictures(cells, recipe.name):
            if note := pictures[name].note(pictures[name].write(picture)):
                log.say(f"note: {note}")
        sys.stdout.write(f"\n{len(pictures)} pictures in {arguments.out}/")
    sys.stdout.write(f"\nscored in {time.monotonic() - began:.1f} s\n")
    return 0


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


def _show(tables: "Sequence[Table]") -> None:
    if not sys.stdout.isatty():
        from callmood.evaluation.report import plain_text

        sys.stdout.write(plain_text(tables))
        return
    from callmood.evaluation.report import print_tables

    print_tables(tables)
