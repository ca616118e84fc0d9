"""`callmood forget`: a recorded session, or a saved voice, is removed for good."""

import argparse
import sys
from typing import Final

SUMMARY: Final = "Remove recorded sessions or saved voices, whole and for good."

KEPT: Final = 1
"""The exit code where the user, being asked, has kept everything."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "names",
        metavar="SESSION|VOICE",
        nargs="+",
        help="a session's id, or the beginning of one alone; or a voice's name",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask (off a terminal it must be given)")
    parser.add_argument(
        "--out", metavar="DIR", default="recordings", help="where recordings are (default: recordings)"
    )
    parser.epilog = (
        "A session goes with its sound, its clips and their index. What callmood did not write into its\n"
        "folder stays, and is named. A journal that --journal has written elsewhere, or a picture, is not\n"
        "known here: remove it yourself. A session that goes on with a voice saves it again when it ends.\n"
        "DIR/removed.log tells when a session went and how much, nothing of what was in it; removed.log in\n"
        "the folder of voices does so for a voice, without its name.\n"
        "\n"
        "examples:\n"
        "  callmood forget 20261123T141530Z-3fa9\n"
        "  callmood forget 20261123T14 anna\n"
        "  callmood forget anna --yes\n"
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
