"""`callmood sessions`: list the recorded sessions."""

import argparse
import sys
from typing import TYPE_CHECKING, Final

from callmood.commands import table
from callmood.session_options import add_recordings_folder

if TYPE_CHECKING:
    from streamer.recordings.scan import RecordedSession

SUMMARY: Final = "List the recorded sessions."

_COLUMNS: Final = ("session", "started", "length", "size", "sound", "clips")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_recordings_folder(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of the table")
    parser.epilog = (
        "`callmood listen` and `callmood replay` record with --record or --record-session. Sessions that "
        "this computer records now are marked (running).\n"
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

    from streamer.recordings.scan import recorded_sessions

    sessions = recorded_sessions(Path(arguments.out))
    if arguments.json:
        text = json.dumps([dataclasses.asdict(session) for session in sessions], indent=2)
    elif sessions:
        text = table([_COLUMNS, *map(_cells, sessions)]).rstrip("\n")
    else:
        text = f"no sessions in {arguments.out}; record one with callmood listen --record speech"
    sys.stdout.write(text + "\n")
    return 0


def _cells(session: "RecordedSession") -> tuple[str, ...]:
    """Format a session for people."""
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
