"""`callmood bench`: what features, models and open streams cost, side by side with peers."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emotion.model import EmotionModel

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
    parser.add_argument(
        "--steps", metavar="N", type=int, default=DEFAULT_STEPS,
        help="steps behind each median (default: %(default)s); fewer for a trial",
    )  # fmt: skip
    parser.add_argument(
        "--model", metavar="NAME", action="append",
        help="a model to measure, by name or path; may be repeated (default: all that can listen)",
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
    from callmood.output_file import refuse_unwritable
    from emotion.errors import UsageError
    from evaluation.bench.threads import is_single_threaded

    if arguments.steps < 1:
        raise UsageError(f"--steps is {arguments.steps}; give at least 1, and 200 for figures to be quoted")
    for path in (arguments.report, arguments.json):
        refuse_unwritable(path)
    return _measure(arguments) if is_single_threaded() else _run_on_one_thread(arguments)


def _run_on_one_thread(arguments: argparse.Namespace) -> int:
    import subprocess
    import sys

    from evaluation.bench.threads import single_thread_environment

    words = [sys.executable, "-m", "callmood", "bench", "--steps", str(arguments.steps)]
    files = {"json": arguments.json, "report": arguments.report}
    words += [f"--{option}={path}" for option, path in files.items() if path is not None]
    words += [f"--model={name}" for name in arguments.model or ()]
    # Libraries read the number of threads when they are loaded: this process is too late for that.
    return subprocess.run(words, env=single_thread_environment(), check=False).returncode  # noqa: S603


def _measure(arguments: argparse.Namespace) -> int:
    import json
    import sys
    from functools import partial

    from rich.console import Console

    import callmood
    from callmood.output_file import write_text
    from emotion.model_folders import find_model
    from evaluation.bench.figures import figures
    from evaluation.bench.glance import at_a_glance
    from evaluation.bench.measurement import measure, require_peers
    from evaluation.bench.progress import progress_between_steps
    from evaluation.bench.report import markdown

    require_peers()
    page = arguments.report or (PAGE if Path("pyproject.toml").is_file() and PAGE.parent.is_dir() else None)
    models = [find_model(name) for name in arguments.model] if arguments.model else _models_that_listen()
    speech = Path(callmood.__file__).parent / "demo" / "speech.flac"
    open_bar = partial(progress_between_steps, Console(stderr=True))
    measurement = measure(models, speech, arguments.steps, open_bar)
    if arguments.json is not None:
        write_text(arguments.json, json.dumps(figures(measurement), indent=2, ensure_ascii=False) + "\n")
    if page is None:
        sys.stdout.write(markdown(measurement))
        return 0
    write_text(page, markdown(measurement))
    for line in at_a_glance(measurement):
        target = f"   ({line.target})" if line.target else ""
        sys.stdout.write(f"{line.what.replace('`', ''):70} {line.figure:>14}{target}\n")
    sys.stdout.write(f"all figures: {page}\n")
    return 0


def _models_that_listen() -> "list[EmotionModel]":
    from emotion.model import load_model, read_model_card
    from emotion.model_folders import model_folders

    return [load_model(folder) for folder in model_folders() if not read_model_card(folder).whole_clips]
