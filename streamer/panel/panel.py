"""The panel: a pure function of a snapshot, the facts, a size and the clock."""

from streamer.panel.bars import draw_bars, draw_legend, draw_level, label_width
from streamer.panel.canvas import Canvas
from streamer.panel.headline import draw_header, draw_headline
from streamer.panel.layout import NARROW_WIDTH, Layout, Needs, plan_layout
from streamer.panel.palette import FAINT
from streamer.panel.spectrogram import draw_spectrogram
from streamer.panel.status import (
    draw_keys,
    draw_lines,
    draw_messages,
    draw_status,
    note_lines,
    pack_fields,
    status_fields,
)
from streamer.panel.trend_lines import draw_time_axis, draw_trend
from streamer.session_facts import SessionFacts
from streamer.snapshot import LegView, Snapshot
from streamer.trend import TREND_SECONDS


def draw_panel(
    snapshot: Snapshot,
    facts: SessionFacts,
    width: int,
    height: int,
    clock: float,
    *,
    coloured: bool = True,
) -> Canvas:
    """Draw everything that a session shows.

    Parameters
    ----------
    snapshot : Snapshot
        The latest state.
    facts : SessionFacts
        What does not change.
    width, height : int
        Size of the terminal, cells; any size will do.
    clock : float
        Seconds since the epoch.
    coloured : bool
        False draws the spectrogram in shades, for terminals of few colours.

    Returns
    -------
    Canvas
        Exactly that size; printable by rich.
    """
    whole = Canvas(width, height)
    margin = 0 if width < NARROW_WIDTH else 2
    canvas = whole.part(0, margin, whole.height, whole.width - 2 * margin)
    status = pack_fields(status_fields(snapshot, facts, clock), canvas.width)
    notes = note_lines(facts, canvas.width)
    needs = Needs(len(facts.labels), len(status), len(notes), snapshot.spectrogram is not None)
    layout = plan_layout(width, height, needs)

    def part(name: str) -> Canvas:
        top, rows = layout.rows[name]
        return canvas.part(top, 0, rows, canvas.width)

    view = snapshot.legs[0]
    draw_header(part("header"), snapshot, facts, clock)
    draw_headline(part("headline"), view, snapshot, facts)
    _draw_leg(canvas, layout, view, snapshot, facts)
    if snapshot.spectrogram is not None:
        draw_spectrogram(
            part("spectrogram"), snapshot.spectrogram, label_width(facts.labels), coloured=coloured
        )
    draw_status(part("status"), status)
    draw_lines(part("notes"), notes, FAINT)
    draw_messages(part("messages"), snapshot.messages)
    draw_keys(part("keys"), paused=snapshot.paused)
    return whole


def _draw_leg(canvas: Canvas, layout: Layout, view: LegView, snapshot: Snapshot, facts: SessionFacts) -> None:
    """Draw bars, level and trend of a leg: the trend under the bars, or beside them."""
    names = label_width(facts.labels)
    left = canvas.part(0, 0, canvas.height, canvas.width)
    right = canvas.part(0, names, canvas.height, canvas.width - names)
    trend_top, trend_rows = layout.rows["trend"]
    axis_top, axis_rows = layout.rows["axis"]
    if layout.beside:
        half = max(46, canvas.width * 54 // 100)
        left = canvas.part(0, 0, canvas.height, half)
        right = canvas.part(0, half + 3, canvas.height, canvas.width - half - 3)
        trend_top, trend_rows = layout.rows["bars"]
        axis_top, axis_rows = trend_top + trend_rows, 1
        legend_top, legend_rows = layout.rows["legend"]
        right.part(legend_top, 0, legend_rows, right.width).put(0, 0, "last minute", FAINT)

    def rows(part: str) -> Canvas:
        top, height = layout.rows[part]
        return left.part(top, 0, height, left.width)

    draw_legend(rows("legend"))
    draw_bars(rows("bars"), None if snapshot.paused else view.row, facts.labels)
    draw_level(rows("level"), view.level_dbfs, view.floor_dbfs, facts.labels)
    draw_trend(
        right.part(trend_top, 0, trend_rows, right.width), view.trend, facts.labels, facts.step_seconds
    )
    draw_time_axis(right.part(axis_top, 0, axis_rows, right.width), TREND_SECONDS)
    if trend_rows >= len(facts.labels) and not layout.beside:
        for number, label in enumerate(facts.labels):
            canvas.put(trend_top + (number + 1) * (trend_rows // len(facts.labels)) - 1, 0, label, FAINT)
    elif trend_rows and not layout.beside:
        canvas.put(trend_top, 0, "trend", FAINT)
