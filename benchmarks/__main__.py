"""Measure the cost of a step: features, models and open streams, side by side with peers."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.pages import DOCS, ROOT, SPEECH, exit_code, parser
from benchmarks.single_thread import is_single_threaded, run_again_on_one_thread
from callmood.model_choice import MODEL_HELP, choose_model
from emotion.errors import UsageError
from emotion.output_files import OutputFile, OutputFiles

if TYPE_CHECKING:
    from emotion.model import EmotionModel

PAGE: Final = DOCS / "benchmarks.md"
EXAMPLES: Final = """\
examples:
  python -m benchmarks --force                write docs/benchmarks.md again, as `make bench` does
  python -m benchmarks --json figures.json --report page.md
  python -m benchmarks --steps 20 --model speech-classic --report trial.md       a trial, not to be quoted

It takes a few minutes a model on one core and needs its peers: pip install 'callmood[bench]'. Run it on a
machine that does nothing else; the page says how each figure is protected from noise.
"""


def main() -> int:
    """Read the command line and measure, in a process started for one thread."""
    options = parser(
        "Measure what a step costs, against librosa, openSMILE, wav2vec2-base and the bare FFTs.", EXAMPLES
    )
    options.prog = "python -m benchmarks"
    options.add_argument("--json", metavar="FILE", type=Path, help="write the figures to this file as well")
    options.add_argument(
        "--report", metavar="FILE", type=Path, default=PAGE,
        help=f"write the page to this file (default: {PAGE.relative_to(ROOT)})",
    )  # fmt: skip
    options.add_argument("--force", action="store_true", help="replace files that exist")
    options.add_argument(
        "--steps", metavar="N", type=int, default=200, help="steps behind each median (default: %(default)s)"
    )
    options.add_argument(
        "--model", metavar="MODEL", action="append",
        help=f"{MODEL_HELP}; may be repeated (default: all shipped models that can listen)",
    )  # fmt: skip
    arguments = options.parse_args()
    return exit_code("benchmarks", partial(_run, arguments))


def _run(arguments: argparse.Namespace) -> int:
    if arguments.steps < 1:
        raise UsageError(f"--steps is {arguments.steps}; give at least 1, and 200 for figures to be quoted")
    # Claimed before minutes are spent.
    outputs = OutputFiles(force=arguments.force)
    report = outputs.claim(arguments.report, "--report")
    figures_file = None if arguments.json is None else outputs.claim(arguments.json, "--json")
    if is_single_threaded():
        _measure(arguments, report, figures_file)
        return 0
    return run_again_on_one_thread("benchmarks")


def _measure(arguments: argparse.Namespace, report: OutputFile, figures_file: OutputFile | None) -> None:
    from rich.console import Console

    from benchmarks.measurement import measure, require_peers
    from benchmarks.report import at_a_glance, figures, markdown
    from benchmarks.timing import progress_between_steps

    require_peers()
    models = [choose_model(name) for name in arguments.model] if arguments.model else models_that_listen()
    open_bar = partial(progress_between_steps, Console(stderr=True))
    measurement = measure(models, SPEECH, arguments.steps, open_bar)
    if figures_file is not None:
        _write(figures_file, json.dumps(figures(measurement), indent=2, ensure_ascii=False) + "\n")
    written = _write(report, markdown(measurement))
    for line in at_a_glance(measurement):
        target = f"   ({line.target})" if line.target else ""
        sys.stdout.write(f"{line.what.replace('`', ''):70} {line.figure:>14}{target}\n")
    sys.stdout.write(f"all figures: {written}\n")


def _write(output: OutputFile, text: str) -> Path:
    written = output.write(text.encode())
    if note := output.note(written):
        sys.stderr.write(f"note: {note}\n")
    return written


def models_that_listen() -> "list[EmotionModel]":
    """Load all shipped models that classify windows."""
    from emotion.model import load_model, model_folders, read_model_card

    return [load_model(folder) for folder in model_folders() if not read_model_card(folder).whole_clips]


if __name__ == "__main__":
    sys.exit(main())
