"""The foot of the panel: how the session is doing, what must be said, and what happened."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.style import Style

from streamer.panel.canvas import PLAIN, Canvas, shortened
from streamer.panel.figures import duration, fixed
from streamer.panel.palette import FAINT, WARNING
from streamer.panel.voice_words import voice_name, voice_words
from streamer.session_facts import SessionFacts
from streamer.snapshot import Snapshot

_BETWEEN: Final = 2


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
        fields.append((voice_name(facts.voices.get(leg.name)), voice_words(known), False))
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
    num_hidden = len(lines) - canvas.height
    more = f" … +{num_hidden}" if num_hidden > 0 else ""
    for row, line in enumerate(lines[: canvas.height]):
        is_last = row == canvas.height - 1
        canvas.part(row, 0, 1, canvas.width - len(more) * is_last).put(0, 0, line, style)
    canvas.put_right(canvas.height - 1, canvas.width, more, style)


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


def _speed(snapshot: Snapshot) -> tuple[str, str, bool]:
    """Say how much of the time is needed, or how far it does not suffice: as many cells either way."""
    factor = snapshot.real_time_factor
    if snapshot.too_slow is None:
        return ("real-time factor", fixed(factor, 5, 3), factor >= 1.0)
    return ("", f"too slow: x{min(snapshot.too_slow, 99.9):.1f}".ljust(21), True)


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
