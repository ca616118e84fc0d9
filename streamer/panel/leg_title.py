"""The first line of a leg: whose it is, and what has no row of its own."""

from collections.abc import Sequence
from typing import Final

from streamer.panel.canvas import Canvas, num_cells, shortened
from streamer.panel.headline import BRIEF_WIDTH, BRIEFEST_WIDTH, Headline, draw_in_brief
from streamer.panel.leg_marks import Mark, draw_marks, marks_width
from streamer.panel.palette import FAINT, STRONG
from streamer.snapshot import LegView

_BETWEEN: Final = 2
_BRIEF_AT_WIDTH: Final = 26
"""Narrower than this a leg's percentage has no room beside its name."""
_LONGEST_NAME: Final = 24
_LEVEL_ONLY: Final = ("level only: not analysed, not recorded", "level only, not analysed", "level only")


def name_width(legs: Sequence[LegView]) -> int:
    """Give the width of the column that holds the legs' names.

    Parameters
    ----------
    legs : sequence of LegView
        All of them.

    Returns
    -------
    int
        Cells.
    """
    return min(_LONGEST_NAME, max(num_cells(leg.name) for leg in legs))


def room_for_marks(width: int, names: int, *, brief: bool) -> int:
    """Give the cells that a title has for marks.

    Parameters
    ----------
    width : int
        Of the leg, cells.
    names : int
        Width of the column that holds names.
    brief : bool
        The leading emotion stands in the title as well.

    Returns
    -------
    int
        At least 0.
    """
    return max(0, width - names - _BETWEEN - (_brief_width(width) + _BETWEEN if brief else 0))


def draw_title(
    canvas: Canvas, view: LegView, names: int, headline: Headline | None, marks: Sequence[Mark]
) -> None:
    """Draw whose leg it is, then its leading emotion, and marks at the right; a rule fills what is left.

    Parameters
    ----------
    canvas : Canvas
        One row.
    view : LegView
        The leg; of one that is not analysed it is said that it is not.
    names : int
        Width of the column that holds names.
    headline : Headline or None
        The leading emotion; None where it stands elsewhere, or there is none.
    marks : sequence of Mark
        No wider than `room_for_marks`.
    """
    brief = _brief_width(canvas.width)
    names = max(1, min(names, canvas.width - brief - 1))
    name = shortened(view.name, names)
    canvas.put(0, 0, name, STRONG)
    column = min(names + _BETWEEN, max(names + 1, canvas.width - brief))
    start = num_cells(name) + 1
    if not view.analysed:
        room = canvas.width - column
        said = next((words for words in _LEVEL_ONLY if len(words) <= room), _LEVEL_ONLY[-1])
        canvas.put(0, column, said)
        start = column + len(said) + 1
    elif headline is not None:
        draw_in_brief(canvas.part(0, column, 1, brief), headline)
        start = column + brief + 1
    end = canvas.width - marks_width(marks)
    draw_marks(canvas.part(0, end, 1, canvas.width - end), marks)
    canvas.put(0, start, "─" * (end - bool(marks) - start), FAINT)


def draw_rule(canvas: Canvas, text: str) -> None:
    """Draw a title that is no leg's.

    Parameters
    ----------
    canvas : Canvas
        One row.
    text : str
        What stands below.
    """
    said = shortened(text, canvas.width)
    canvas.put(0, 0, said, FAINT)
    canvas.put(0, num_cells(said) + 1, "─" * canvas.width, FAINT)


def _brief_width(width: int) -> int:
    return BRIEF_WIDTH if width >= _BRIEF_AT_WIDTH else BRIEFEST_WIDTH
