"""Rows of the panel that belong to no leg: header, alerts, conversation, status, notes, messages, keys."""

from collections.abc import Iterable, Sequence
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
    duration,
    fixed,
    num_cells,
    percent,
    shortened,
    signed,
)
from streamer.panel.layout import NARROW_WIDTH
from streamer.panel.leg import Indicator, draw_indicators, indicators_width, voice_name, voice_text
from streamer.session_info import SessionInfo
from streamer.snapshot import LegView, Snapshot

_CLOCK_WIDTH: Final = 8
_OFF: Final = "‖ OFF THE RECORD"
_NARROW_OFF: Final = "‖ OFF"
_MARKS_WIDTH: Final = len(_OFF) + 2
"""Kept free while neither mark is shown; there is never more than one: nothing is saved in a pause."""
_NARROW_MARKS_WIDTH: Final = 8


def draw_header(canvas: Canvas, snapshot: Snapshot, facts: SessionInfo, clock: float) -> None:
    """Draw the top line."""
    canvas.put_right(0, canvas.width, f"{local(clock):%H:%M:%S}")
    end = canvas.width - _CLOCK_WIDTH - 2
    narrow = canvas.width < NARROW_WIDTH
    if snapshot.paused:
        canvas.put_right(0, end, _NARROW_OFF if narrow else _OFF, STRONG)
    elif snapshot.saving:
        canvas.put_right(0, end, "● REC", WARNING)
    name = canvas.part(0, 0, 1, end - (_NARROW_MARKS_WIDTH if narrow else _MARKS_WIDTH))
    if name.width >= 8:
        name.put(0, 0, "callmood", STRONG)
        name.put(0, 10, shortened(facts.source_name, name.width - 10), FAINT)


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
    """Tell whether there is anything to say."""
    return len(_analysed_legs(snapshot)) > 1 or snapshot.drift_seconds is not None


def draw_conversation(canvas: Canvas, snapshot: Snapshot) -> None:
    """Draw as much as fits: a bar where two share the talk, and figures at its right."""
    legs = _analysed_legs(snapshot)
    marks = _conversation_figures(snapshot, legs)
    while indicators_width(marks) > canvas.width:
        marks.pop()
    if len(legs) != 2:
        draw_indicators(canvas, marks)
        return
    end = canvas.width - indicators_width(marks)
    width = _draw_shares(canvas.part(0, 0, 1, end - _CONVERSATION_GAP), legs)
    start = min(end, width + _CONVERSATION_GAP) if width else 0
    draw_indicators(canvas.part(0, start, 1, canvas.width - start), marks)


def _analysed_legs(snapshot: Snapshot) -> list[LegView]:
    return [leg for leg in snapshot.legs if leg.analysed]


def _conversation_figures(snapshot: Snapshot, legs: Sequence[LegView]) -> list[Indicator]:
    """Give the figures, the weightiest first."""
    marks = []
    if len(legs) > 1:
        who = "both" if len(legs) == 2 else "several"
        seconds = f"{fixed(snapshot.overlap_seconds, 5, 1)} s"
        if sum(leg.talks and snapshot.hears(leg.name) for leg in legs) > 1:
            marks.append(Indicator("", f"{who} talk ▸ {seconds}", TALK))
        else:
            marks.append(Indicator(f"{who} talked", seconds))
        names = [shortened(leg.name, _LONGEST_NAME) for leg in legs]
        last = next((name for name, leg in zip(names, legs, strict=True) if leg.spoke_last), "\N{EN DASH}")
        width = max(num_cells(name) for name in names)
        marks.append(Indicator("spoke last", last + " " * (width - num_cells(last))))
    if snapshot.drift_seconds is not None:
        marks.append(Indicator("drift", f"{signed(snapshot.drift_seconds)} s"))
    return marks


def _draw_shares(canvas: Canvas, legs: Sequence[LegView]) -> int:
    """Draw the shares in two heights and two colours, between two names; give the cells that it took."""
    before, after = (shortened(leg.name, _LONGEST_NAME) for leg in legs)
    figures = [percent(leg.talk_share) for leg in legs]
    named = num_cells(before) + num_cells(after) + 2
    figured = named + sum(len(figure) + 1 for figure in figures)
    if figured + _SHORTEST_BAR <= canvas.width:
        named, before, after = figured, f"{before} {figures[0]}", f"{figures[1]} {after}"
    width = min(_LONGEST_BAR, canvas.width - named)
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
    return named + width


_FIELD_GAP: Final = 2


def status_fields(snapshot: Snapshot, facts: SessionInfo, clock: float) -> list[tuple[str, str, bool]]:
    """Give what the status line says, each value in a width that never changes."""
    # Whole seconds of the clock, so that both tick together.
    fields = [("elapsed", duration(int(clock) - int(facts.started)), False)]
    whole = facts.seconds
    if whole is not None:
        start = 0 if whole >= 3600 else 3
        heard = duration(min(snapshot.stream_seconds, whole))[start:]
        fields.append(("heard", f"{heard} of {duration(whole)[start:].lstrip()}", False))
    fields.append(("lag", f"{fixed(snapshot.lag_seconds, 4, 2)} s", False))
    if facts.learns_voice and len(facts.legs) == 1:
        leg = snapshot.legs[0]
        known = 0.0 if leg.row is None else leg.row.voice_known
        fields.append((voice_name(facts.voices.get(leg.name)), voice_text(known), False))
    return [
        *fields,
        ("overruns", fixed(snapshot.overruns, 4, 0), snapshot.overruns > 0),
        ("dropped", f"{fixed(snapshot.dropped_seconds, 5, 1)} s", snapshot.dropped_seconds > 0.0),
        ("skipped", fixed(snapshot.skipped, 4, 0), snapshot.skipped > 0),
        ("marks", fixed(snapshot.marks, 3, 0), False),
        ("model", facts.model, False),
        ("win", f"{facts.win_seconds:g} s", False),
        ("step", f"{facts.step_seconds:g} s", False),
        _speed(snapshot),
        *_delay(facts),
    ]


def pack_fields(fields: Sequence[tuple[str, str, bool]], width: int) -> list[list[tuple[str, str, bool]]]:
    """Break fields into lines."""
    lines: list[list[tuple[str, str, bool]]] = []
    left = 0
    for field in fields:
        cells = len(field[0]) + 1 + len(field[1])
        if not lines or cells > left:
            lines.append([])
            left = width
        lines[-1].append(field)
        left -= cells + _FIELD_GAP
    return lines


def draw_status(canvas: Canvas, lines: Sequence[Sequence[tuple[str, str, bool]]]) -> None:
    """Draw the status."""
    for row, line in enumerate(lines):
        column = 0
        for name, value, worry in line:
            canvas.put(row, column, name, FAINT)
            column += len(name)
            canvas.put(row, column, "!" if worry else " ", WARNING if worry else PLAIN)
            canvas.put(row, column + 1, value, WARNING if worry else PLAIN)
            column += 1 + len(value) + _FIELD_GAP


def note_lines(facts: SessionInfo, width: int) -> list[str]:
    """Give the notes of model and source, as few lines as hold them whole."""
    lines: list[str] = []
    for note in (*facts.model_notes, *facts.notes):
        if lines and len(lines[-1]) + 3 + len(note) <= width:
            lines[-1] += f" · {note}"
        else:
            lines += _wrapped(note, width)
    return lines


def draw_lines(canvas: Canvas, lines: Sequence[str], style: Style) -> None:
    """Draw plain lines; where not all fit, the last row ends in how many are left."""
    num_hidden = len(lines) - canvas.height
    more = f" … +{num_hidden}" if num_hidden > 0 else ""
    for row, line in enumerate(lines[: canvas.height]):
        is_last = row == canvas.height - 1
        canvas.part(row, 0, 1, canvas.width - len(more) * is_last).put(0, 0, line, style)
    canvas.put_right(canvas.height - 1, canvas.width, more, style)


def draw_messages(canvas: Canvas, messages: Sequence[str]) -> None:
    """Draw the last messages, the newest at the bottom."""
    shown = messages[len(messages) - min(len(messages), canvas.height) :]
    for row, message in enumerate(shown):
        canvas.put(row, 0, shortened(message, canvas.width))


def _speed(snapshot: Snapshot) -> tuple[str, str, bool]:
    """Say how much of the time is needed, or how far it does not suffice: as many cells either way."""
    factor = snapshot.real_time_factor
    if snapshot.too_slow is None:
        return ("real-time factor", fixed(factor, 5, 3), factor >= 1.0)
    return ("", f"too slow: x{min(snapshot.too_slow, 99.9):.1f}".ljust(21), True)


def _delay(facts: SessionInfo) -> list[tuple[str, str, bool]]:
    seconds = facts.shows_change_after_seconds
    return [] if seconds is None else [("shows a change after", f"{seconds:.1f} s", False)]


def _wrapped(note: str, width: int) -> Iterable[str]:
    lines = [""]
    for word in note.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


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
    """Draw what can be pressed."""
    fitting = (keys for keys in _FORMS if _keys_width(keys) <= canvas.width)
    column = 0
    for key in next(fitting, _FORMS[-1]):
        canvas.put(0, column, key.name, STRONG)
        canvas.put(0, column + len(key.name) + 1, key.does_in_pause if paused else key.does, FAINT)
        column += key.width + _KEY_GAP


def _keys_width(keys: Sequence[_Key]) -> int:
    return sum(key.width + _KEY_GAP for key in keys) - _KEY_GAP
