"""The head of the panel: what is heard and when, and the leading emotion big and clear."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rich.style import Style

from streamer.panel.big_letters import ROWS, big_word
from streamer.panel.canvas import Canvas, shortened
from streamer.panel.layout import NARROW_WIDTH
from streamer.panel.palette import FAINT, STRONG, WARNING, emotion_style
from streamer.row import State
from streamer.session_facts import SessionFacts
from streamer.snapshot import LegView, Snapshot

_CLOCK_WIDTH: Final = 8
_MARKS_WIDTH: Final = 17
"""Room for "‖ PAUSED  ● REC  ", kept free while neither is shown."""
_NARROW_MARKS_WIDTH: Final = 8

_WITHOUT_EMOTION: Final[Mapping[State, tuple[Style, str]]] = MappingProxyType(
    {
        "silence": (FAINT, ""),
        "noise": (FAINT, "sound, but no speech"),
        "clipped": (WARNING, "too loud: turn the input down"),
        "unsure": (STRONG, ""),
    }
)
"""Colour and advice of what is shown in an emotion's place; the word alone says it too."""


def draw_header(canvas: Canvas, snapshot: Snapshot, facts: SessionFacts, clock: float) -> None:
    """Draw the top line: the program, the source, the marks of saving and pausing, the clock.

    Parameters
    ----------
    canvas : Canvas
        One row.
    snapshot : Snapshot
        The latest state.
    facts : SessionFacts
        What does not change.
    clock : float
        Seconds since the epoch.
    """
    canvas.put_right(0, canvas.width, time.strftime("%H:%M:%S", time.localtime(clock)))
    end = canvas.width - _CLOCK_WIDTH - 2
    if snapshot.saving:
        canvas.put_right(0, end, "● REC", WARNING)
    narrow = canvas.width < NARROW_WIDTH
    if snapshot.paused and not narrow:
        canvas.put_right(0, end - 7, "‖ PAUSED", STRONG)
    name = canvas.part(0, 0, 1, end - (_NARROW_MARKS_WIDTH if narrow else _MARKS_WIDTH))
    if name.width >= 8:
        name.put(0, 0, "callmood", STRONG)
        name.put(0, 10, shortened(facts.source_name, name.width - 10), FAINT)


def draw_headline(canvas: Canvas, view: LegView, snapshot: Snapshot, facts: SessionFacts) -> None:
    """Draw the leading emotion, or why there is none.

    Parameters
    ----------
    canvas : Canvas
        One row, or three for big letters.
    view : LegView
        The leg.
    snapshot : Snapshot
        The latest state.
    facts : SessionFacts
        What does not change.
    """
    word, style, detail = _headline(view, snapshot, facts)
    picture = big_word(word) if canvas.height >= ROWS else None
    if picture is None or len(picture[0]) + len(detail) + 3 > canvas.width:
        row = canvas.height // 2
        shown = word.upper() if word.isalpha() else word
        canvas.put(row, 0, shown, style)
        canvas.put(row, len(shown) + 2, detail)
        return
    for row, line in enumerate(picture):
        canvas.put(row, 0, line, style)
    canvas.put(1, len(picture[0]) + 3, detail)


def _headline(view: LegView, snapshot: Snapshot, facts: SessionFacts) -> tuple[str, Style, str]:
    """Give the word, its style, and what stands beside it."""
    row = view.row
    if snapshot.paused:
        return "paused", STRONG, ""
    if row is None:
        heard = min(snapshot.stream_seconds, facts.win_seconds)
        return f"listening… {heard:.1f} of {facts.win_seconds:.1f} s", STRONG, ""
    if row.emotion is None:
        return row.state, *_WITHOUT_EMOTION.get(row.state, (FAINT, ""))
    percent = "" if row.smoothed is None else f"{round(100 * row.smoothed[row.emotion]):3d} %"
    return row.emotion, emotion_style(row.emotion, strong=True), percent
