"""The panel: a pure function of a snapshot, the session's info, a size and the time of day."""

from typing import Final

from streamer.panel.canvas import FAINT, Canvas, num_cells, shortened
from streamer.panel.charts import label_width
from streamer.panel.layout import (
    NARROW_WIDTH,
    Arrangement,
    PanelContent,
    PanelLayout,
    PanelPart,
    arrange_legs,
    plan_layout,
)
from streamer.panel.leg import draw_leg
from streamer.panel.spectrogram import draw_spectrogram
from streamer.panel.status import session_rows
from streamer.session_info import SessionInfo
from streamer.snapshot import Snapshot

_LEG_GAP: Final = 3


def draw_panel(
    snapshot: Snapshot,
    info: SessionInfo,
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
        What changes.
    info : SessionInfo
        What does not change while the session runs.
    width, height : int
        Size of the terminal, cells.
    clock : float
        Time of day, seconds since the epoch.
    coloured : bool
        Draw the spectrogram in colours; in shades of grey otherwise.

    Returns
    -------
    Canvas
        Of the given size, at least 1 by 1.
    """
    whole = Canvas(width, height)
    margin = 0 if width < NARROW_WIDTH else 2
    canvas = whole.part(0, margin, whole.height, whole.width - 2 * margin)
    session = session_rows(snapshot, info, clock, canvas.width)
    arranged = arrange_legs(snapshot.legs, width, height)
    content = PanelContent(
        num_labels=len(info.labels),
        num_rows={
            "more_legs": int(arranged.num_left_out > 0),
            **{name: row.num_rows for name, row in session.items()},
        },
        spectrogram=snapshot.spectrogram is not None,
        leg_rows=tuple(row[0].analysed for row in arranged.rows),
        columns=arranged.columns,
        titled=_is_titled(snapshot),
    )
    layout = plan_layout(width, height, content)

    def part(name: PanelPart) -> Canvas:
        top, rows = layout.panel[name]
        return canvas.part(top, 0, rows, canvas.width)

    for name, row in session.items():
        row.draw(part(name))
    _draw_legs(canvas, layout, arranged, snapshot, info)
    part("more_legs").put(0, 0, f"+{arranged.num_left_out} legs", FAINT)
    _draw_spectrogram(part("spectrogram"), snapshot, info, coloured=coloured)
    return whole


def _is_titled(snapshot: Snapshot) -> bool:
    """Tell whether legs show their names: a single leg that is analysed needs none."""
    return len(snapshot.legs) > 1 or not snapshot.legs[0].analysed


def _draw_legs(
    canvas: Canvas, layout: PanelLayout, arranged: Arrangement, snapshot: Snapshot, info: SessionInfo
) -> None:
    """Draw the legs in columns of one width; the last column ends at the right edge."""
    gaps = _LEG_GAP * (arranged.columns - 1)
    width = (canvas.width - gaps) // arranged.columns
    for rows, views in zip(layout.legs, arranged.rows, strict=True):
        for column, view in enumerate(views):
            left = -(-column * (canvas.width + _LEG_GAP) // arranged.columns)
            leg = canvas.part(0, left, canvas.height, width)
            draw_leg(leg, rows, view, snapshot, info, history_beside_bars=layout.history_beside_bars)


def _draw_spectrogram(canvas: Canvas, snapshot: Snapshot, info: SessionInfo, *, coloured: bool) -> None:
    """Draw the spectrogram; where legs have names, under a title with the name of its leg."""
    if snapshot.spectrogram is None:
        return
    if _is_titled(snapshot):
        leg = next((leg.name for leg in snapshot.legs if leg.analysed), "")
        title = shortened(f"spectrogram of {leg}", canvas.width)
        canvas.put(0, 0, title, FAINT)
        canvas.put(0, num_cells(title) + 1, "─" * canvas.width, FAINT)
        canvas = canvas.part(1, 0, canvas.height - 1, canvas.width)
    draw_spectrogram(canvas, snapshot.spectrogram, label_width(info.labels), coloured=coloured)
