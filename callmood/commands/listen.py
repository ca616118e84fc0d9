"""`callmood listen`: the microphone, live."""

import argparse
from typing import Final

from callmood.one_thread import compute_on_one_thread
from callmood.session_arguments import add_session_arguments

SUMMARY: Final = "Listen to a microphone and show the emotions it hears, live."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options.

    Parameters
    ----------
    parser : ArgumentParser
        That of the command.
    """
    parser.add_argument(
        "--device", metavar="DEVICE", help="number, name or part of a name, as `callmood devices` lists them"
    )
    add_session_arguments(parser)
    parser.epilog = (
        "examples:\n"
        "  callmood listen\n"
        "  callmood listen --device headset --spectrogram\n"
        "  callmood listen --duration 600 --journal call.jsonl --record angry\n"
        "\n"
        "Have the consent of those you listen to. Keys: space pauses, m marks this moment, q quits.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Listen.

    Parameters
    ----------
    arguments : Namespace
        As `configure` declares them.

    Returns
    -------
    int
        0, or the exit code of what failed on the way.
    """
    compute_on_one_thread()
    from callmood.session_wiring import run_session
    from streamer.microphone import Microphone

    return run_session(Microphone(arguments.device), arguments)
