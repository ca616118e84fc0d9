"""A model's card for people."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from callmood.model_list import grid_words, licence_mark, printing
from callmood.score_view import score_tables
from emotion.card import Card


def print_card(folder: Path, card: Card) -> None:
    """Print all that the card says, widest things last.

    Parameters
    ----------
    folder : Path
        Where the model lies.
    card : Card
        To be shown.
    """
    with printing() as console:
        _print(console, folder, card)


def _print(console: Console, folder: Path, card: Card) -> None:
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
