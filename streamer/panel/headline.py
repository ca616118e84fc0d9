"""What is said of a leg above all: its leading emotion, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rich.style import Style

from streamer.panel.big_letters import ROWS, big_word
from streamer.panel.canvas import Canvas, num_cells
from streamer.panel.figures import percent
from streamer.panel.palette import FAINT, STRONG, WARNING, emotion_style
from streamer.row import State
from streamer.session_facts import SessionFacts
from streamer.snapshot import LegView, Snapshot

BRIEF_WIDTH: Final = 14
"""Cells that hold every word in brief, its percentage beside it."""
BRIEFEST_WIDTH: Final = 10
"""Cells that hold every word, without a percentage."""

_PERCENT_AT: Final = 9

_WITHOUT_EMOTION: Final[Mapping[State, tuple[Style, str]]] = MappingProxyType(
    {
        "silence": (FAINT, ""),
        "noise": (FAINT, "sound, but no speech"),
        "clipped": (WARNING, "too loud: turn the input down"),
        "unsure": (STRONG, ""),
    }
)
"""Colour and advice of what is shown in an emotion's place; the word alone says it too."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The word that leads.

    Attributes
    ----------
    word : str
        Of an emotion, of a state, or what is done meanwhile.
    style : Style
        Its colour.
    percent : str
        How likely the emotion is; nothing where there is none.
    advice : str
        More of it, where there is room.
    progress : str
        How far it is, in the same breath.
    """

    word: str
    style: Style
    percent: str = ""
    advice: str = ""
    progress: str = ""


def headline_of(view: LegView, snapshot: Snapshot, facts: SessionFacts) -> Headline:
    """Find the word that leads.

    Parameters
    ----------
    view : LegView
        A leg that is analysed.
    snapshot : Snapshot
        The latest state.
    facts : SessionFacts
        What does not change.

    Returns
    -------
    Headline
        An emotion only where one is shown, and never in a pause.
    """
    row = view.row
    if view.name in snapshot.absent:
        return Headline("away", WARNING, advice="its device is gone, and waited for")
    if snapshot.paused:
        return Headline("off the record", STRONG)
    if view.name in snapshot.mute:
        return Headline("no sound", WARNING, advice="nothing but zeros: unmute it, or allow it to be heard")
    if row is None:
        heard = min(snapshot.stream_seconds, facts.win_seconds)
        return Headline("listening…", STRONG, progress=f"{heard:.1f} of {facts.win_seconds:.1f} s")
    if row.emotion is None:
        style, advice = _WITHOUT_EMOTION.get(row.state, (FAINT, ""))
        return Headline(row.state, style, advice=advice)
    share = "" if row.smoothed is None else percent(row.smoothed[row.emotion])
    return Headline(row.emotion, emotion_style(row.emotion, strong=True), percent=share)


def draw_headline(canvas: Canvas, headline: Headline) -> None:
    """Draw it as large as there is room.

    Parameters
    ----------
    canvas : Canvas
        One row, or three for big letters.
    headline : Headline
        What is said.
    """
    word, detail = headline.word, headline.percent or headline.advice
    picture = big_word(word) if canvas.height >= ROWS else None
    if picture is None or len(picture[0]) + len(detail) + 3 > canvas.width:
        said = f"{word} {headline.progress}" if headline.progress else word.upper()
        canvas.put(canvas.height // 2, 0, said, headline.style)
        canvas.put(canvas.height // 2, len(said) + 2, detail)
        return
    for row, line in enumerate(picture):
        canvas.put(row, 0, line, headline.style)
    canvas.put(1, len(picture[0]) + 3, detail)


def draw_in_brief(canvas: Canvas, headline: Headline) -> None:
    """Draw it beside the name of the leg.

    Parameters
    ----------
    canvas : Canvas
        One row of `BRIEF_WIDTH` or `BRIEFEST_WIDTH`.
    headline : Headline
        What is said.
    """
    word = headline.word.upper()
    if num_cells(word) > canvas.width:
        word = word.replace(" THE ", " ")
    canvas.put(0, 0, word, headline.style)
    if canvas.width >= BRIEF_WIDTH:
        canvas.put(0, _PERCENT_AT, headline.percent, headline.style)
