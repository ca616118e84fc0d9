"""`callmood voices`: list the saved voices, or delete one."""

import argparse
import sys
from typing import Final

from callmood.commands import table

SUMMARY: Final = "List the saved voices, or delete one."

_COLUMNS: Final = ("voice", "model", "learned from", "last heard")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--delete", metavar="NAME", help="delete this voice for good (default: list all)")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of the table")
    parser.epilog = (
        "`callmood enroll` and `callmood listen --voice NAME` save a voice. It is a few sums, no sound, in "
        "a file that only you can read: in $CALLMOOD_VOICES, or callmood/voices in $XDG_DATA_HOME "
        "(~/.local/share).\n"
        "\n"
        "examples:\n"
        "  callmood voices\n"
        "  callmood voices --delete anna\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """List the voices, or delete one."""
    import json

    from callmood.process import complain
    from emotion.errors import VoiceError
    from streamer.voices import VoiceFolder

    folder = VoiceFolder()
    if arguments.delete is not None:
        folder.delete(arguments.delete)
        sys.stdout.write(f"deleted {folder.path_of(arguments.delete)}\n")
        return 0
    voices, code = [], 0
    for name in folder.names():
        try:
            voice = folder.read(name)
        except VoiceError as error:
            code = complain(error)
        else:
            voices += [] if voice is None else [voice]
    if arguments.json:
        facts = [
            {
                "name": voice.name,
                "file": str(folder.path_of(voice.name)),
                "model": voice.model,
                "model_digest": voice.model_digest,
                "callmood_version": voice.callmood_version,
                "created": voice.created,
                "updated": voice.updated,
                "speech_seconds": voice.speech_seconds,
            }
            for voice in voices
        ]
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
        return code
    rows = [
        (voice.name, voice.model, f"{voice.speech_seconds:.1f} s", voice.updated.replace("T", " ")[:16])
        for voice in voices
    ]
    nothing = f"no voices in {folder.path}; make one with callmood enroll NAME\n"
    sys.stdout.write(table([_COLUMNS, *rows]) if rows else nothing)
    return code
