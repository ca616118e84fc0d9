"""The panel: a pure function of a snapshot, the session's facts, a size and the time of day."""

from typing import Final

from streamer.panel.canvas import FAINT, Canvas
from streamer.panel.charts import label_width
from streamer.panel.layout import NARROW_WIDTH, Arrangement, Layout, Needs, arrange_legs, plan_layout
from streamer.panel.leg import draw_leg, draw_rule, name_width
from streamer.panel.spectrogram import draw_spectrogram
from streamer.panel.status import (
    draw_alerts,
    draw_conversation,
    draw_header,
    draw_keys,
    draw_lines,
    draw_messages,
    draw_status,
    has_conversation,
    note_lines,
    pack_fields,
    status_fields,
)
from streamer.session_info import SessionInfo
from streamer.snapshot import Snapshot

_BETWEEN_LEGS: Final = 3


def draw_panel(
    snapshot: Snapshot,
    facts: SessionInfo,
    width: int,
    height: int,
    clock: float,
    *,
    coloured: bool = True,
) -> Canvas:
    """Draw everything that a session shows."""
    whole = Canvas(width, height)
    margin = 0 if width < NARROW_WIDTH else 2
    canvas = whole.part(0, margin, whole.height, whole.width - 2 * margin)
    status = pack_fields(status_fields(snapshot, facts, clock), canvas.width)
    notes = note_lines(facts, canvas.width)
    arranged = arrange_legs(snapshot.legs, width, height)
    needs = Needs(
        num_labels=len(facts.labels),
        status_rows=len(status),
        note_rows=len(notes),
        spectrogram=snapshot.spectrogram is not None,
        leg_rows=tuple(row[0].analysed for row in arranged.rows),
        columns=arranged.columns,
        titled=_is_titled(snapshot),
        conversation=has_conversation(snapshot),
        alerts=bool(facts.alerts),
        more_legs=arranged.num_left_out > 0,
    )
    layout = plan_layout(width, height, needs)

    def part(name: str) -> Canvas:
        top, rows = layout.rows[name]
        return canvas.part(top, 0, rows, canvas.width)

    draw_header(part("header"), snapshot, facts, clock)
    draw_alerts(part("alerts"), snapshot.alerts, facts.alerts)
    _draw_legs(canvas, layout, arranged, snapshot, facts)
    part("more_legs").put(0, 0, f"+{arranged.num_left_out} legs", FAINT)
    draw_conversation(part("conversation"), snapshot)
    _draw_spectrogram(part("spectrogram"), snapshot, facts, coloured=coloured)
    draw_status(part("status"), status)
    draw_lines(part("notes"), notes, FAINT)
    draw_messages(part("messages"), snapshot.messages)
    draw_keys(part("keys"), paused=snapshot.paused)
    return whole


def _is_titled(snapshot: Snapshot) -> bool:
    """Tell whether legs are named: one alone that is analysed needs no name."""
    return len(snapshot.legs) > 1 or not snapshot.legs[0].analysed


def _draw_legs(
    canvas: Canvas, layout: Layout, arranged: Arrangement, snapshot: Snapshot, facts: SessionInfo
) -> None:
    """Draw the legs in columns of one width; the last of them ends at the right."""
    between = _BETWEEN_LEGS * (arranged.columns - 1)
    width = (canvas.width - between) // arranged.columns
    names = name_width(snapshot.legs)
    for rows, views in zip(layout.legs, arranged.rows, strict=True):
        for column, view in enumerate(views):
            left = -(-column * (canvas.width + _BETWEEN_LEGS) // arranged.columns)
            leg = canvas.part(0, left, canvas.height, width)
            draw_leg(leg, rows, view, snapshot, facts, names=names, beside=layout.beside)


def _draw_spectrogram(canvas: Canvas, snapshot: Snapshot, facts: SessionInfo, *, coloured: bool) -> None:
    """Draw the spectrogram; where legs have names, it is said whose it is."""
    if snapshot.spectrogram is None:
        return
    names = label_width(facts.labels)
    if _is_titled(snapshot):
        whose = next((leg.name for leg in snapshot.legs if leg.analysed), "")
        draw_rule(canvas.part(0, 0, 1, canvas.width), f"spectrogram of {whose}")
        canvas = canvas.part(1, 0, canvas.height - 1, canvas.width)
    draw_spectrogram(canvas, snapshot.spectrogram, names, coloured=coloured)
