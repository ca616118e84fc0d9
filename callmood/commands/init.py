"""`callmood init`: make the folders of a dataset."""

import argparse
import sys
from pathlib import Path
from typing import Final

SUMMARY: Final = "Make the folders of a dataset, one for each emotion."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=Path("dataset"),
        help="folder of the dataset (default: %(default)s)",
    )
    parser.epilog = (
        "Put recordings into DIR/{angry,happy,neutral,sad}, or let `callmood generate` make tones, then "
        "train a model. Folders may have names in other languages.\n"
        "\n"
        "examples:\n"
        "  callmood init\n"
        "  callmood init my-recordings\n"
        "  callmood train my-recordings\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the folders and list them."""
    from trainer.dataset import make_emotion_folders

    folders = make_emotion_folders(arguments.folder)
    for folder in folders.made:
        sys.stdout.write(f"made   {folder}/\n")
    for folder in folders.present:
        sys.stdout.write(f"there  {folder}/\n")
    return 0
