"""Print the list of models, and a model's card with its scores."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
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
from emotion.untrusted_arrays import refusal_of
from emotion.untrusted_text import printable


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model folder with its card, or with the problem that makes the card unreadable.

    The name is the one that `--model` takes: bare for a model that came with callmood, else a path.
    """

    folder: Path
    name: str
    card: Card | None
    problem: str | None

    def facts(self) -> dict[str, object]:
        """Give the entry of the JSON list."""
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
        Those that came with callmood first, each group sorted by name; then pickles, which are refused.
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
    """Print name, features, windows, licence, notes and folder of each model."""
    with printing() as console:
        _print_list(console, models)


@contextmanager
def printing() -> Iterator[Console]:
    """Capture what rich lays out, and print it to standard output.

    If rich printed it, a reader that closes the pipe would end the command with exit code 1.
    """
    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    sys.stdout.write(captured.get())


def _print_list(console: Console, models: list[ListedModel]) -> None:
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
    """Summarise the licence."""
    use = "commercial use allowed" if card.commercial_use else "NON-COMMERCIAL USE ONLY"
    return f"{use}; weights: {card.weights_licence}"


def grid_words(card: Card) -> str:
    """Summarise win and step."""
    if card.win_seconds is None or card.step_seconds is None:
        return "whole clips: predicts files, cannot listen"
    return f"win {card.win_seconds:g} s, step {card.step_seconds:g} s"


def _lines(card: Card) -> tuple[str, ...]:
    what = f"{card.feature_set}/{card.feature_set_version}, {grid_words(card)}; {', '.join(card.labels)}"
    return (what, licence_mark(card), *card.notes)


_SMALL: Final = 0.1
"""Smaller values are shown with three significant digits instead of three decimals."""


def score_tables(scores: Mapping[str, Any]) -> Iterator[Table]:
    """Lay out the scores of a card, whatever their structure."""
    alone: dict[str, Any] = {}
    for name, value in scores.items():
        if not isinstance(value, dict):
            alone[name] = value
        elif value and all(isinstance(entry, dict) for entry in value.values()):
            yield _table(name, value)
        else:
            yield _table(name, {"": value})
    if alone:
        yield _table("scores", {"": alone})


def _table(title: str, columns: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(Text(title), no_wrap=True)
    cells = {name: dict(_leaves(column)) for name, column in columns.items()}
    for name in columns:
        table.add_column(Text(name), justify="right" if name else "left")
    for path in dict.fromkeys(path for column in cells.values() for path in column):
        table.add_row(Text(path), *(Text(column.get(path, "-")) for column in cells.values()))
    return table


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, entry in value.items():
        path = f"{above} {name}".lstrip()
        if isinstance(entry, dict):
            yield from _leaves(entry, path)
        else:
            yield path, _words(entry)


def _words(value: object) -> str:
    """Format a value; each list in a list gets a line."""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) >= _SMALL else f"{value:.3g}"
    if not isinstance(value, list):
        return "-" if value is None else str(value)
    return ("\n" if any(isinstance(entry, list) for entry in value) else " ").join(map(_words, value))


def print_card(folder: Path, card: Card) -> None:
    """Print the whole card, with the widest tables last."""
    with printing() as console:
        _print_details(console, folder, card)


def _print_details(console: Console, folder: Path, card: Card) -> None:
    console.print(Text(card.name, style="bold"))
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(folder, card):
        facts.add_row(Text(name), Text(value))
    console.print(facts)
    if card.data:
        console.print()
        console.print(_data_table(card))
    for table in score_tables(card.scores):
        console.print()
        console.print(table)


def _facts(folder: Path, card: Card) -> Iterator[tuple[str, str]]:
    for note in card.notes:
        yield "note", note
    yield "licence", licence_mark(card)
    yield "labels", ", ".join(card.labels)
    yield (
        "features",
        f"{card.feature_set}/{card.feature_set_version}: {card.num_features} at {card.sample_rate} Hz",
    )
    yield "windows", grid_words(card)
    if card.shows_change_after_seconds is not None:
        yield "delay", f"shows a change after {card.shows_change_after_seconds:.1f} s"
    for name, allowed in (("win", card.allowed_win_seconds), ("step", card.allowed_step_seconds)):
        if allowed is not None:
            yield f"--{name}", f"{allowed[0]:g} to {allowed[1]:g} s"
    yield "kind", card.kind
    yield "created", f"{card.created}, by callmood {card.callmood_version}"
    yield "recipe", card.recipe
    yield "seed", str(card.seed)
    yield "split", card.split
    for line in card.fails_on:
        yield "fails on", line
    yield "made with", ", ".join(f"{name} {version}" for name, version in card.libraries.items())
    for name, digest in card.digests.items():
        yield "SHA-256", f"{name} {digest}"
    yield "folder", str(folder)


def _data_table(card: Card) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("data")
    for heading in ("clips", "speakers", "windows"):
        table.add_column(heading, justify="right")
    table.add_column("licence")
    for source in card.data:
        speakers = "?" if source.speakers is None else str(source.speakers)
        row = (source.name, str(source.clips), speakers, str(source.windows), source.licence)
        table.add_row(*(Text(cell) for cell in row))
    return table
