"""`callmood replay`: a recording through the path that a microphone takes."""

import argparse
from pathlib import Path
from typing import Final

from callmood.process_setup import compute_on_one_thread
from callmood.session_options import add_session_arguments

SUMMARY: Final = "Replay a recording through the path that a microphone takes."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "file", metavar="FILE", help="any format that libsndfile reads: WAV, FLAC, Opus, MP3, ..."
    )
    parser.add_argument("--fast", action="store_true", help="as fast as it can, instead of at real speed")
    add_session_arguments(parser)
    parser.epilog = (
        "examples:\n"
        "  callmood replay call.wav --spectrogram\n"
        "  callmood replay call.wav --fast --journal call.jsonl\n"
        "  callmood replay call.wav --record angry,sad --out recordings\n"
        "  callmood replay call.wav --legs left=customer,right=agent --analyse customer\n"
        "\n"
        "The two channels of a stereo file are two legs, left and right; `--legs mono` mixes them down.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Replay."""
    compute_on_one_thread()
    from callmood.session_builder import claim_outputs, run_session
    from emotion.audio_io import AudioFile
    from streamer.leg_plan import LegPlan
    from streamer.recordings.session_folder import kept_while_read
    from streamer.sources.file import FileSource, are_channels_same

    path = Path(arguments.file)
    outputs = claim_outputs(arguments, [path])
    with kept_while_read(path):
        audio = AudioFile(path)
        # One voice written twice is one leg.
        usual = (LegPlan(),) if audio.channels > 1 and are_channels_same(AudioFile(path)) else ()
        return run_session([FileSource(audio, fast=arguments.fast)], arguments, outputs, usual)
