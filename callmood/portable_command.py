"""The command that makes figures again, for a card: without the paths of one machine."""

import argparse
import shlex
from typing import Final

CORPORA: Final = "$CALLMOOD_CORPORA"
"""Stands for the folder of corpora, wherever it lies."""

DECIDING: Final = (
    "model",
    "recipe",
    "leave_one_corpus_out",
    "leave_speakers_out",
    "only",
    "train_on",
    "streams",
    "conditions",
    "seeds",
    "no_baseline",
    "baseline",
    "features",
    "sounds",
)
"""Options of `callmood evaluate` that change a figure, in the order in which they are written."""


def evaluate_command(arguments: argparse.Namespace) -> str:
    """Write the options of `callmood evaluate` that decide about its figures.

    Parameters
    ----------
    arguments : Namespace
        As that command declares them.

    Returns
    -------
    str
        A line for a shell.
    """
    words = [
        word for name in DECIDING for word in _words(f"--{name.replace('_', '-')}", getattr(arguments, name))
    ]
    return " ".join(["callmood evaluate --corpora", CORPORA, *map(shlex.quote, words)])


def _words(option: str, value: object) -> list[str]:
    if value is None or value is False or value == []:
        return []
    if value is True:
        return [option]
    return [option, *map(str, value if isinstance(value, list) else [value])]
