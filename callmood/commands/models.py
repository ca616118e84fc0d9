"""`callmood models`: list the models, or show the card of one."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood.model_choice import DEFAULT_MODEL, MODEL_HELP, choose_folder, listed_models

SUMMARY: Final = "List the models, or show the card of one."

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from callmood.model_choice import ListedModel
    from emotion.card import Card

    _SubParsersAction = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    _SubParsersAction = argparse._SubParsersAction


class _ShowAction(_SubParsersAction):
    """Takes a word that is not `show` for the name of the model to show."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Any word may follow; argparse looks the subparsers up elsewhere.
        self.choices = None  # type: ignore[assignment]

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        words = list(values or ())
        super().__call__(parser, namespace, words if words[0] == "show" else ["show", *words], option_string)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    actions = parser.add_subparsers(
        dest="action", metavar="[show] MODEL", action=_ShowAction, prog=parser.prog
    )
    show = actions.add_parser(
        "show",
        help="print the card of this model (default: list all models)",
        description="Print the card of a model.",
    )
    show.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    show.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print the card as JSON")
    show.epilog = "examples:\n  callmood models show speech\n  callmood models show ./models/mine --json\n"
    parser.epilog = (
        "examples:\n"
        "  callmood models\n"
        "  callmood models speech\n"
        "  callmood models show ./models/mine --json\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the models, or the card of one."""
    from emotion.card import card_json
    from emotion.model import read_model_card

    if arguments.action == "show":
        folder = choose_folder(arguments.model)
        card = read_model_card(folder)
        if arguments.json:
            sys.stdout.write(card_json(card))
        else:
            with _printing() as console:
                _print_card(console, folder, card)
        return 0
    models = listed_models()
    if arguments.json:
        entries = [model.facts() for model in models]
        sys.stdout.write(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
    else:
        with _printing() as console:
            _print_list(console, models)
    return 0


@contextmanager
def _printing() -> "Iterator[Console]":
    """Capture what rich lays out, and print it to standard output.

    If rich printed it, a reader that closes the pipe would end the command with exit code 1.
    """
    from rich.console import Console

    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    sys.stdout.write(captured.get())


def _print_list(console: "Console", models: "Sequence[ListedModel]") -> None:
    """Print name, features, windows, licence, notes and folder of each model."""
    from rich.padding import Padding
    from rich.text import Text

    from emotion.errors import printable

    if not models:
        console.print("No models yet. Train one with: callmood train DATA --name NAME")
    for model in models:
        head = Text(printable(model.name), style="bold")
        if model.name == DEFAULT_MODEL:
            head.append(" (default)", style="not bold")
        console.print(head)
        if (card := model.card) is None:
            lines = [model.problem or ""]
        else:
            what = f"{_feature_set(card)}, {_grid(card)}; {', '.join(card.labels)}"
            lines = [what, _licence(card), *card.notes]
        for line in (*lines, f"in {model.folder}"):
            console.print(Padding(Text(printable(line)), (0, 0, 0, 2)))


def _print_card(console: "Console", folder: Path, card: "Card") -> None:
    """Print the whole card, with the widest tables last."""
    from rich.table import Table
    from rich.text import Text

    console.print(Text(card.name, style="bold"))
    facts = Table.grid(padding=(0, 2))
    for fact in _facts(folder, card):
        facts.add_row(*map(Text, fact))
    console.print(facts)
    for table in (*([_data_table(card)] if card.data else []), *score_tables(card.scores)):
        console.print()
        console.print(table)


def _facts(folder: Path, card: "Card") -> Iterator[tuple[str, str]]:
    for note in card.notes:
        yield "note", note
    yield "licence", _licence(card)
    yield "labels", ", ".join(card.labels)
    yield "features", f"{_feature_set(card)}: {card.num_features} at {card.sample_rate} Hz"
    yield "windows", _grid(card)
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


def _feature_set(card: "Card") -> str:
    return f"{card.feature_set}/{card.feature_set_version}"


def _grid(card: "Card") -> str:
    if card.win_seconds is None or card.step_seconds is None:
        return "whole clips: predicts files, cannot listen"
    return f"win {card.win_seconds:g} s, step {card.step_seconds:g} s"


def _licence(card: "Card") -> str:
    uses = {True: "commercial use allowed; ", False: "NON-COMMERCIAL USE ONLY; ", None: ""}
    return f"{uses[card.commercial_use]}weights: {card.weights_licence}"


def _data_table(card: "Card") -> "Table":
    headings = [("data", False), ("clips", True), ("speakers", True), ("windows", True), ("licence", False)]
    rows = (
        (
            source.name,
            str(source.clips),
            "?" if source.speakers is None else str(source.speakers),
            str(source.windows),
            source.licence,
        )
        for source in card.data
    )
    return _table(headings, rows)


_SMALL: Final = 0.1
"""Smaller values are shown with three significant digits instead of three decimals."""


def score_tables(scores: Mapping[str, Any]) -> "Iterator[Table]":
    """Lay out the scores of a card, whatever their structure."""
    alone: dict[str, Any] = {}
    for name, value in scores.items():
        if not isinstance(value, dict):
            alone[name] = value
        elif value and all(isinstance(entry, dict) for entry in value.values()):
            yield _score_table(name, value)
        else:
            yield _score_table(name, {"": value})
    if alone:
        yield _score_table("scores", {"": alone})


def _score_table(title: str, columns: Mapping[str, Mapping[str, Any]]) -> "Table":
    cells = [dict(_leaves(column)) for column in columns.values()]
    paths = dict.fromkeys(path for column in cells for path in column)
    rows = ((path, *(column.get(path, "-") for column in cells)) for path in paths)
    table = _table([(title, False), *((name, bool(name)) for name in columns)], rows)
    table.columns[0].no_wrap = True
    return table


def _table(headings: Iterable[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> "Table":
    """Lay out a table; each heading says whether its column is aligned to the right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading, is_right in headings:
        table.add_column(Text(heading), justify="right" if is_right else "left")
    for row in rows:
        table.add_row(*map(Text, row))
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
