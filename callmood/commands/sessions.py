"""`callmood sessions`: list the recorded sessions."""

import argparse
import sys
from typing import TYPE_CHECKING, Final

from callmood.session_options import add_recordings_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamer.recordings.listing import RecordedSession

SUMMARY: Final = "List the recorded sessions."

_COLUMNS: Final = ("session", "started", "length", "model", "alerts", "legs")
_WIDTH: Final = 100
_LEAST_WIDTH: Final = 20
"""Of the legs, which are wrapped."""

_MAX_MODEL: Final = 20
_GAP: Final = "  "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_recordings_folder(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of the table")
    parser.epilog = (
        "Each leg is listed with the emotion that it showed longest. Sessions that this computer records now "
        "are marked (running).\n"
        "\n"
        "examples:\n"
        "  callmood sessions\n"
        "  callmood sessions -o /srv/calls --json\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """List the sessions."""
    import dataclasses
    import json
    from pathlib import Path

    from streamer.recordings.listing import recorded_sessions

    sessions = recorded_sessions(Path(arguments.out))
    if arguments.json:
        text = json.dumps([dataclasses.asdict(session) for session in sessions], indent=2)
    elif sessions:
        text = "\n".join(_table(sessions))
    else:
        text = f"no sessions in {arguments.out}; keep one with callmood listen --moments speech, or replay"
    sys.stdout.write(text + "\n")
    return 0


def _table(sessions: "Sequence[RecordedSession]") -> "Iterator[str]":
    """Align columns; what is kept of a session is on a line of its own."""
    import textwrap

    rows = [_COLUMNS, *map(_cells, sessions)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    left = _WIDTH - sum(widths) - len(_GAP) * len(widths)
    for row, session in zip(rows, [None, *sessions], strict=True):
        *cells, legs = row
        first, *more = textwrap.wrap(legs, max(_LEAST_WIDTH, left), break_on_hyphens=False)
        before = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        yield _GAP.join([*before, first]).replace(_NO_BREAK, " ")
        indent = _GAP.join([*(" " * width for width in widths), ""])
        yield from (f"{indent}{line}".replace(_NO_BREAK, " ") for line in more)
        if session is not None:
            yield f"{_GAP}{_kept(session)}"


_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def _cells(session: "RecordedSession") -> tuple[str, ...]:
    """Format a session for people."""
    from emotion.errors import printable
    from streamer.sinks.text import duration_text

    legs = (f"{leg.name} {leg.emotion or '-' if leg.analysed else 'level only'}" for leg in session.legs)
    return (
        session.session,
        session.started.replace("T", " ")[:16] if session.started else "?",
        "?" if session.seconds is None else duration_text(session.seconds).partition(".")[0],
        printable(session.model or "?")[:_MAX_MODEL],
        "-" if session.alerts is None else str(session.alerts),
        ", ".join(printable(leg).replace(" ", _NO_BREAK) for leg in legs) or "?",
    )


def _kept(session: "RecordedSession") -> str:
    from streamer.recordings.retention import size_text
    from streamer.sinks.base import counted

    num_clips = sum(session.clips.values())
    kept = [
        "sound" if session.whole_sound else "",
        counted(session.moments, "moment") if session.moments else "",
        counted(num_clips, "clip") if num_clips else "",
        "picture" if session.picture else "",
        "report" if session.reports else "",
        "journal" if session.journal else "",
    ]
    words = [*(word for word in kept if word), size_text(session.num_bytes)]
    return ", ".join(words) + (f" ({session.note})" if session.note else "")
