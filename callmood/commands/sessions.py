"""`callmood sessions`: what recordings there are."""

import argparse
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streamer.recordings.listing import RecordedSession

SUMMARY: Final = "List what sessions have been recorded."

_COLUMNS: Final = ("session", "started", "length", "size", "sound", "clips")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--out", metavar="DIR", default="recordings", help="where recordings are (default: recordings)"
    )
    parser.add_argument("--json", action="store_true", help="a JSON list instead of the table")
    parser.epilog = (
        "A session is recorded by `callmood listen` or `callmood replay` with --record or --record-session.\n"
        "Those that this computer records now are marked (running).\n"
        "\n"
        "examples:\n"
        "  callmood sessions\n"
        "  callmood sessions --out /srv/calls --json\n"
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
        text = "\n".join(_table([_COLUMNS, *map(_cells, sessions)]))
    else:
        text = f"no sessions in {arguments.out}; record one with callmood listen --record speech"
    sys.stdout.write(text + "\n")
    return 0


def _cells(session: "RecordedSession") -> tuple[str, ...]:
    """Write a session for people."""
    from streamer.recordings.retention import size_text
    from streamer.sinks.text import duration_text

    clips = ", ".join(f"{kind} {count}" for kind, count in session.clips.items()) or "none"
    return (
        session.session,
        session.started.replace("T", " ").partition(".")[0] if session.started else "?",
        "?" if session.seconds is None else duration_text(session.seconds),
        size_text(session.num_bytes),
        "whole" if session.whole_sound else "-",
        f"{clips} ({session.note})" if session.note else clips,
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Align columns; the last may be of any width."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS) - 1)]
    return [
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
