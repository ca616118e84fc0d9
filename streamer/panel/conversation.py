"""What is said of all legs together: who has how much of the talk, when both talk, who spoke last, drift."""

from collections.abc import Sequence
from typing import Final

from streamer.panel.canvas import Canvas, num_cells, shortened
from streamer.panel.figures import fixed, percent, signed
from streamer.panel.leg_marks import Mark, draw_marks, marks_width
from streamer.panel.palette import FAINT, LEVEL, OTHER, TALK
from streamer.snapshot import LegView, Snapshot

_BETWEEN: Final = 3
_LONGEST_NAME: Final = 12
_SHORTEST_BAR: Final = 8
_LONGEST_BAR: Final = 60


def has_conversation(snapshot: Snapshot) -> bool:
    """Tell whether there is anything to say.

    Parameters
    ----------
    snapshot : Snapshot
        Any of the session: the answer never changes.

    Returns
    -------
    bool
        True where more than one leg is analysed, or drift is measured.
    """
    return len(_analysed(snapshot)) > 1 or snapshot.drift_seconds is not None


def draw_conversation(canvas: Canvas, snapshot: Snapshot) -> None:
    """Draw as much as fits: a bar where two share the talk, and figures at its right.

    Parameters
    ----------
    canvas : Canvas
        One row.
    snapshot : Snapshot
        The latest state.
    """
    legs = _analysed(snapshot)
    marks = _figures(snapshot, legs)
    while marks_width(marks) > canvas.width:
        marks.pop()
    if len(legs) != 2:
        draw_marks(canvas, marks)
        return
    end = canvas.width - marks_width(marks)
    width = _draw_shares(canvas.part(0, 0, 1, end - _BETWEEN), legs)
    start = min(end, width + _BETWEEN) if width else 0
    draw_marks(canvas.part(0, start, 1, canvas.width - start), marks)


def _analysed(snapshot: Snapshot) -> list[LegView]:
    return [leg for leg in snapshot.legs if leg.analysed]


def _figures(snapshot: Snapshot, legs: Sequence[LegView]) -> list[Mark]:
    """Give the figures, the weightiest first."""
    marks = []
    if len(legs) > 1:
        who = "both" if len(legs) == 2 else "several"
        seconds = f"{fixed(snapshot.overlap_seconds, 5, 1)} s"
        if sum(leg.talks and snapshot.hears(leg.name) for leg in legs) > 1:
            marks.append(Mark("", f"{who} talk ▸ {seconds}", TALK))
        else:
            marks.append(Mark(f"{who} talked", seconds))
        names = [shortened(leg.name, _LONGEST_NAME) for leg in legs]
        last = next((name for name, leg in zip(names, legs, strict=True) if leg.spoke_last), "\N{EN DASH}")
        width = max(num_cells(name) for name in names)
        marks.append(Mark("spoke last", last + " " * (width - num_cells(last))))
    if snapshot.drift_seconds is not None:
        marks.append(Mark("drift", f"{signed(snapshot.drift_seconds)} s"))
    return marks


def _draw_shares(canvas: Canvas, legs: Sequence[LegView]) -> int:
    """Draw the shares in two heights and two colours, between two names; give the cells that it took."""
    before, after = (shortened(leg.name, _LONGEST_NAME) for leg in legs)
    figures = [percent(leg.talk_share) for leg in legs]
    named = num_cells(before) + num_cells(after) + 2
    figured = named + sum(len(figure) + 1 for figure in figures)
    if figured + _SHORTEST_BAR <= canvas.width:
        named, before, after = figured, f"{before} {figures[0]}", f"{figures[1]} {after}"
    width = min(_LONGEST_BAR, canvas.width - named)
    if width < _SHORTEST_BAR:
        return 0
    start = num_cells(before) + 1
    canvas.put(0, 0, before)
    canvas.put(0, start + width + 1, after)
    share = legs[0].talk_share
    if share is None:
        canvas.put(0, start, "─" * width, FAINT)
    else:
        filled = round(width * min(1.0, max(0.0, share)))
        canvas.put(0, start, "▆" * filled, LEVEL)
        canvas.put(0, start + filled, "▃" * (width - filled), OTHER)
    return named + width
