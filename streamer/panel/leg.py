"""One leg on the panel: title, headline, indicators of talk and voice, and charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from rich.style import Style

from streamer.events import State
from streamer.panel.canvas import (
    BIG_ROWS,
    FAINT,
    PLAIN,
    STRONG,
    TALK,
    WARNING,
    Canvas,
    big_word,
    emotion_style,
    num_cells,
    percent,
    shortened,
)
from streamer.panel.charts import (
    draw_bars,
    draw_history,
    draw_legend,
    draw_level,
    draw_time_axis,
    label_width,
)
from streamer.panel.layout import Rows
from streamer.session_info import SessionInfo
from streamer.snapshot import HISTORY_SECONDS, LegView, Snapshot

_GAUGE_CELLS: Final = 4
_KNOWN_FROM: Final = 0.6
_LEARNING_FROM: Final = 0.2
_VOICE_TEXT_CELLS: Final = len("getting to know")
_VOICE_NAME_CELLS: Final = 12


def voice_text(known: float) -> str:
    """Say how well a voice is known; always as many cells."""
    word = "new" if known < _LEARNING_FROM else "getting to know" if known < _KNOWN_FROM else "known"
    return f"{voice_gauge(known)} {word:<{_VOICE_TEXT_CELLS}}"


def voice_gauge(known: float) -> str:
    """Show how well a voice is known where there is no room for words."""
    full = round(_GAUGE_CELLS * min(1.0, max(0.0, known)))
    return "━" * full + "─" * (_GAUGE_CELLS - full)


def voice_name(voice: str | None) -> str:
    """Say whose voice it is."""
    return "voice" if voice is None else f"voice {shortened(voice, _VOICE_NAME_CELLS)}:"


_INDICATOR_GAP: Final = 2
_TALKS: Final = "▸ speaks"
_SPOKE_LAST: Final = "spoke last"


class Indicator(NamedTuple):
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


def leg_indicators(view: LegView, snapshot: Snapshot, facts: SessionInfo, width: int) -> list[Indicator]:
    """Give as much of talk and voice as there is room for."""
    talks = view.talks and snapshot.hears(view.name)
    style = TALK if talks else PLAIN
    now = _TALKS if talks else _SPOKE_LAST if view.spoke_last else ""
    share = percent(view.talk_share)
    whole = [Indicator("", now.ljust(len(_SPOKE_LAST)), style), Indicator("talk", share)]
    short = [Indicator("", f"{'▸' if talks else ' '} talk {share}", style)]
    if sum(leg.analysed for leg in snapshot.legs) < 2:
        # Whoever nobody listens to may talk as well: there is no share to tell, and no last.
        whole = short = [Indicator("", (_TALKS if talks else "").ljust(len(_TALKS)), style)]
    candidates = [*([voice, *whole] for voice in _voice_indicators(view, facts)), whole, short]
    return next((marks for marks in candidates if indicators_width(marks) <= width), [])


def indicators_width(marks: Sequence[Indicator]) -> int:
    """Give the cells that marks take side by side."""
    return sum(mark.width + _INDICATOR_GAP for mark in marks) - _INDICATOR_GAP if marks else 0


def draw_indicators(canvas: Canvas, marks: Sequence[Indicator]) -> None:
    """Draw marks from the left."""
    column = 0
    for mark in marks:
        canvas.put(0, column, mark.name, FAINT)
        canvas.put(0, column + mark.width - num_cells(mark.value), mark.value, mark.style)
        column += mark.width + _INDICATOR_GAP


def _voice_indicators(view: LegView, facts: SessionInfo) -> list[Indicator]:
    """Give what is said of the voice, the longest first."""
    if not facts.learns_voice:
        return []
    known = 0.0 if view.row is None else view.row.voice_known
    name = voice_name(facts.voices.get(view.name))
    return [
        Indicator(name, voice_text(known)),
        Indicator("voice", voice_text(known)),
        Indicator("voice", voice_gauge(known)),
    ]


SHORT_WIDTH: Final = 14
"""Cells that hold every word in brief, its percentage beside it."""
SHORTEST_WIDTH: Final = 10
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


def headline_of(view: LegView, snapshot: Snapshot, facts: SessionInfo) -> Headline:
    """Find the word that leads."""
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
    """Draw it as large as there is room."""
    word, detail = headline.word, headline.percent or headline.advice
    picture = big_word(word) if canvas.height >= BIG_ROWS else None
    if picture is None or len(picture[0]) + len(detail) + 3 > canvas.width:
        said = f"{word} {headline.progress}" if headline.progress else word.upper()
        canvas.put(canvas.height // 2, 0, said, headline.style)
        canvas.put(canvas.height // 2, len(said) + 2, detail)
        return
    for row, line in enumerate(picture):
        canvas.put(row, 0, line, headline.style)
    canvas.put(1, len(picture[0]) + 3, detail)


def draw_short_headline(canvas: Canvas, headline: Headline) -> None:
    """Draw it beside the name of the leg."""
    word = headline.word.upper()
    if num_cells(word) > canvas.width:
        word = word.replace(" THE ", " ")
    canvas.put(0, 0, word, headline.style)
    if canvas.width >= SHORT_WIDTH:
        canvas.put(0, _PERCENT_AT, headline.percent, headline.style)


_TITLE_GAP: Final = 2
_SHORT_FROM_WIDTH: Final = 26
"""Narrower than this a leg's percentage has no room beside its name."""
_LONGEST_NAME: Final = 24
_LEVEL_ONLY: Final = ("level only: not analysed, not recorded", "level only, not analysed", "level only")


def name_width(legs: Sequence[LegView]) -> int:
    """Give the width of the column that holds the legs' names."""
    return min(_LONGEST_NAME, max(num_cells(leg.name) for leg in legs))


def indicator_cells(width: int, names: int, *, brief: bool) -> int:
    """Give the cells that a title has for marks."""
    return max(0, width - names - _TITLE_GAP - (_short_width(width) + _TITLE_GAP if brief else 0))


def draw_title(
    canvas: Canvas, view: LegView, names: int, headline: Headline | None, marks: Sequence[Indicator]
) -> None:
    """Draw whose leg it is, then its leading emotion, and marks at the right; a rule fills what is left."""
    brief = _short_width(canvas.width)
    names = max(1, min(names, canvas.width - brief - 1))
    name = shortened(view.name, names)
    canvas.put(0, 0, name, STRONG)
    column = min(names + _TITLE_GAP, max(names + 1, canvas.width - brief))
    start = num_cells(name) + 1
    if not view.analysed:
        room = canvas.width - column
        said = next((words for words in _LEVEL_ONLY if len(words) <= room), _LEVEL_ONLY[-1])
        canvas.put(0, column, said)
        start = column + len(said) + 1
    elif headline is not None:
        draw_short_headline(canvas.part(0, column, 1, brief), headline)
        start = column + brief + 1
    end = canvas.width - indicators_width(marks)
    draw_indicators(canvas.part(0, end, 1, canvas.width - end), marks)
    canvas.put(0, start, "─" * (end - bool(marks) - start), FAINT)


def draw_rule(canvas: Canvas, text: str) -> None:
    """Draw a title that is no leg's."""
    said = shortened(text, canvas.width)
    canvas.put(0, 0, said, FAINT)
    canvas.put(0, num_cells(said) + 1, "─" * canvas.width, FAINT)


def _short_width(width: int) -> int:
    return SHORT_WIDTH if width >= _SHORT_FROM_WIDTH else SHORTEST_WIDTH


_BARS_SHARE: Final = 0.54
_NARROWEST_BARS: Final = 46
_CHART_GAP: Final = 3


def draw_leg(
    canvas: Canvas,
    rows: Rows,
    view: LegView,
    snapshot: Snapshot,
    facts: SessionInfo,
    *,
    names: int,
    beside: bool,
) -> None:
    """Draw a leg."""

    def part(name: str, of: Canvas = canvas) -> Canvas:
        top, height = rows[name]
        return of.part(top, 0, height, of.width)

    left, right = _halves(canvas, label_width(facts.labels), beside=beside)
    # Where nothing is heard, the last level and the last row would stand still.
    is_heard = snapshot.hears(view.name)
    level_dbfs = view.level_dbfs if is_heard else None
    draw_level(part("level", left), level_dbfs, view.floor_dbfs, facts.labels)
    if not view.analysed:
        draw_title(part("title"), view, names, None, ())
        return
    headline = headline_of(view, snapshot, facts)
    has_headline, has_marks = bool(part("headline").height), bool(part("marks").height)
    room = canvas.width if has_marks else indicator_cells(canvas.width, names, brief=not has_headline)
    marks = leg_indicators(view, snapshot, facts, room)
    draw_title(part("title"), view, names, None if has_headline else headline, () if has_marks else marks)
    draw_indicators(part("marks"), marks)
    draw_headline(part("headline"), headline)
    draw_legend(part("legend", left))
    draw_bars(part("bars", left), view.row if is_heard else None, facts.labels)
    trend, axis = part("trend", right), part("axis", right)
    if beside:
        part("legend", right).put(0, 0, "last minute", FAINT)
        trend, axis = _beside_the_bars(right, rows)
    else:
        _name_trend(part("trend"), facts.labels)
    draw_history(trend, view.trend, facts.labels, facts.step_seconds)
    draw_time_axis(axis, HISTORY_SECONDS)


def _halves(canvas: Canvas, names: int, *, beside: bool) -> tuple[Canvas, Canvas]:
    """Give where bars and trend stand: side by side, or both as wide as the leg."""
    if not beside:
        return canvas, canvas.part(0, names, canvas.height, canvas.width - names)
    half = max(_NARROWEST_BARS, int(canvas.width * _BARS_SHARE))
    start = half + _CHART_GAP
    return canvas.part(0, 0, canvas.height, half), canvas.part(0, start, canvas.height, canvas.width - start)


def _beside_the_bars(right: Canvas, rows: Rows) -> tuple[Canvas, Canvas]:
    """Give the rows of a trend on the right, and of its axis: beside the level where there are no bars."""
    top, height = rows["bars"]
    if height:
        return right.part(top, 0, height, right.width), right.part(top + height, 0, 1, right.width)
    top, height = rows["level"]
    return right.part(top, 0, height, right.width), right.part(top, 0, 0, right.width)


def _name_trend(canvas: Canvas, labels: tuple[str, ...]) -> None:
    """Draw what stands left of the trend."""
    pitch = canvas.height // len(labels)
    if not pitch:
        canvas.put(0, 0, "trend", FAINT)
        return
    for number, label in enumerate(labels, start=1):
        canvas.put(number * pitch - 1, 0, label, FAINT)
