"""The foot of the panel: how the session is doing, what must be said, what happened, and the keys."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.style import Style

from streamer.panel.canvas import PLAIN, Canvas, shortened
from streamer.panel.palette import FAINT, STRONG, WARNING
from streamer.panel.voice_words import voice_words
from streamer.session_facts import SessionFacts
from streamer.snapshot import Snapshot

_BETWEEN: Final = 2
_VOICE_CELLS: Final = 12
_KEYS: Final = (("space", "pause"), ("m", "mark this moment"), ("q", "quit"))


def status_fields(snapshot: Snapshot, facts: SessionFacts, clock: float) -> list[tuple[str, str, bool]]:
    """Give what the status line says, each value in a width that never changes.

    Parameters
    ----------
    snapshot : Snapshot
        The latest state.
    facts : SessionFacts
        What does not change.
    clock : float
        Seconds since the epoch.

    Returns
    -------
    list of (str, str, bool)
        Name, value, and whether it is a cause for worry; the weightiest first.
    """
    # Whole seconds of the clock, so that both tick together.
    fields = [("elapsed", _duration(int(clock) - int(facts.started)), False)]
    whole = facts.seconds
    if whole is not None:
        start = 0 if whole >= 3600 else 3
        heard = _duration(min(snapshot.stream_seconds, whole))[start:]
        fields.append(("heard", f"{heard} of {_duration(whole)[start:].lstrip()}", False))
    fields.append(("lag", f"{_fixed(snapshot.lag_seconds, 4, 2)} s", False))
    if facts.learns_voice and len(facts.legs) == 1:
        leg = snapshot.legs[0]
        known = 0.0 if leg.row is None else leg.row.voice_known
        fields.append((_voice_name(facts.voices.get(leg.name)), voice_words(known), False))
    return [
        *fields,
        ("overruns", _fixed(snapshot.overruns, 4, 0), snapshot.overruns > 0),
        ("dropped", f"{_fixed(snapshot.dropped_seconds, 5, 1)} s", snapshot.dropped_seconds > 0.0),
        ("marks", _fixed(snapshot.marks, 3, 0), False),
        ("model", facts.model, False),
        ("win", f"{facts.win_seconds:g} s", False),
        ("step", f"{facts.step_seconds:g} s", False),
        ("real-time factor", _fixed(snapshot.real_time_factor, 5, 3), snapshot.real_time_factor >= 1.0),
        *_delay(facts),
    ]


def pack_fields(fields: Sequence[tuple[str, str, bool]], width: int) -> list[list[tuple[str, str, bool]]]:
    """Break fields into lines.

    Parameters
    ----------
    fields : sequence of (str, str, bool)
        Name, value, worry.
    width : int
        Cells to a line.

    Returns
    -------
    list of list
        As few lines as hold them in order; a field alone on its line may still be too wide.
    """
    lines: list[list[tuple[str, str, bool]]] = []
    left = 0
    for field in fields:
        cells = len(field[0]) + 1 + len(field[1])
        if not lines or cells > left:
            lines.append([])
            left = width
        lines[-1].append(field)
        left -= cells + _BETWEEN
    return lines


def draw_status(canvas: Canvas, lines: Sequence[Sequence[tuple[str, str, bool]]]) -> None:
    """Draw the status.

    Parameters
    ----------
    canvas : Canvas
        As many rows as there is room for.
    lines : sequence
        From `pack_fields`; a value to worry about has an exclamation mark before it.
    """
    for row, line in enumerate(lines):
        column = 0
        for name, value, worry in line:
            canvas.put(row, column, name, FAINT)
            column += len(name)
            canvas.put(row, column, "!" if worry else " ", WARNING if worry else PLAIN)
            canvas.put(row, column + 1, value, WARNING if worry else PLAIN)
            column += 1 + len(value) + _BETWEEN


def note_lines(facts: SessionFacts, width: int) -> list[str]:
    """Give the notes of model and source, as few lines as hold them whole.

    Parameters
    ----------
    facts : SessionFacts
        What does not change.
    width : int
        Cells to a line.

    Returns
    -------
    list of str
        None of them wider, but for a single word that is.
    """
    lines: list[str] = []
    for note in (*facts.model_notes, *facts.notes):
        if lines and len(lines[-1]) + 3 + len(note) <= width:
            lines[-1] += f" · {note}"
        else:
            lines += _wrap(note, width)
    return lines


def draw_lines(canvas: Canvas, lines: Sequence[str], style: Style) -> None:
    """Draw plain lines; where not all fit, the last row ends in how many are left.

    Parameters
    ----------
    canvas : Canvas
        As many rows as there is room for.
    lines : sequence of str
        Top to bottom.
    style : Style
        How they look.
    """
    for row, line in enumerate(lines[: canvas.height]):
        canvas.put(row, 0, line, style)
    if 0 < canvas.height < len(lines):
        canvas.put_right(canvas.height - 1, canvas.width, f" … +{len(lines) - canvas.height}", style)


def draw_messages(canvas: Canvas, messages: Sequence[str]) -> None:
    """Draw the last messages, the newest at the bottom.

    Parameters
    ----------
    canvas : Canvas
        As many rows as there is room for.
    messages : sequence of str
        Oldest first.
    """
    shown = messages[len(messages) - min(len(messages), canvas.height) :]
    for row, message in enumerate(shown):
        canvas.put(row, 0, shortened(message, canvas.width))


def draw_keys(canvas: Canvas, *, paused: bool) -> None:
    """Draw what can be pressed.

    Parameters
    ----------
    canvas : Canvas
        One row.
    paused : bool
        The pause key then goes on.
    """
    column = 0
    for key, does in _KEYS:
        says = "go on" if paused and does == "pause" else does
        if canvas.width < 45:
            says = says.split()[0] if says != "go on" else says
        canvas.put(0, column, key, STRONG)
        canvas.put(0, column + len(key) + 1, says, FAINT)
        column += len(key) + 1 + max(len(says), 5) + _BETWEEN


def _voice_name(voice: str | None) -> str:
    return "voice" if voice is None else f"voice {shortened(voice, _VOICE_CELLS)}:"


def _delay(facts: SessionFacts) -> list[tuple[str, str, bool]]:
    seconds = facts.shows_change_after_seconds
    return [] if seconds is None else [("shows a change after", f"{seconds:.1f} s", False)]


def _wrap(note: str, width: int) -> Iterable[str]:
    lines = [""]
    for word in note.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _duration(seconds: float) -> str:
    """Write hours, minutes and seconds in eight cells, up to 999 hours."""
    whole = min(3_599_999, max(0, int(seconds)))
    return f"{whole // 3600:d}:{whole // 60 % 60:02d}:{whole % 60:02d}".rjust(8)


def _fixed(value: float, width: int, decimals: int) -> str:
    """Write a number right-aligned in a width, with fewer decimals where it grows too long for it."""
    for each in range(decimals, -1, -1):
        text = f"{value:{width}.{each}f}"
        if len(text) <= width:
            return text
    return "9" * (width - 1) + "+"
