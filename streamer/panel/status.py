"""Rows of the panel that belong to no leg: header, alerts, conversation, status, notes, messages, keys."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

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
from streamer.panel.layout import NARROW_WIDTH, PanelPart
from streamer.panel.leg import voice_figures
from streamer.session_info import SessionInfo
from streamer.snapshot import LegView, Snapshot


class SessionRow(NamedTuple):
    """How many rows a part of the panel asks for, and how it is drawn on those that it gets."""

    num_rows: int
    draw: Callable[[Canvas], None]


def session_rows(
    snapshot: Snapshot, info: SessionInfo, clock: float, width: int
) -> Mapping[PanelPart, SessionRow]:
    """Give the parts that belong to no leg; which rows they get is decided by `plan_layout`."""
    status = _packed(status_figures(snapshot, info, clock), width)
    notes = _note_lines(info, width)
    talk = int(has_conversation(snapshot))
    rules = info.alerts
    return {
        "header": SessionRow(1, lambda canvas: _draw_header(canvas, snapshot, info, clock)),
        "alerts": SessionRow(int(bool(rules)), lambda canvas: draw_alerts(canvas, snapshot.alerts, rules)),
        "conversation": SessionRow(talk, lambda canvas: draw_conversation(canvas, snapshot)),
        "status": SessionRow(len(status), lambda canvas: _draw_status(canvas, status)),
        "notes": SessionRow(len(notes), lambda canvas: _draw_notes(canvas, notes)),
        "messages": SessionRow(1, lambda canvas: _draw_messages(canvas, snapshot.messages)),
        "keys": SessionRow(1, lambda canvas: draw_keys(canvas, paused=snapshot.paused)),
    }


_CLOCK_WIDTH: Final = 8
_OFF: Final = "‖ OFF THE RECORD"
_NARROW_OFF: Final = "‖ OFF"
_BADGE_WIDTH: Final = len(_OFF) + 2
"""Kept free while no badge is shown; there is never more than one: nothing is saved in a pause."""
_NARROW_BADGE_WIDTH: Final = 8


def _draw_header(canvas: Canvas, snapshot: Snapshot, info: SessionInfo, clock: float) -> None:
    """Draw program and source, a badge for a pause or a recording, and the time of day."""
    canvas.put_right(0, canvas.width, f"{local(clock):%H:%M:%S}")
    end = canvas.width - _CLOCK_WIDTH - 2
    narrow = canvas.width < NARROW_WIDTH
    if snapshot.paused:
        canvas.put_right(0, end, _NARROW_OFF if narrow else _OFF, STRONG)
    elif snapshot.saving:
        canvas.put_right(0, end, "● REC", WARNING)
    name = canvas.part(0, 0, 1, end - (_NARROW_BADGE_WIDTH if narrow else _BADGE_WIDTH))
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
        if sum(leg.talks and snapshot.hears(leg.name) for leg in legs) > 1:
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


def _draw_status(canvas: Canvas, lines: Sequence[Sequence[Figure]]) -> None:
    for row, line in enumerate(lines):
        draw_figures(canvas, line, row)


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


class _Key(NamedTuple):
    """What a key does now, and what it does in a pause."""

    name: str
    does: str
    does_in_pause: str

    @property
    def width(self) -> int:
        return len(self.name) + 1 + max(len(self.does), len(self.does_in_pause))


def _keys(off: str, on: str, mark: str) -> tuple[_Key, ...]:
    return _Key("space", off, on), _Key("m", mark, mark), _Key("q", "quit", "quit")


_FORMS: Final = (
    _keys("off the record", "go on the record", "mark this moment"),
    _keys("off the record", "on the record", "mark"),
    _keys("off record", "on record", "mark"),
    _keys("off", "on", "mark"),
)
"""From the longest to the shortest."""


def draw_keys(canvas: Canvas, *, paused: bool) -> None:
    """Draw the keys and what they do, in the longest form that fits."""
    fitting = (keys for keys in _FORMS if _keys_width(keys) <= canvas.width)
    column = 0
    for key in next(fitting, _FORMS[-1]):
        canvas.put(0, column, key.name, STRONG)
        canvas.put(0, column + len(key.name) + 1, key.does_in_pause if paused else key.does, FAINT)
        column += key.width + _KEY_GAP


def _keys_width(keys: Sequence[_Key]) -> int:
    return sum(key.width + _KEY_GAP for key in keys) - _KEY_GAP
