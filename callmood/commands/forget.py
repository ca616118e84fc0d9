"""`callmood forget`: delete a recorded session, a saved voice or a line."""

import argparse
import sys
from typing import Final

from callmood.session_options import add_recordings_folder

SUMMARY: Final = "Delete recorded sessions, saved voices or lines, whole and for good."

KEPT: Final = 1
"""The exit code where the user, being asked, has kept everything."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "names",
        metavar="SESSION|VOICE|LINE",
        nargs="+",
        help="id of a session in --out, a unique beginning of it, `last`, or name of a voice or a line",
    )
    parser.add_argument("--yes", action="store_true", help="delete without asking; needed without a terminal")
    add_recordings_folder(parser)
    parser.epilog = (
        "Deletes the session's folder: journal, sound, clips, moments, picture and reports. Other files in "
        "it stay and are listed. Delete journals, pictures and reports written elsewhere yourself. A running "
        "session that uses a voice saves it again when it ends; one on a line begins that line anew. A line "
        "sums up several callers: one of them cannot be taken out, and what the caller of a session left "
        "stays until the line is deleted. DIR/removed.log records when a session was deleted and its size, "
        "not what was in it; removed.log in the folder of voices does so for a voice or a line, without its "
        "name.\n"
        "\n"
        "examples:\n"
        "  callmood forget 20261123T141530Z-3fa9\n"
        "  callmood forget 20261123T14 anna\n"
        "  callmood forget last\n"
        "  callmood forget anna --yes\n"
        "  callmood forget office@wideband\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Say what would go, ask, and remove it."""
    from pathlib import Path

    from emotion import wall_clock
    from emotion.errors import UsageError
    from streamer.recordings.forget import find_forgettable
    from streamer.voices import VoiceFolder

    voices, out_dir = VoiceFolder(), Path(arguments.out)
    found = [find_forgettable(name, out_dir, voices) for name in arguments.names]
    each_once = list({each.lines: each for each in found}.values())
    if not arguments.yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("forget asks before it removes, and here is no terminal to ask on; add --yes")
    _say(*(line for each in each_once for line in each.lines))
    if not arguments.yes and not _is_wanted(len(each_once)):
        _say("nothing was removed")
        return KEPT
    for each in each_once:
        _say(*each.forget(wall_clock.now()))
    return 0


def _is_wanted(num_things: int) -> bool:
    """Ask; whatever is no yes is a no."""
    sys.stdout.write(f"remove {'this' if num_things == 1 else f'these {num_things}'} for good? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
