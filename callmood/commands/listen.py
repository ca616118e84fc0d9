"""`callmood listen`: microphones, the machine's own sound, or a pipe, live."""

import argparse
from pathlib import Path
from typing import Final

from callmood.process import compute_on_one_thread
from callmood.session_options import LiveInput, add_session_arguments, add_source_arguments

SUMMARY: Final = "Listen to a microphone or a call and show its emotions, live."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source_arguments(parser)
    add_session_arguments(parser)
    parser.epilog = (
        "Keys: space pauses analysis and recording, m sets a mark, M one with a note, z zooms the trend, ? "
        "shows all keys, q quits. Have the consent of everyone you listen to: see `callmood notice`.\n"
        "\n"
        "examples:\n"
        "  callmood listen\n"
        "  callmood listen --moments angry,sad\n"
        "  callmood listen -d headset --spectrogram\n"
        "  callmood listen --duration 600 --journal call.jsonl --record angry\n"
        "  callmood listen --mic --system --analyse them\n"
        "  callmood listen -q --alert 'angry>0.7 for 5s' --on-alert 'notify-send angry'\n"
        "  arecord -f S16_LE -r 16000 -t raw | callmood listen - --rate 16000\n"
        "  ffmpeg -i call.mp4 -f s16le -ar 16000 -ac 2 - | callmood listen - --channels 2\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Listen."""
    compute_on_one_thread()
    from callmood.session_builder import check_session, claim_outputs, run_session

    live = LiveInput.of(arguments)
    check_session(arguments)
    live.check_legs(arguments)
    outputs = claim_outputs(arguments, [Path("/dev/stdin")] if arguments.pipe else [])
    return run_session(live.open(), arguments, outputs, live.usual_legs)
