"""Share the rows of the terminal among the parts of the panel, by its size alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from streamer.snapshot import LegView

SMALLEST_WIDTH: Final = 30
SMALLEST_HEIGHT: Final = 7
"""Below these only the leading emotions and the levels are shown."""

NARROW_WIDTH: Final = 60
"""Below this there is neither a margin nor room for the marks in words."""

_BIG_WIDTH: Final = 60
_BIG_LEG_WIDTH: Final = 48
_MARKS_IN_TITLE_WIDTH: Final = 70
_BESIDE_WIDTH: Final = 72
_ALWAYS_BESIDE_WIDTH: Final = 140
_STACKED_SPECTROGRAM_HEIGHT: Final = 36
_OTHER_ROWS: Final = 10
_TREND_UNDER_ROWS: Final = 14
"""What a leg takes where its trend stands under its bars; and what all else does."""

Priorities = Iterable[tuple[str, int]]
"""Parts, and rows on top of those that were granted before."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What decides the layout besides the size of the terminal.

    Attributes
    ----------
    num_labels : int
        Bars.
    status_rows, note_rows : int
        Rows that the status and the notes take at this width.
    spectrogram : bool
        True where it was asked for.
    leg_rows : tuple of bool
        For each row of legs, top to bottom, whether they are analysed.
    columns : int
        Legs side by side.
    titled : bool
        The legs have names.
    conversation : bool
        There is something to say of all legs together.
    alerts : bool
        Alerts may come.
    more_legs : bool
        Not all legs have a row.
    """

    num_labels: int
    status_rows: int
    note_rows: int
    spectrogram: bool
    leg_rows: tuple[bool, ...] = (True,)
    columns: int = 1
    titled: bool = False
    conversation: bool = False
    alerts: bool = False
    more_legs: bool = False


def stands_beside(width: int, height: int, needs: Needs) -> bool:
    """Tell where the trend of a leg stands."""
    leg_width = width // needs.columns
    if leg_width >= _ALWAYS_BESIDE_WIDTH:
        return True
    num_rows = sum(needs.leg_rows)
    crowded = num_rows > 1 and height < _OTHER_ROWS + num_rows * _TREND_UNDER_ROWS
    if needs.spectrogram:
        crowded = crowded or height < _STACKED_SPECTROGRAM_HEIGHT
    return crowded and leg_width >= _BESIDE_WIDTH


def layout_priorities(width: int, height: int, needs: Needs, *, beside: bool) -> Priorities:
    """Give the wishes."""
    tiny = width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT
    if needs.titled:
        return _tiny_legs(needs) if tiny else _legs(width, needs, beside=beside)
    return _tiny_one_leg(needs) if tiny else _one_leg(width, needs, beside=beside)


def _tiny_one_leg(needs: Needs) -> Priorities:
    yield from (("headline", 1), ("level", 1), ("alerts", int(needs.alerts)))
    yield from (("gap_headline", 1), ("gap_header", 1))


def _tiny_legs(needs: Needs) -> Priorities:
    yield from (("more_legs", int(needs.more_legs)), ("title", 1), ("alerts", int(needs.alerts)))
    yield from (("level", 1), ("gap_leg", 1))


def _one_leg(width: int, needs: Needs, *, beside: bool) -> Priorities:
    labels = needs.num_labels
    yield from (("headline", 1), ("level", 1), ("alerts", int(needs.alerts)), ("bars", labels))
    yield from (("keys", 1), ("header", 1), ("status", 1))
    yield "notes", min(1, needs.note_rows)
    yield "messages", 1
    if needs.spectrogram:
        yield "spectrogram", 6
    yield "status", needs.status_rows - 1
    if width >= _BIG_WIDTH:
        yield "headline", 2
    if beside:
        yield "legend", 1
    else:
        yield from (("trend", 1), ("axis", 1), ("trend", labels - 1), ("legend", 1))
    yield "notes", max(0, needs.note_rows - 1)
    yield "gap_header", 1
    if needs.spectrogram:
        yield "spectrogram", 2
    yield "stretch", 1
    yield from (("gap_level", 1), ("gap_bars", 0 if beside else 1))
    yield from (("messages", 1), ("gap_headline", 1), ("gap_keys", 1))
    yield from _extra_rows(needs, beside=beside)


def _legs(width: int, needs: Needs, *, beside: bool) -> Priorities:
    """Never the bars of one leg without those of another: they are compared."""
    labels, leg_width = needs.num_labels, width // needs.columns
    yield from (
        ("more_legs", int(needs.more_legs)),
        ("title", 1),
        ("alerts", int(needs.alerts)),
        ("level", 1),
    )
    yield from (("keys", 1), ("header", 1), ("conversation", int(needs.conversation)), ("status", 1))
    yield "bars", labels
    yield "notes", min(1, needs.note_rows)
    yield "messages", 1
    if not beside:
        yield "trend", 1
    if needs.spectrogram:
        yield "spectrogram", 7
    yield "status", needs.status_rows - 1
    yield from (("gap_leg", 1), ("gap_header", 1), ("gap_conversation", 1))
    if leg_width >= _BIG_LEG_WIDTH:
        yield "headline", 3
    if not beside:
        yield from (("axis", 1), ("trend", labels - 1))
    yield from (("legend", 1), ("notes", max(0, needs.note_rows - 1)))
    yield "stretch", 1
    if leg_width < _MARKS_IN_TITLE_WIDTH:
        yield "marks", 1
    yield "gap_headline", 1
    if leg_width >= _BIG_LEG_WIDTH:
        yield "gap_title", 1
    if not beside:
        yield from (("gap_level", 1), ("gap_bars", 1))
    yield from (("gap_keys", 1), ("messages", 1))
    yield from _extra_rows(needs, beside=beside)


def _extra_rows(needs: Needs, *, beside: bool) -> Priorities:
    """Ask for what makes a large terminal worth its rows."""
    if needs.spectrogram:
        yield from (("gap_legs", 0 if beside else 1), ("spectrogram", 2))
    yield "bars", needs.num_labels
    if not beside:
        yield "trend", needs.num_labels
    if needs.spectrogram:
        yield from (("spectrogram", 2) for _ in range(8))
    yield from (("messages", 1) for _ in range(4))


_PANEL_ORDER: Final = (
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
    """Share the rows out."""
    beside = stands_beside(width, height, needs)
    granted = dict.fromkeys((*_PANEL_ORDER, *_LEG_ORDER), 0)
    left = height
    for part, more in layout_priorities(width, height, needs, beside=beside):
        cost = more * sum(_has(part, needs, row) for row in _rows_of(part, needs))
        if cost <= left:
            granted[part] += more
            left -= cost
    granted["stretch"] += left
    rows: dict[str, tuple[int, int]] = {}
    legs: list[Rows] = []
    top = 0
    for part in _PANEL_ORDER:
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
    """Arrange the legs, by the size of the terminal alone."""
    runs = [tuple(run) for _, run in groupby(legs, key=lambda leg: leg.analysed)]
    longest = max(len(run) for run in runs)
    num_rows = -(-longest // max(1, width // LEG_WIDTH))
    columns = -(-longest // num_rows)
    rows = tuple(run[first : first + columns] for run in runs for first in range(0, len(run), columns))
    if len(rows) > height:
        # The last row says how many are missing.
        rows = rows[: max(1, height - 1)]
    return Arrangement(columns, rows, len(legs) - sum(len(row) for row in rows))
