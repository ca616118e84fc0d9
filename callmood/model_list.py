"""The models that came with callmood and those in ``./models``, as a table or as facts."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from emotion.card import Card
from emotion.errors import ModelError
from emotion.model import read_model_card
from emotion.model_folders import (
    DEFAULT_MODEL,
    as_path,
    model_folders,
    own_model_folders,
    pickled_models,
)
from emotion.pickles import refusal_of
from emotion.printable import printable


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model folder and its card, or why that cannot be read.

    Attributes
    ----------
    folder : Path
        Where it lies.
    name : str
        What ``--model`` takes: the bare name of a model that came with callmood, else a path.
    card : Card or None
        None where it cannot be read.
    problem : str or None
        The reason then.
    """

    folder: Path
    name: str
    card: Card | None
    problem: str | None

    def facts(self) -> dict[str, object]:
        """Give what a program would ask for.

        Returns
        -------
        dict
            Only `name`, `folder`, `default` and `problem` for a card that cannot be read.
        """
        facts: dict[str, object] = {
            "name": self.name,
            "folder": str(self.folder),
            "default": self.name == DEFAULT_MODEL,
            "problem": self.problem,
        }
        if self.card is not None:
            facts |= {
                "feature_set": f"{self.card.feature_set}/{self.card.feature_set_version}",
                "labels": list(self.card.labels),
                "win_seconds": self.card.win_seconds,
                "step_seconds": self.card.step_seconds,
                "weights_licence": self.card.weights_licence,
                "commercial_use": self.card.commercial_use,
                "notes": list(self.card.notes),
            }
        return facts


def listed_models() -> list[ListedModel]:
    """Read the cards of the models that came with callmood, and of those in ``./models``.

    Returns
    -------
    list of ListedModel
        Both sorted by name; damaged ones among them, and at last pickles, which are none.
    """
    models = []
    named = [(folder, folder.name) for folder in model_folders()]
    named += [(folder, as_path(folder)) for folder in own_model_folders()]
    for folder, name in named:
        try:
            models.append(ListedModel(folder, name, read_model_card(folder), None))
        except ModelError as error:
            models.append(ListedModel(folder, name, None, str(error)))
    models += [ListedModel(path, as_path(path), None, refusal_of(path)) for path in pickled_models()]
    return models


def print_models(models: list[ListedModel]) -> None:
    """Print a few lines for each model: name, what it is fitted on, what must be known of it.

    Parameters
    ----------
    models : list of ListedModel
        As `listed_models` gives them.
    """
    with printing() as console:
        _print(console, models)


@contextmanager
def printing() -> Iterator[Console]:
    """Let rich lay text out, and print it as every other command does.

    Written by rich itself, a reader who leaves early would end the command with exit code 1.

    Yields
    ------
    Console
        What it is told goes to standard output when the block ends.
    """
    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    sys.stdout.write(captured.get())


def _print(console: Console, models: list[ListedModel]) -> None:
    if not models:
        console.print("No models yet. Train one with: callmood train DATA --name NAME")
    for model in models:
        head = Text(printable(model.name), style="bold")
        if model.name == DEFAULT_MODEL:
            head.append(" (default)", style="not bold")
        console.print(head)
        lines = [model.problem or ""] if model.card is None else _lines(model.card)
        for line in (*lines, f"in {model.folder}"):
            console.print(Padding(Text(printable(line)), (0, 0, 0, 2)))


def licence_mark(card: Card) -> str:
    """Say in a few words what the model may be used for.

    Parameters
    ----------
    card : Card
        Its licence.

    Returns
    -------
    str
        One line.
    """
    use = "commercial use allowed" if card.commercial_use else "NON-COMMERCIAL USE ONLY"
    return f"{use}; weights: {card.weights_licence}"


def grid_words(card: Card) -> str:
    """Say what the model looks at at a time.

    Parameters
    ----------
    card : Card
        Its win and step.

    Returns
    -------
    str
        One line.
    """
    if card.win_seconds is None or card.step_seconds is None:
        return "whole clips: predicts files, cannot listen"
    return f"win {card.win_seconds:g} s, step {card.step_seconds:g} s"


def _lines(card: Card) -> tuple[str, ...]:
    what = f"{card.feature_set}/{card.feature_set_version}, {grid_words(card)}; {', '.join(card.labels)}"
    return (what, licence_mark(card), *card.notes)
