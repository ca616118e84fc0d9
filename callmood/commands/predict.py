"""`callmood predict`: what a model hears in recordings."""

import argparse
from pathlib import Path
from typing import Final

SUMMARY: Final = "Say which emotion a model hears in recordings, and draw what it hears."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options.

    Parameters
    ----------
    parser : ArgumentParser
        That of the command.
    """
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="a recording, or a folder of recordings",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="name of a model or path of its folder (default: speech)"
    )
    parser.add_argument(
        "--plot", metavar="PNG", type=Path,
        help="draw the analysis picture into this file; for several recordings, into this folder",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a line a recording")
    parser.epilog = (
        "examples:\n"
        "  callmood predict call.wav\n"
        "  callmood predict call.wav --plot call.png\n"
        "  callmood predict recordings/ voicemail.opus --json\n"
        "  callmood predict recordings/ --plot pictures/\n"
        "\n"
        "A recording is answered with the mean over its windows, without those that are silent. One that\n"
        "cannot be read is named on standard error, the others go on, and the exit code is 3.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Predict every recording.

    Parameters
    ----------
    arguments : Namespace
        As `configure` declares them.

    Returns
    -------
    int
        0, or the exit code of AudioFileError where a recording could not be read.
    """
    from callmood.predictions import predict_files
    from emotion.model_folders import DEFAULT_MODEL, find_model

    model = find_model(arguments.model or DEFAULT_MODEL)
    return predict_files(model, arguments.files, plot=arguments.plot, as_json=arguments.json)
