"""`callmood enroll`: learn a voice from ten seconds of speech."""

import argparse
from typing import Final

from callmood.model_choice import add_model_argument
from callmood.process_setup import compute_on_one_thread
from callmood.session_options import DEVICE_HELP

SUMMARY: Final = "Learn the speaker baseline of a voice from some seconds of ordinary speech."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar="NAME", help="name for the voice")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="recording of the voice (default: the microphone)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        default=10.0,
        help="seconds of speech to learn from (default: %(default)g)",
    )
    parser.add_argument(
        "-d",
        "--device",
        metavar="DEVICE",
        help=f"{DEVICE_HELP} (default: the default microphone)",
    )
    add_model_argument(parser)
    parser.add_argument("--replace", action="store_true", help="replace the voice of this name")
    parser.epilog = (
        "Speak as you usually do. Only speech counts, and no sound is saved: a voice is a few sums. It "
        "belongs to the model that learned it.\n"
        "\n"
        "examples:\n"
        "  callmood enroll anna\n"
        "  callmood enroll anna anna-reads.wav --seconds 20\n"
        "  callmood listen --voice anna\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Enrol a voice."""
    compute_on_one_thread()
    from callmood.enrolling import enrol_voice

    return enrol_voice(arguments)
