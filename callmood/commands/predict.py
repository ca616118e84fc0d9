"""`callmood predict`: classify whole recordings."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.model_choice import add_model_argument, file_of_voice, files_of_model
from callmood.process_setup import compute_on_one_thread
from callmood.session_options import add_output_arguments

if TYPE_CHECKING:
    from emotion.model import EmotionModel
    from streamer.analysis.classifier import ClassifierOptions

SUMMARY: Final = "Classify the emotion of whole recordings, and draw the analysis."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="recording, or folder of recordings",
    )
    add_model_argument(parser)
    parser.add_argument(
        "--voice",
        metavar="NAME",
        help="start each recording from the speaker baseline saved as NAME, and save nothing, see `callmood "
        "enroll` (default: start without)",
    )
    parser.add_argument(
        "--never-unsure", action="store_true", help="name an emotion for all speech, never `unsure`"
    )
    parser.add_argument(
        "--plot", metavar="PNG",
        help="draw the analysis into this file or, for several recordings, this folder (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="print a JSON list instead of a line for each recording"
    )
    add_output_arguments(parser)
    parser.epilog = (
        "The windows are those of `callmood replay --no-baseline`, and the answer is the mean over those "
        "with speech. It is `silence`, `noise` or `clipped` if there is no speech, and `unsure` if the "
        "model would be wrong too often. Recordings that cannot be read are reported, the others are "
        "classified, and the exit code is 3.\n"
        "\n"
        "examples:\n"
        "  callmood predict call.wav\n"
        "  callmood predict call.wav --plot call.png\n"
        "  callmood predict recordings/ voicemail.opus --json\n"
        "  callmood predict recordings/ --plot pictures/\n"
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
