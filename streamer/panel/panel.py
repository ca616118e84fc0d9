"""The panel: a pure function of a snapshot, the session's info, a size and the time of day."""

import textwrap
from collections.abc import Sequence
from typing import Final

from rich.style import Style

from emotion.wall_clock import local
from streamer.panel.canvas import (
    FAINT,
    LEVEL,
    OTHER,
    PLAIN,
    STRONG,
    TALK,
    WARNING,
    Canvas,
    Figure,
    draw_figures,
    duration,
    figures_width,
    fixed,
    num_cells,
    percent,
    shortened,
    signed,
)
from streamer.panel.charts import draw_spectrogram, label_width
from streamer.panel.layout import (
    NARROW_WIDTH,
    Arrangement,
    PanelContent,
    PanelLayout,
    PanelPart,
    arrange_legs,
    plan_layout,
)
from streamer.panel.leg import draw_leg, voice_figures
from streamer.session_info import SessionInfo
from streamer.snapshot import LegView, Snapshot

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
    status = _packed(status_figures(snapshot, info, clock), canvas.width)
    notes = _note_lines(info, canvas.width)
    arranged = arrange_legs(snapshot.legs, width, height)
    content = PanelContent(
        num_labels=len(info.labels),
        num_rows={
            "alerts": int(bool(info.alerts)),
            "conversation": int(has_conversation(snapshot)),
            "more_legs": int(arranged.num_left_out > 0),
            "notes": len(notes),
            "status": len(status),
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

    _draw_header(part("header"), snapshot, info, clock)
    draw_alerts(part("alerts"), snapshot.alerts, info.alerts)
    draw_conversation(part("conversation"), snapshot)
    _draw_legs(canvas, layout, arranged, snapshot, info)
    part("more_legs").put(0, 0, f"+{arranged.num_left_out} legs", FAINT)
    _draw_spectrogram(part("spectrogram"), snapshot, info, coloured=coloured)
    for row, figures in enumerate(status):
        draw_figures(part("status"), figures, row)
    _draw_notes(part("notes"), notes)
    _draw_messages(part("messages"), snapshot.messages)
    draw_keys(part("keys"), paused=snapshot.paused)
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


_CLOCK_WIDTH: Final = 8


def _draw_header(canvas: Canvas, snapshot: Snapshot, info: SessionInfo, clock: float) -> None:
    """Draw program and source, a badge for a pause or a recording, and the time of day."""
    canvas.put_right(0, canvas.width, f"{local(clock):%H:%M:%S}")
    end = canvas.width - _CLOCK_WIDTH - 2
    # The place of a badge is kept free. There is never more than one: nothing is saved in a pause.
    off, badge_width = ("‖ OFF", 8) if canvas.width < NARROW_WIDTH else ("‖ OFF THE RECORD", 18)
    if snapshot.paused:
        canvas.put_right(0, end, off, STRONG)
    elif snapshot.saving:
        canvas.put_right(0, end, "● REC", WARNING)
    name = canvas.part(0, 0, 1, end - badge_width)
    if name.width >= 8:
        name.put(0, 0, "callmood", STRONG)
        name.put(0, 10, shortened(info.source_name, name.width - 10), FAINT)


_ALERT_GAP: Final = 3


def draw_alerts(canvas: Canvas, alerts: Sequence[str], rules: Sequence[str]) -> None:
    """Draw the alerts as far as they fit, then how many more there are."""
    if not alerts:
        canvas.put(0, 0, shortened(f"alerts: none now, watching {', '.join(rules)}", canvas.width), FAINT)
        return
    column = 0
    for number, alert in enumerate(alerts):
        num_more = len(alerts) - number - 1
        more = f" +{num_more} more" if num_more else ""
        text = f"▲ {alert}"
        if column and column + num_cells(text) + len(more) > canvas.width:
            canvas.put(0, column - _ALERT_GAP, f" +{num_more + 1} more", WARNING)
            return
        text = shortened(text, canvas.width - column - len(more))
        canvas.put(0, column, text, WARNING)
        column += num_cells(text) + _ALERT_GAP


_CONVERSATION_GAP: Final = 3
_LONGEST_NAME: Final = 12
_SHORTEST_BAR: Final = 8
_LONGEST_BAR: Final = 60


def has_conversation(snapshot: Snapshot) -> bool:
    """Tell whether legs talk with each other, or two devices drift apart."""
    return len(_analysed_legs(snapshot)) > 1 or snapshot.drift_seconds is not None


def draw_conversation(canvas: Canvas, snapshot: Snapshot) -> None:
    """Draw as much as fits: a bar of shares where two legs talk, and figures at its right."""
    legs = _analysed_legs(snapshot)
    figures = _conversation_figures(snapshot, legs)
    while figures_width(figures) > canvas.width:
        figures.pop()
    if len(legs) != 2:
        draw_figures(canvas, figures)
        return
    end = canvas.width - figures_width(figures)
    width = _draw_shares(canvas.part(0, 0, 1, end - _CONVERSATION_GAP), legs)
    start = min(end, width + _CONVERSATION_GAP) if width else 0
    draw_figures(canvas.part(0, start, 1, canvas.width - start), figures)


def _analysed_legs(snapshot: Snapshot) -> list[LegView]:
    return [leg for leg in snapshot.legs if leg.analysed]


def _conversation_figures(snapshot: Snapshot, legs: Sequence[LegView]) -> list[Figure]:
    """Give the figures, the most important first."""
    figures = []
    if len(legs) > 1:
        who = "both" if len(legs) == 2 else "several"
        seconds = f"{fixed(snapshot.overlap_seconds, 5, 1)} s"
        if sum(leg.talks and snapshot.is_live(leg.name) for leg in legs) > 1:
            figures.append(Figure("", f"{who} talk ▸ {seconds}", TALK))
        else:
            figures.append(Figure(f"{who} talked", seconds))
        names = [shortened(leg.name, _LONGEST_NAME) for leg in legs]
        last = next((name for name, leg in zip(names, legs, strict=True) if leg.spoke_last), "\N{EN DASH}")
        width = max(num_cells(name) for name in names)
        figures.append(Figure("spoke last", last + " " * (width - num_cells(last))))
    if snapshot.drift_seconds is not None:
        figures.append(Figure("drift", f"{signed(snapshot.drift_seconds)} s"))
    return figures


def _draw_shares(canvas: Canvas, legs: Sequence[LegView]) -> int:
    """Draw the shares in two heights and two colours, between two names; give the cells it took."""
    before, after = (shortened(leg.name, _LONGEST_NAME) for leg in legs)
    percents = [percent(leg.talk_share) for leg in legs]
    taken = num_cells(before) + num_cells(after) + 2
    taken_with_percents = taken + sum(len(each) + 1 for each in percents)
    if taken_with_percents + _SHORTEST_BAR <= canvas.width:
        taken, before, after = taken_with_percents, f"{before} {percents[0]}", f"{percents[1]} {after}"
    width = min(_LONGEST_BAR, canvas.width - taken)
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
    return taken + width


def status_figures(snapshot: Snapshot, info: SessionInfo, clock: float) -> list[Figure]:
    """Give the figures of the status, each value in a width that never changes."""
    # Whole seconds of the clock, so that both tick together.
    figures = [Figure("elapsed", duration(int(clock) - int(info.started)))]
    whole = info.seconds
    if whole is not None:
        start = 0 if whole >= 3600 else 3
        heard = duration(min(snapshot.stream_seconds, whole))[start:]
        figures.append(Figure("heard", f"{heard} of {duration(whole)[start:].lstrip()}"))
    figures.append(Figure("lag", f"{fixed(snapshot.lag_seconds, 4, 2)} s"))
    if len(info.legs) == 1:
        figures += voice_figures(snapshot.legs[0], info)[:1]
    dropped_seconds = snapshot.dropped_seconds
    figures += [
        Figure("overruns", fixed(snapshot.overruns, 4, 0), _warning(snapshot.overruns > 0)),
        Figure("dropped", f"{fixed(dropped_seconds, 5, 1)} s", _warning(dropped_seconds > 0.0)),
        Figure("skipped", fixed(snapshot.skipped, 4, 0), _warning(snapshot.skipped > 0)),
        Figure("marks", fixed(snapshot.marks, 3, 0)),
        Figure("model", info.model),
        Figure("win", f"{info.win_seconds:g} s"),
        Figure("step", f"{info.step_seconds:g} s"),
        _speed(snapshot),
    ]
    if info.shows_change_after_seconds is not None:
        figures.append(Figure("shows a change after", f"{info.shows_change_after_seconds:.1f} s"))
    return figures


def _speed(snapshot: Snapshot) -> Figure:
    """Give the real-time factor, or how many times too slow the machine is, in as many cells."""
    if snapshot.too_slow is not None:
        return Figure("", f"too slow: x{min(snapshot.too_slow, 99.9):.1f}".ljust(21), WARNING)
    factor = snapshot.real_time_factor
    return Figure("real-time factor", fixed(factor, 5, 3), _warning(factor >= 1.0))


def _warning(holds: bool) -> Style:
    return WARNING if holds else PLAIN


def _packed(figures: Sequence[Figure], width: int) -> list[list[Figure]]:
    """Break figures into lines."""
    lines: list[list[Figure]] = [[]]
    for figure in figures:
        if lines[-1] and figures_width([*lines[-1], figure]) > width:
            lines.append([])
        lines[-1].append(figure)
    return lines


def _note_lines(info: SessionInfo, width: int) -> list[str]:
    """Give the notes of model and source, as few lines as hold them whole."""
    lines: list[str] = []
    for note in (*info.model_notes, *info.notes):
        if lines and len(lines[-1]) + 3 + len(note) <= width:
            lines[-1] += f" · {note}"
        else:
            text = " ".join(note.split())
            lines += textwrap.wrap(text, max(1, width), break_long_words=False, break_on_hyphens=False) or [
                ""
            ]
    return lines


def _draw_notes(canvas: Canvas, lines: Sequence[str]) -> None:
    """Draw the lines; where not all fit, the last row ends in how many are left."""
    num_hidden = len(lines) - canvas.height
    more = f" … +{num_hidden}" if num_hidden > 0 else ""
    for row, line in enumerate(lines[: canvas.height]):
        is_last = row == canvas.height - 1
        canvas.part(row, 0, 1, canvas.width - len(more) * is_last).put(0, 0, line, FAINT)
    canvas.put_right(canvas.height - 1, canvas.width, more, FAINT)


def _draw_messages(canvas: Canvas, messages: Sequence[str]) -> None:
    """Draw the last messages, the newest at the bottom."""
    shown = messages[len(messages) - min(len(messages), canvas.height) :]
    for row, message in enumerate(shown):
        canvas.put(row, 0, shortened(message, canvas.width))


_KEY_GAP: Final = 2


_KEY_FORMS: Final = (
    ("off the record", "go on the record", "mark this moment"),
    ("off the record", "on the record", "mark"),
    ("off record", "on record", "mark"),
    ("off", "on", "mark"),
)
"""What space does, what it does in a pause, and what m does: from the longest to the shortest."""


def draw_keys(canvas: Canvas, *, paused: bool) -> None:
    """Draw the keys and what they do, in the longest form that fits; none moves in a pause."""
    for off, on, mark in _KEY_FORMS:
        mark_at = len("space ") + max(len(off), len(on)) + _KEY_GAP
        quit_at = mark_at + len("m ") + len(mark) + _KEY_GAP
        if quit_at + len("q quit") <= canvas.width:
            break
    keys = ((0, "space", on if paused else off), (mark_at, "m", mark), (quit_at, "q", "quit"))
    for column, key, does in keys:
        canvas.put(0, column, key, STRONG)
        canvas.put(0, column + len(key) + 1, does, FAINT)
