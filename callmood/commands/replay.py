"""`callmood replay`: a recording through the path that a microphone takes."""

import argparse
from pathlib import Path
from typing import Final

from callmood.process import compute_on_one_thread
from callmood.session_options import add_session_arguments

SUMMARY: Final = "Replay a recording through the path that a microphone takes."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="recording in any format that libsndfile reads: WAV, FLAC, Opus, MP3",
    )
    parser.add_argument(
        "--fast", action="store_true", help="analyse as fast as possible (default: at real speed)"
    )
    add_session_arguments(parser)
    parser.epilog = (
        "The channels of a stereo recording are two legs, left and right, unless they are identical; "
        "`--legs mono` mixes them down.\n"
        "\n"
        "examples:\n"
        "  callmood replay call.wav --spectrogram\n"
        "  callmood replay call.wav --fast -q --journal call.jsonl\n"
        "  callmood replay call.wav --record angry,sad -o recordings\n"
        "  callmood replay call.wav -l left=customer,right=agent --analyse customer\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Replay."""
    compute_on_one_thread()
    from callmood.session_builder import check_session, claim_outputs, run_session
    from emotion.audio_io import AudioFile
    from streamer.leg_plan import LegPlan
    from streamer.recordings.session_folder import kept_while_read
    from streamer.sources.file import FileSource, are_channels_same

    check_session(arguments)
    path = arguments.file
    outputs = claim_outputs(arguments, [path])
    with kept_while_read(path):
        audio = AudioFile(path)
        # One voice written twice is one leg.
        usual = (LegPlan(),) if audio.channels > 1 and are_channels_same(AudioFile(path)) else ()
        return run_session([FileSource(audio, fast=arguments.fast)], arguments, outputs, usual)
