"""Measure the cost of a step: features, models and open streams, side by side with peers."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.model_choice import MODEL_HELP

if TYPE_CHECKING:
    from emotion.model import EmotionModel
    from emotion.output_files import OutputFile

SUMMARY: Final = "Measure what a step costs, against librosa, openSMILE, wav2vec2-base and the bare FFTs."
DEFAULT_STEPS: Final = 200
PAGE: Final = Path("docs", "benchmarks.md")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options.

    Parameters
    ----------
    parser : ArgumentParser
        That of the command.
    """
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures into this file as well")
    parser.add_argument(
        "--report", metavar="FILE", type=Path,
        help=f"where the page goes (default: {PAGE} in a checkout, else standard output)",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument(
        "--steps", metavar="N", type=int, default=DEFAULT_STEPS,
        help="steps behind each median (default: %(default)s); fewer for a trial",
    )  # fmt: skip
    parser.add_argument(
        "--model", metavar="MODEL", action="append",
        help=f"{MODEL_HELP}; may be repeated (default: all that came with it and can listen)",
    )  # fmt: skip
    parser.epilog = (
        "examples:\n"
        "  callmood bench\n"
        "  callmood bench --json figures.json\n"
        "  callmood bench --steps 20 --model speech-classic --report trial.md\n"
        "\n"
        "It takes a few minutes on one core and needs its peers: pip install 'callmood[bench]'. Figures are\n"
        "best taken on a machine that does nothing else; the page says how they are kept from noise.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, here or in a process that was started for one thread.

    Parameters
    ----------
    arguments : Namespace
        As `configure` declares them.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If an option makes no sense.
    MissingExtraError
        If a peer is not installed.
    ModelError
        If a model is missing or does not load.
    OutputError
        If a file cannot be written.
    """
    from benchmarks.single_thread import is_single_threaded
    from emotion.errors import UsageError

    if arguments.steps < 1:
        raise UsageError(f"--steps is {arguments.steps}; give at least 1, and 200 for figures to be quoted")
    report, figures_file = _claim(arguments)
    return (
        _measure(arguments, report, figures_file) if is_single_threaded() else _run_on_one_thread(arguments)
    )


def _claim(arguments: argparse.Namespace) -> "tuple[OutputFile | None, OutputFile | None]":
    """Claim the page and the file of figures, before minutes are spent."""
    from emotion.output_files import OutputFiles

    page = arguments.report or (PAGE if Path("pyproject.toml").is_file() and PAGE.parent.is_dir() else None)
    outputs = OutputFiles(force=arguments.force)
    return (
        None if page is None else outputs.claim(page, "--report"),
        None if arguments.json is None else outputs.claim(arguments.json, "--json"),
    )


def _run_on_one_thread(arguments: argparse.Namespace) -> int:
    import subprocess

    from benchmarks.single_thread import single_thread_environment

    words = [sys.executable, "-m", "callmood", "bench", "--steps", str(arguments.steps)]
    files = {"json": arguments.json, "report": arguments.report}
    words += [f"--{option}={path}" for option, path in files.items() if path is not None]
    words += ["--force"] if arguments.force else []
    words += [f"--model={name}" for name in arguments.model or ()]
    # Libraries read the number of threads when they are loaded: this process is too late for that.
    return subprocess.run(words, env=single_thread_environment(), check=False).returncode


def _measure(
    arguments: argparse.Namespace, report: "OutputFile | None", figures_file: "OutputFile | None"
) -> int:
    import json
    from functools import partial

    from rich.console import Console

    import callmood
    from benchmarks.measurement import measure, require_peers
    from benchmarks.page import at_a_glance, figures, markdown
    from benchmarks.timing import progress_between_steps
    from callmood.model_choice import choose_model

    require_peers()
    models = [choose_model(name) for name in arguments.model] if arguments.model else _models_that_listen()
    speech = Path(callmood.__file__).parent / "demo" / "speech.flac"
    open_bar = partial(progress_between_steps, Console(stderr=True))
    measurement = measure(models, speech, arguments.steps, open_bar)
    if figures_file is not None:
        text = json.dumps(figures(measurement), indent=2, ensure_ascii=False) + "\n"
        _say_note(figures_file, figures_file.write(text.encode()))
    if report is None:
        sys.stdout.write(markdown(measurement))
        return 0
    written = report.write(markdown(measurement).encode())
    _say_note(report, written)
    for line in at_a_glance(measurement):
        target = f"   ({line.target})" if line.target else ""
        sys.stdout.write(f"{line.what.replace('`', ''):70} {line.figure:>14}{target}\n")
    sys.stdout.write(f"all figures: {written}\n")
    return 0


def _say_note(output: "OutputFile", written: Path) -> None:
    if note := output.note(written):
        sys.stderr.write(f"note: {note}\n")


def _models_that_listen() -> "list[EmotionModel]":
    from emotion.model import load_model, read_model_card
    from emotion.model_folders import model_folders

    return [load_model(folder) for folder in model_folders() if not read_model_card(folder).whole_clips]
