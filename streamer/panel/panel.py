"""The panel: a pure function of a snapshot, the session's info, a size and the time of day."""

import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType
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
    emotion_style,
    figures_width,
    fixed,
    num_cells,
    percent,
    shortened,
    signed,
)
from streamer.panel.charts import (
    draw_pause,
    draw_spectrogram,
    draw_strip,
    draw_strip_axis,
    draw_ticks,
    label_width,
    strip_axis,
    ticks_on,
)
from streamer.panel.layout import (
    NARROW_WIDTH,
    Arrangement,
    PanelContent,
    PanelLayout,
    PanelPart,
    PanelView,
    arrange_legs,
    plan_layout,
)
from streamer.panel.leg import draw_leg, line_figures, voice_figures
from streamer.session_info import SessionClock, SessionInfo
from streamer.session_memory import MAX_LOG_ENTRIES
from streamer.snapshot import LegView, LogKind, Snapshot

_LEG_GAP: Final = 3


def draw_panel(
    snapshot: Snapshot,
    info: SessionInfo,
    width: int,
    height: int,
    clock: float,
    *,
    view: PanelView | None = None,
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
    view : PanelView, optional
        How the user looks at it: by default in colours, at the last minute.

    Returns
    -------
    Canvas
        Of the given size, at least 1 by 1.
    """
    view = view or PanelView()
    whole = Canvas(width, height)
    margin = 0 if width < NARROW_WIDTH else 2
    canvas = whole.part(0, margin, whole.height, whole.width - 2 * margin)
    status = _packed(status_figures(snapshot, info, clock), canvas.width)
    strip_legs = [leg.name for leg in snapshot.legs if leg.name in snapshot.strip.kinds]
    notes = _note_lines(info, canvas.width)
    arranged = arrange_legs(snapshot.legs, width, height)
    content = PanelContent(
        num_labels=len(info.labels),
        num_rows={
            "alerts": int(bool(info.alerts)),
            "conversation": int(has_conversation(snapshot)),
            "log": MAX_LOG_ENTRIES,
            "more_legs": int(arranged.num_left_out > 0),
            "notes": len(notes),
            "session": len(strip_legs),
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
    draw_alerts(part("alerts"), snapshot.alerts, info.alerts or ())
    draw_conversation(part("conversation"), snapshot)
    _draw_legs(canvas, layout, arranged, snapshot, info, zoom_seconds=view.zoom_seconds)
    part("more_legs").put(0, 0, f"+{arranged.num_left_out} legs", FAINT)
    _draw_spectrogram(part("spectrogram"), snapshot, info, coloured=view.coloured)
    _draw_session(part("session"), part("session_axis"), strip_legs, snapshot, info)
    _draw_log(part("log"), snapshot, info)
    for row, figures in enumerate(status):
        draw_figures(part("status"), figures, row)
    _draw_notes(part("notes"), notes)
    used = [*map(figures_width, status[: part("status").height])]
    lines = [(part("status").part(row, 0, 1, canvas.width), cells) for row, cells in enumerate(used)]
    if part("notes").height == len(notes):
        rows = (part("notes").part(row, 0, 1, canvas.width) for row in range(len(notes)))
        lines += zip(rows, map(num_cells, notes), strict=True)
    taken = _draw_counters(lines, part("messages"), counter_figures(snapshot))
    _draw_messages(part("messages"), _unlogged(snapshot, part("log")), taken)
    _draw_foot(whole, part("keys"), snapshot, info, view)
    return whole


def _unlogged(snapshot: Snapshot, log: Canvas) -> Sequence[str]:
    """Give the messages that are not in the log, where that is shown."""
    shown = {entry.message for entry in snapshot.log} if log.height else set()
    return [message for message in snapshot.messages if message not in shown]


def _is_titled(snapshot: Snapshot) -> bool:
    """Tell whether legs show their names: a single leg that is analysed needs none."""
    return len(snapshot.legs) > 1 or not snapshot.legs[0].analysed


def _draw_legs(
    canvas: Canvas,
    layout: PanelLayout,
    arranged: Arrangement,
    snapshot: Snapshot,
    info: SessionInfo,
    *,
    zoom_seconds: float,
) -> None:
    """Draw the legs in columns of one width; the last column ends at the right edge."""
    gaps = _LEG_GAP * (arranged.columns - 1)
    width = (canvas.width - gaps) // arranged.columns
    for rows, views in zip(layout.legs, arranged.rows, strict=True):
        for column, view in enumerate(views):
            left = -(-column * (canvas.width + _LEG_GAP) // arranged.columns)
            leg = canvas.part(0, left, canvas.height, width)
            draw_leg(
                leg,
                rows,
                view,
                snapshot,
                info,
                history_beside_bars=layout.history_beside_bars,
                zoom_seconds=zoom_seconds,
            )


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
    if snapshot.held:
        canvas.put_right(0, end, "‖ PAUSED", STRONG)
    elif snapshot.paused:
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
    whole = info.seconds
    # Whole seconds of the clock, so that both tick together. A replay has its own, which may stand.
    figures = [] if whole else [Figure("elapsed", duration(int(clock) - int(info.started)))]
    if whole is not None:
        start = 0 if whole >= 3600 else 3
        heard = duration(min(snapshot.stream_seconds, whole))[start:]
        figures.append(Figure("heard", f"{heard} of {duration(whole)[start:].lstrip()}"))
    figures.append(Figure("lag", f"{fixed(snapshot.lag_seconds, 4, 2)} s"))
    if len(info.legs) == 1:
        figures += voice_figures(snapshot.legs[0], info)[:1]
        figures += line_figures(snapshot.legs[0])[:1]
    figures += [
        Figure("marks", fixed(snapshot.marks, 3, 0)),
        Figure("model", info.model),
        Figure("win", f"{info.win_seconds:g} s"),
        Figure("step", f"{info.step_seconds:g} s"),
        _speed(snapshot),
    ]
    if info.shows_change_after_seconds is not None:
        figures.append(Figure("shows a change after", f"{info.shows_change_after_seconds:.1f} s"))
    return figures


def counter_figures(snapshot: Snapshot) -> list[Figure]:
    """Give what was lost, from the first that is not zero on; each keeps its place from the right edge."""
    counts = (
        ("overruns", snapshot.overruns, fixed(snapshot.overruns, 4, 0)),
        ("dropped", snapshot.dropped_seconds, f"{fixed(snapshot.dropped_seconds, 5, 1)} s"),
        ("skipped", snapshot.skipped, fixed(snapshot.skipped, 4, 0)),
    )
    figures = [Figure(name, text, WARNING) if count > 0 else None for name, count, text in counts]
    blank = [Figure("", " " * (len(name) + 1 + len(text))) for name, _, text in counts]
    first = next((number for number, figure in enumerate(figures) if figure), len(figures))
    return [figure or blank[number] for number, figure in enumerate(figures) if number >= first]


_COUNTERS_WIDTH: Final = 44
"""Cells of all counters."""


def _draw_counters(lines: Sequence[tuple[Canvas, int]], messages: Canvas, counters: Sequence[Figure]) -> int:
    """Draw the counters at the right of the last line that always has room, or else of the first message.

    They come and go, and nothing moves then. Give the cells taken beside the message.
    """
    width = figures_width(counters)
    free = [line for line, used in lines if line.height and used + 2 + _COUNTERS_WIDTH <= line.width]
    place = free[-1] if free else messages
    start = max(0, place.width - width)
    draw_figures(place.part(0, start, 1, place.width - start), counters)
    return 0 if free else width


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
    # Of staff the law is named even where there is one row.
    both = (info.notes, info.model_notes) if info.staff else (info.model_notes, info.notes)
    for note in (*both[0], *both[1]):
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


def _draw_messages(canvas: Canvas, messages: Sequence[str], taken: int) -> None:
    """Draw the last messages, the newest at the bottom; so many cells of the first row are taken."""
    shown = messages[len(messages) - min(len(messages), canvas.height) :]
    for row, message in enumerate(shown):
        width = canvas.width - (taken + _KEY_GAP if taken and not row else 0)
        canvas.put(row, 0, shortened(message, max(0, width)))


_LONGEST_STRIP_NAME: Final = 12


def _draw_session(
    canvas: Canvas, axis_canvas: Canvas, legs: Sequence[str], snapshot: Snapshot, info: SessionInfo
) -> None:
    """Draw the whole session, a row a leg, and its time below with marks and alerts."""
    names = ["session"] if len(legs) == 1 else [shortened(leg, _LONGEST_STRIP_NAME) for leg in legs]
    start = max([label_width(info.labels), *(num_cells(name) + 2 for name in names)])
    axis = strip_axis(snapshot.stream_seconds, info.seconds, canvas.width - start)
    for row, (leg, name) in enumerate(zip(legs, names, strict=True)):
        line = canvas.part(row, start, 1, canvas.width - start)
        canvas.put(row, 0, name, FAINT)
        kinds = snapshot.strip.kinds[leg]
        draw_strip(line, kinds, snapshot.strip.bin_seconds, axis)
        if snapshot.paused:
            # The bins of a pause come at its end.
            draw_pause(line, len(kinds) * snapshot.strip.bin_seconds, snapshot.stream_seconds, axis)
    # Without a row of their own, ticks stand on the first leg's.
    times = axis_canvas.part(0, start, 1, axis_canvas.width - start)
    ticks = ticks_on(axis, snapshot.strip.ticks)
    if times.height:
        draw_strip_axis(times, axis, ticks)
    else:
        draw_ticks(canvas.part(0, start, 1, canvas.width - start), ticks)


_LOG_STYLES: Final[Mapping[LogKind, Style]] = MappingProxyType(
    {"alert": WARNING, "gap": WARNING, "device": WARNING, "load": WARNING, "line": WARNING, "mark": STRONG}
)
_LOG_SIGNS: Final[Mapping[LogKind, str]] = MappingProxyType({"alert": "▲ ", "mark": "◆ "})


def _draw_log(canvas: Canvas, snapshot: Snapshot, info: SessionInfo) -> None:
    """Draw the latest events, the newest at the bottom: by the clock where it is known, or by stream time."""
    clock = SessionClock.of(info)
    for row, entry in enumerate(snapshot.log[-canvas.height :] if canvas.height else ()):
        moment = clock.at(entry.at_seconds)
        time = duration(entry.at_seconds).strip() if moment is None else f"{moment:%H:%M:%S}"
        canvas.put(row, 0, time, FAINT)
        text = f"{_LOG_SIGNS.get(entry.kind, '')}{entry.text}"
        column = len(time) + 1
        style = _LOG_STYLES.get(entry.kind) or (emotion_style(entry.emotion) if entry.emotion else PLAIN)
        canvas.put(row, column, shortened(text, canvas.width - column), style)


_KEY_GAP: Final = 2


class _KeyForm(NamedTuple):
    """What keys do, in a length."""

    off: str
    on: str
    hold: str
    mark: str
    others: tuple[tuple[str, str], ...]


_KEY_FORMS: Final = (
    _KeyForm(
        "off the record",
        "go on the record",
        "pause",
        "mark this moment",
        (("M", "note"), ("z", "zoom"), ("?", "keys")),
    ),
    _KeyForm("off the record", "go on the record", "pause", "mark", (("z", "zoom"), ("?", "keys"))),
    _KeyForm("off the record", "on the record", "pause", "mark", (("?", "keys"),)),
    _KeyForm("off record", "on record", "pause", "mark", (("?", "keys"),)),
    _KeyForm("off", "on", "hold", "mark", (("?", "keys"),)),
    _KeyForm("off", "on", "hold", "mark", ()),
)
"""From the longest form to the shortest."""


def draw_keys(canvas: Canvas, *, paused: bool, held: bool = False, is_replay: bool = False) -> None:
    """Draw the keys and what they do, in the longest form that fits; none moves in a pause."""
    for form in _KEY_FORMS:
        off, on = (form.hold, "go on") if is_replay else (form.off, form.on)
        space = (on if paused or held else off).ljust(max(len(off), len(on)))
        keys = [("space", space), ("m", form.mark), *form.others, ("q", "quit")]
        if sum(len(key) + len(does) + 1 + _KEY_GAP for key, does in keys) - _KEY_GAP <= canvas.width:
            break
    column = 0
    for key, does in keys:
        canvas.put(0, column, key, STRONG)
        canvas.put(0, column + len(key) + 1, does, FAINT)
        column += len(key) + len(does) + 1 + _KEY_GAP


_NOTE_PROMPT: Final = "note: "
_NOTE_HELP: Final = "Enter saves, Esc cancels"


def _draw_foot(whole: Canvas, keys: Canvas, snapshot: Snapshot, info: SessionInfo, view: PanelView) -> None:
    """Draw the keys, or what the user does in their place; on the last row where they have none."""
    last = whole.part(whole.height - 1, 0, 1, whole.width)
    if view.note is not None:
        _draw_note(keys if keys.height else _cleared(last), view.note)
    elif view.hint:
        foot = keys if keys.height else _cleared(last)
        foot.put(0, 0, shortened(view.hint, foot.width), WARNING)
    else:
        is_replay = info.seconds is not None
        draw_keys(keys, paused=snapshot.paused, held=snapshot.held, is_replay=is_replay)
    if view.shows_keys:
        _draw_all_keys(whole, is_replay=info.seconds is not None)


def _cleared(canvas: Canvas) -> Canvas:
    canvas.put(0, 0, " " * canvas.width)
    return canvas


def _draw_note(canvas: Canvas, note: str) -> None:
    """Draw the note that is written: its end, where not all fits."""
    canvas.put(0, 0, _NOTE_PROMPT, STRONG)
    start = len(_NOTE_PROMPT)
    helped = canvas.width >= start + len(_NOTE_HELP) + 24
    room = canvas.width - start - 1 - (len(_NOTE_HELP) + _KEY_GAP) * helped
    shown = note
    while num_cells(shown) > max(0, room):
        shown = shown[1:]
    canvas.put(0, start, shown)
    canvas.put(0, start + num_cells(shown), "▁", STRONG)
    if helped:
        canvas.put_right(0, canvas.width, _NOTE_HELP, FAINT)


_ALL_KEYS: Final = (
    ("space", "off the record, and on again"),
    ("m", "mark this moment"),
    ("M", "mark it with a note"),
    ("z", "trend of 1, 10 or 60 minutes"),
    ("q", "quit"),
    ("Ctrl-L", "draw anew"),
)
_REPLAY_KEYS: Final = (
    ("space", "pause, and go on"),
    ("\N{LEFTWARDS ARROW} \N{RIGHTWARDS ARROW}", "10 s back or on"),
)
_SIGNS_HELP: Final = "? unsure  · silence  ~ noise  ! clipped  / gap  ‖ off the record"


def _draw_all_keys(canvas: Canvas, *, is_replay: bool) -> None:
    """Draw what every key does over the middle of the panel."""
    keys = (*_REPLAY_KEYS, *_ALL_KEYS[1:]) if is_replay else _ALL_KEYS
    lines = [f" {key:<7}{does}" for key, does in keys]
    if canvas.width >= len(_SIGNS_HELP) + 4:
        lines += ["", f" {_SIGNS_HELP}"]
    lines += ["", " any key closes this"]
    if canvas.height < len(lines) + 2:
        lines = [line for line in lines if line][: canvas.height]
    width = min(canvas.width, max(map(num_cells, lines)) + 2)
    framed = canvas.height >= len(lines) + 2 and canvas.width >= width + 2
    rows = len(lines) + 2 * framed
    box = canvas.part((canvas.height - rows) // 2, (canvas.width - width) // 2, rows, width)
    for row in range(box.height):
        box.put(row, 0, " " * width)
    if framed:
        for row in (0, rows - 1):
            box.put(row, 0, "─" * width, FAINT)
    for row, line in enumerate(lines):
        box.put(row + framed, 0, line)
