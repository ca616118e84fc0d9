"""`callmood enroll`: ten seconds of ordinary speech make a voice."""

import argparse
from typing import Final

from callmood.model_choice import MODEL_HELP
from callmood.process_setup import compute_on_one_thread

SUMMARY: Final = "Learn what is usual for a voice from some seconds of ordinary speech."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar="NAME", help="what the voice is to be called")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="a recording of the voice (default: the microphone)"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S", default=10.0, help="how much speech to learn from (default: 10)"
    )
    parser.add_argument(
        "--device", metavar="DEVICE", help="number, name or part of a name, as `callmood devices` lists them"
    )
    parser.add_argument("--model", metavar="MODEL", help=f"{MODEL_HELP} (default: speech)")
    parser.add_argument("--replace", action="store_true", help="forget what the voice of this name was")
    parser.epilog = (
        "examples:\n"
        "  callmood enroll anna\n"
        "  callmood enroll anna anna-reads.wav --seconds 20\n"
        "  callmood listen --voice anna\n"
        "\n"
        "Speak as you usually do. Only what is heard as speech counts, and no sound is kept: a voice is a\n"
        "few sums. It belongs to the model that learned it.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Enrol a voice."""
    compute_on_one_thread()
    from callmood.enrolling import enrol_voice

    return enrol_voice(arguments)
