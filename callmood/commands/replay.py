"""`callmood replay`: a recording through the path that a microphone takes."""

import argparse
from pathlib import Path
from typing import Final

from callmood.one_thread import compute_on_one_thread
from callmood.session_arguments import add_session_arguments

SUMMARY: Final = "Replay a recording through the path that a microphone takes."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options.

    Parameters
    ----------
    parser : ArgumentParser
        That of the command.
    """
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
    )


def run(arguments: argparse.Namespace) -> int:
    """Replay.

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
    from emotion.audio_file import AudioFile
    from streamer.file_source import FileSource

    return run_session(FileSource(AudioFile(Path(arguments.file)), fast=arguments.fast), arguments)
