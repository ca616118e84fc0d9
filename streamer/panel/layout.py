"""Which part of the panel gets which rows: decided by the size alone, so that nothing jumps while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from streamer.panel.wishes import Needs, stands_beside, wishes

_ORDER: Final = (
    "header",
    "alerts",
    "gap_header",
    "legs",
    "more_legs",
    "gap_conversation",
    "conversation",
    "gap_legs",
    "spectrogram",
    "stretch",
    "status",
    "notes",
    "messages",
    "gap_keys",
    "keys",
)
"""From top to bottom."""

_LEG_ORDER: Final = (
    "title",
    "marks",
    "gap_title",
    "headline",
    "gap_headline",
    "legend",
    "bars",
    "gap_bars",
    "level",
    "gap_level",
    "trend",
    "axis",
    "gap_leg",
)
"""From top to bottom, of a row of legs."""

_OF_EVERY_LEG: Final = frozenset({"title", "level", "gap_leg"})
"""Legs that are not analysed have nothing else."""

Rows: TypeAlias = Mapping[str, tuple[int, int]]
"""First row and number of rows by part; a part that has no room has 0 rows."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows of every part.

    Attributes
    ----------
    beside : bool
        The trend of a leg stands right of its bars, not under them.
    rows : mapping of str to (int, int)
        Of the parts of the panel.
    legs : tuple of mapping of str to (int, int)
        Of the parts of each row of legs; counted from the top of the panel as well.
    """

    beside: bool
    rows: Rows
    legs: tuple[Rows, ...]


def plan_layout(width: int, height: int, needs: Needs) -> Layout:
    """Share the rows out.

    Parameters
    ----------
    width, height : int
        Size of the terminal, cells.
    needs : Needs
        What the parts would take.

    Returns
    -------
    Layout
        Never more rows than there are. Wishes are granted in order of weight, each whole or not at all.
    """
    beside = stands_beside(width, height, needs)
    granted = dict.fromkeys((*_ORDER, *_LEG_ORDER), 0)
    left = height
    for part, more in wishes(width, height, needs, beside=beside):
        cost = more * sum(_has(part, needs, row) for row in _rows_of(part, needs))
        if cost <= left:
            granted[part] += more
            left -= cost
    granted["stretch"] += left
    rows: dict[str, tuple[int, int]] = {}
    legs: list[Rows] = []
    top = 0
    for part in _ORDER:
        if part == "legs":
            for row in range(len(needs.leg_rows)):
                heights = {each: granted[each] * _has(each, needs, row) for each in _LEG_ORDER}
                legs.append(_stacked(heights, top))
                top += sum(heights.values())
            continue
        rows[part] = (top, granted[part])
        top += granted[part]
    return Layout(beside, rows, tuple(legs))


def _rows_of(part: str, needs: Needs) -> range:
    """Give the rows in which a part may stand: those of the legs, or the panel as one."""
    return range(len(needs.leg_rows) if part in _LEG_ORDER else 1)


def _has(part: str, needs: Needs, row: int) -> bool:
    """Tell whether a row of legs has a part; the panel has all of its own."""
    if part == "gap_leg":
        return row < len(needs.leg_rows) - 1
    if part == "legend":
        # Said once, where the first bars are.
        return needs.leg_rows[row] and not any(needs.leg_rows[:row])
    return part not in _LEG_ORDER or part in _OF_EVERY_LEG or needs.leg_rows[row]


def _stacked(heights: Mapping[str, int], top: int) -> Rows:
    rows = {}
    for part, height in heights.items():
        rows[part] = (top, height)
        top += height
    return rows
