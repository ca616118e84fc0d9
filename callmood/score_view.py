"""The scores of a model's card, as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.table import Table
from rich.text import Text

_SMALL: Final = 0.1
"""Under it three digits count, not three places."""


def score_tables(scores: Mapping[str, Any]) -> Iterator[Table]:
    """Lay out what a card says of scores, whoever wrote it.

    Parameters
    ----------
    scores : mapping of str to anything that JSON holds
        As `emotion.card.Card.scores`.

    Yields
    ------
    Table
        One for each entry that is a mapping, a column for each of its own entries where they are all mappings
        (corpora side by side); last one of all that stands by itself.
    """
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
    """Write a value; each list in a list has a line."""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) >= _SMALL else f"{value:.3g}"
    if not isinstance(value, list):
        return "-" if value is None else str(value)
    return ("\n" if any(isinstance(entry, list) for entry in value) else " ").join(map(_words, value))
