"""The top line: the program, what is heard, the marks of saving and of a pause, the clock."""

from typing import Final

from emotion.wall_clock import local
from streamer.panel.canvas import Canvas, shortened
from streamer.panel.palette import FAINT, STRONG, WARNING
from streamer.panel.wishes import NARROW_WIDTH
from streamer.session_facts import SessionFacts
from streamer.snapshot import Snapshot

_CLOCK_WIDTH: Final = 8
_OFF: Final = "‖ OFF THE RECORD"
_NARROW_OFF: Final = "‖ OFF"
_MARKS_WIDTH: Final = len(_OFF) + 2
"""Kept free while neither mark is shown; there is never more than one: nothing is saved in a pause."""
_NARROW_MARKS_WIDTH: Final = 8


def draw_header(canvas: Canvas, snapshot: Snapshot, facts: SessionFacts, clock: float) -> None:
    """Draw the top line.

    Parameters
    ----------
    canvas : Canvas
        One row; where it is narrow a pause is told in full elsewhere.
    snapshot : Snapshot
        The latest state.
    facts : SessionFacts
        What does not change.
    clock : float
        Seconds since the epoch.
    """
    canvas.put_right(0, canvas.width, f"{local(clock):%H:%M:%S}")
    end = canvas.width - _CLOCK_WIDTH - 2
    narrow = canvas.width < NARROW_WIDTH
    if snapshot.paused:
        canvas.put_right(0, end, _NARROW_OFF if narrow else _OFF, STRONG)
    elif snapshot.saving:
        canvas.put_right(0, end, "● REC", WARNING)
    name = canvas.part(0, 0, 1, end - (_NARROW_MARKS_WIDTH if narrow else _MARKS_WIDTH))
    if name.width >= 8:
        name.put(0, 0, "callmood", STRONG)
        name.put(0, 10, shortened(facts.source_name, name.width - 10), FAINT)
