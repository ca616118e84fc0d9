"""`callmood listen`: microphones, the machine's own sound, or a pipe, live."""

import argparse
from pathlib import Path
from typing import Final

from callmood.process_setup import compute_on_one_thread
from callmood.session_options import add_session_arguments, add_source_arguments, sources_of

SUMMARY: Final = "Listen to a microphone or a call and show the emotions it hears, live."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source_arguments(parser)
    add_session_arguments(parser)
    parser.epilog = (
        "examples:\n"
        "  callmood listen\n"
        "  callmood listen --device headset --spectrogram\n"
        "  callmood listen --duration 600 --journal call.jsonl --record angry\n"
        "  callmood listen --mic --system --analyse them\n"
        "  arecord -f S16_LE -r 16000 -t raw | callmood listen - --rate 16000\n"
        "  ffmpeg -i call.mp4 -f s16le -ar 16000 -ac 2 - | callmood listen - --channels 2\n"
        "\n"
        "Have the consent of those you listen to. Keys: space: off the record, m: mark, q: quit.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Listen."""
    compute_on_one_thread()
    from callmood.session_builder import claim_outputs, run_session

    outputs = claim_outputs(arguments, [Path("/dev/stdin")] if arguments.pipe else [])
    sources, usual_legs = sources_of(arguments)
    return run_session(sources, arguments, outputs, usual_legs)
