"""What is said of a leg besides its emotion: whether and how much it talks, how well its voice is known."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.style import Style

from streamer.panel.canvas import PLAIN, Canvas, num_cells
from streamer.panel.figures import percent
from streamer.panel.palette import FAINT, TALK
from streamer.panel.voice_words import voice_gauge, voice_name, voice_words
from streamer.session_facts import SessionFacts
from streamer.snapshot import LegView, Snapshot

_BETWEEN: Final = 2
_TALKS: Final = "▸ speaks"
_SPOKE_LAST: Final = "spoke last"


class Mark(NamedTuple):
    """Something said of a leg, in cells that never change.

    Attributes
    ----------
    name, value : str
        What stands on the left, and on the right of it.
    style : Style
        Of the value.
    """

    name: str
    value: str
    style: Style = PLAIN

    @property
    def width(self) -> int:
        """Its cells."""
        return num_cells(self.name) + bool(self.name) + num_cells(self.value)


def leg_marks(view: LegView, snapshot: Snapshot, facts: SessionFacts, width: int) -> list[Mark]:
    """Give as much of talk and voice as there is room for.

    Parameters
    ----------
    view : LegView
        A leg that is analysed.
    snapshot : Snapshot
        The latest state.
    facts : SessionFacts
        What does not change.
    width : int
        Cells to fit.

    Returns
    -------
    list of Mark
        As many, and as wide, whatever the state.
    """
    talks = view.talks and snapshot.hears(view.name)
    style = TALK if talks else PLAIN
    now = _TALKS if talks else _SPOKE_LAST if view.spoke_last else ""
    share = percent(view.talk_share)
    whole = [Mark("", now.ljust(len(_SPOKE_LAST)), style), Mark("talk", share)]
    short = [Mark("", f"{'▸' if talks else ' '} talk {share}", style)]
    if sum(leg.analysed for leg in snapshot.legs) < 2:
        # Whoever nobody listens to may talk as well: there is no share to tell, and no last.
        whole = short = [Mark("", (_TALKS if talks else "").ljust(len(_TALKS)), style)]
    candidates = [*([voice, *whole] for voice in _voices(view, facts)), whole, short]
    return next((marks for marks in candidates if marks_width(marks) <= width), [])


def marks_width(marks: Sequence[Mark]) -> int:
    """Give the cells that marks take side by side.

    Parameters
    ----------
    marks : sequence of Mark
        In order.

    Returns
    -------
    int
        0 for none.
    """
    return sum(mark.width + _BETWEEN for mark in marks) - _BETWEEN if marks else 0


def draw_marks(canvas: Canvas, marks: Sequence[Mark]) -> None:
    """Draw marks from the left.

    Parameters
    ----------
    canvas : Canvas
        One row.
    marks : sequence of Mark
        In order.
    """
    column = 0
    for mark in marks:
        canvas.put(0, column, mark.name, FAINT)
        canvas.put(0, column + mark.width - num_cells(mark.value), mark.value, mark.style)
        column += mark.width + _BETWEEN


def _voices(view: LegView, facts: SessionFacts) -> list[Mark]:
    """Give what is said of the voice, the longest first."""
    if not facts.learns_voice:
        return []
    known = 0.0 if view.row is None else view.row.voice_known
    name = voice_name(facts.voices.get(view.name))
    return [
        Mark(name, voice_words(known)),
        Mark("voice", voice_words(known)),
        Mark("voice", voice_gauge(known)),
    ]
