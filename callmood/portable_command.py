"""The command that makes figures again, for a card: without the paths of one machine."""

import argparse
import shlex
from collections.abc import Sequence
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


def with_corpora(command: str, words: Sequence[str]) -> str:
    """Write a command on the folder of corpora.

    Parameters
    ----------
    command : str
        What stands before the folder.
    words : sequence of str
        What stands after it.

    Returns
    -------
    str
        A line for a shell.
    """
    return " ".join([command, CORPORA, *map(shlex.quote, words)])


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
    return with_corpora("callmood evaluate --corpora", words)


def _words(option: str, value: object) -> list[str]:
    if value is None or value is False or value == []:
        return []
    if value is True:
        return [option]
    return [option, *map(str, value if isinstance(value, list) else [value])]
