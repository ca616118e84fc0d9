"""`callmood generate`: make the article's synthetic emotions."""

import argparse
import sys
from pathlib import Path
from typing import Final

from emotion.errors import UsageError

SUMMARY: Final = "Make synthetic clips, tones that stand for emotions, to try the trainer on."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("dataset"),
        help="folder of the dataset (default: %(default)s)",
    )
    parser.add_argument(
        "--per-emotion",
        metavar="N",
        type=int,
        default=50,
        help="clips of each emotion (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0,
        help="seed of the clips; the same seed makes the same clips (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace files of the same name")
    parser.epilog = (
        "Existing files with the same sound are left alone; if one has another sound, nothing is written "
        "without --force. A model fitted on tones says nothing about people.\n"
        "\n"
        "examples:\n"
        "  callmood generate\n"
        "  callmood generate -o tones --per-emotion 200 --seed 7\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the clips."""
    if arguments.per_emotion < 1:
        raise UsageError(f"--per-emotion is {arguments.per_emotion}; give at least 1")
    if arguments.seed < 0:
        raise UsageError(f"--seed is {arguments.seed}; give a whole number from 0 upwards")
    from rich.console import Console

    from emotion.card import LABELS
    from trainer.progress import progress_bar
    from trainer.synthesis.tones import generate_tones

    total = arguments.per_emotion * len(LABELS)
    with progress_bar(Console(stderr=True), "generate clips", total) as advance:
        made, there = generate_tones(
            arguments.out,
            arguments.per_emotion,
            arguments.seed,
            force=arguments.force,
            on_clip=lambda: advance(1),
        )
    kept = f"; {there} were there already" if there else ""
    sys.stdout.write(f"{made} clips written to {arguments.out}/ (seed {arguments.seed}){kept}\n")
    return 0
