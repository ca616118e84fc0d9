"""Where the legs stand: side by side on a wide terminal, stacked on a narrow one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from streamer.snapshot import LegView

LEG_WIDTH: Final = 55
"""Cells that a leg needs to stand beside another."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The legs in rows.

    Attributes
    ----------
    columns : int
        How many stand side by side where there are enough.
    rows : tuple of tuple of LegView
        From top to bottom, from left to right; those of a row are all analysed, or none of them is.
    num_left_out : int
        Legs that a terminal of so few rows has no room for.
    """

    columns: int
    rows: tuple[tuple[LegView, ...], ...]
    num_left_out: int


def arrange_legs(legs: Sequence[LegView], width: int, height: int) -> Arrangement:
    """Arrange the legs, by the size of the terminal alone.

    Parameters
    ----------
    legs : sequence of LegView
        At least one, in the order in which they are shown.
    width, height : int
        Size of the terminal, cells.

    Returns
    -------
    Arrangement
        In the same order.
    """
    runs = [tuple(run) for _, run in groupby(legs, key=lambda leg: leg.analysed)]
    longest = max(len(run) for run in runs)
    num_rows = -(-longest // max(1, width // LEG_WIDTH))
    columns = -(-longest // num_rows)
    rows = tuple(run[first : first + columns] for run in runs for first in range(0, len(run), columns))
    if len(rows) > height:
        # The last row says how many are missing.
        rows = rows[: max(1, height - 1)]
    return Arrangement(columns, rows, len(legs) - sum(len(row) for row in rows))
