"""One leg: its title, its leading emotion, bars, level and trend."""

from typing import Final

from streamer.panel.bars import draw_bars, draw_legend, draw_level, label_width
from streamer.panel.canvas import Canvas
from streamer.panel.headline import draw_headline, headline_of
from streamer.panel.layout import Rows
from streamer.panel.leg_marks import draw_marks, leg_marks
from streamer.panel.leg_title import draw_title, room_for_marks
from streamer.panel.palette import FAINT
from streamer.panel.trend_lines import draw_time_axis, draw_trend
from streamer.session_facts import SessionFacts
from streamer.snapshot import LegView, Snapshot
from streamer.trend import TREND_SECONDS

_BARS_SHARE: Final = 0.54
_NARROWEST_BARS: Final = 46
_BETWEEN: Final = 3


def draw_leg(
    canvas: Canvas,
    rows: Rows,
    view: LegView,
    snapshot: Snapshot,
    facts: SessionFacts,
    *,
    names: int,
    beside: bool,
) -> None:
    """Draw a leg.

    Parameters
    ----------
    canvas : Canvas
        As wide as the leg, as high as the panel.
    rows : mapping of str to (int, int)
        First row and number of rows by part, from the layout.
    view : LegView
        The leg; of one that is not analysed only name and level are drawn.
    snapshot : Snapshot
        The latest state.
    facts : SessionFacts
        What does not change.
    names : int
        Width of the column that holds the legs' names.
    beside : bool
        The trend stands right of the bars, not under them.
    """

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
    room = canvas.width if has_marks else room_for_marks(canvas.width, names, brief=not has_headline)
    marks = leg_marks(view, snapshot, facts, room)
    draw_title(part("title"), view, names, None if has_headline else headline, () if has_marks else marks)
    draw_marks(part("marks"), marks)
    draw_headline(part("headline"), headline)
    draw_legend(part("legend", left))
    draw_bars(part("bars", left), view.row if is_heard else None, facts.labels)
    trend, axis = part("trend", right), part("axis", right)
    if beside:
        part("legend", right).put(0, 0, "last minute", FAINT)
        trend, axis = _beside_the_bars(right, rows)
    else:
        _name_trend(part("trend"), facts.labels)
    draw_trend(trend, view.trend, facts.labels, facts.step_seconds)
    draw_time_axis(axis, TREND_SECONDS)


def _halves(canvas: Canvas, names: int, *, beside: bool) -> tuple[Canvas, Canvas]:
    """Give where bars and trend stand: side by side, or both as wide as the leg."""
    if not beside:
        return canvas, canvas.part(0, names, canvas.height, canvas.width - names)
    half = max(_NARROWEST_BARS, int(canvas.width * _BARS_SHARE))
    start = half + _BETWEEN
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
