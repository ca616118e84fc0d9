"""`callmood predict`: what a model hears in recordings."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.model_choice import MODEL_HELP, file_of_voice, files_of_model
from callmood.process_setup import compute_on_one_thread
from callmood.session_options import add_output_arguments

if TYPE_CHECKING:
    from emotion.model import EmotionModel
    from streamer.analysis.classifier import ClassifierOptions

SUMMARY: Final = "Say which emotion a model hears in recordings, and draw what it hears."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="a recording, or a folder of recordings",
    )
    parser.add_argument("--model", metavar="MODEL", help=f"{MODEL_HELP} (default: speech)")
    parser.add_argument(
        "--voice",
        metavar="NAME",
        help="begin each recording with what is known of a voice; nothing is saved (see `callmood enroll`)",
    )
    parser.add_argument(
        "--never-unsure", action="store_true", help="always name an emotion for speech, never `unsure`"
    )
    parser.add_argument(
        "--plot", metavar="PNG",
        help="draw the analysis picture into this file; for several recordings, into this folder",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a line a recording")
    add_output_arguments(parser)
    parser.epilog = (
        "examples:\n"
        "  callmood predict call.wav\n"
        "  callmood predict call.wav --plot call.png\n"
        "  callmood predict recordings/ voicemail.opus --json\n"
        "  callmood predict recordings/ --plot pictures/\n"
        "\n"
        "A recording is heard as `callmood replay --no-baseline` hears it, and answered with the mean over\n"
        "its windows of speech; with `silence`, `noise` or `clipped` where there is none, and with `unsure`\n"
        "where the model would too often be wrong. One that cannot be read is named on standard error, the\n"
        "others go on, and the exit code is 3.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Predict every recording."""
    compute_on_one_thread()
    from callmood.model_choice import choose_model
    from callmood.predictions import predict_files
    from emotion.atomic_files import GROUP_READABLE, PRIVATE
    from emotion.output_files import OutputFiles

    model = choose_model(arguments.model)
    judging = _judge_options(arguments, model)
    outputs = OutputFiles(
        force=arguments.force, access=GROUP_READABLE if arguments.group_readable else PRIVATE
    )
    outputs.protect(files_of_model(arguments.model))
    outputs.protect(map(file_of_voice, [] if arguments.voice is None else [arguments.voice]))
    return predict_files(
        model, arguments.files, judging, plot=arguments.plot, outputs=outputs, as_json=arguments.json
    )


def _judge_options(arguments: argparse.Namespace, model: "EmotionModel") -> "ClassifierOptions":
    from streamer.analysis.classifier import ClassifierOptions

    if arguments.voice is None:
        return ClassifierOptions(baseline=False, never_unsure=arguments.never_unsure)
    from streamer.sinks.voice_saver import refuse_voice_for
    from streamer.voices import VoiceFolder

    refuse_voice_for(model)
    folder = VoiceFolder()
    saved = folder.for_model(arguments.voice, model)
    if saved is None:
        raise folder.missing(arguments.voice)
    return ClassifierOptions(never_unsure=arguments.never_unsure, voice=saved.state)
