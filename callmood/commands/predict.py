"""`callmood predict`: classify whole recordings: lines, JSON and pictures."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood.model_choice import add_model_argument, choose_model, file_of_voice, files_of_model, saved_voice
from callmood.process import complain, compute_on_one_thread, say_note
from callmood.session_options import add_output_arguments
from emotion.errors import AudioFileError, OutputError, UsageError, printable

if TYPE_CHECKING:
    from emotion.model import EmotionModel
    from emotion.output_files import OutputFile, OutputFiles
    from streamer.analysis.predict import RecordingPrediction

SUMMARY: Final = "Classify the emotion of whole recordings, and draw the analysis."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path, help="recording, or folder of recordings"
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
    """Predict every recording; those that cannot be read are reported."""
    compute_on_one_thread()
    from emotion.atomic_files import GROUP_READABLE, PRIVATE
    from emotion.audio_io import AudioFile
    from emotion.output_files import OutputFiles
    from streamer.analysis.leg import ClassifierOptions
    from streamer.analysis.predict import predict_recording

    model = choose_model(arguments.model)
    read = files_of_model(arguments.model)
    voice = None
    if arguments.voice is not None:
        voice = saved_voice(arguments.voice, model).state
        read.append(file_of_voice(arguments.voice))
    options = ClassifierOptions(baseline=voice is not None, never_unsure=arguments.never_unsure, voice=voice)
    files, num_failed = _recordings(arguments.files)
    access = GROUP_READABLE if arguments.group_readable else PRIVATE
    outputs = OutputFiles(force=arguments.force, access=access, inputs=[*read, *files])
    several = len(files) > 1 or any(path.is_dir() for path in arguments.files)
    pictures = _pictures(files, arguments.plot, outputs, several=several)
    for note in model.card.notes:
        say_note(f"model {model.card.name}: {note}")
    facts: list[dict[str, Any]] = []
    for file, picture in zip(files, pictures, strict=True):
        try:
            prediction = predict_recording(model, AudioFile(file), options)
            if picture is not None:
                _draw(model, file, prediction, picture)
        except AudioFileError as error:
            num_failed += 1
            complain(error)
            continue
        if arguments.json:
            facts.append(_facts(model, file, prediction))
        else:
            sys.stdout.write(_line(file, prediction, model.card.labels) + "\n")
    if arguments.json:
        sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return AudioFileError.exit_code if num_failed else 0


def _recordings(paths: Sequence[Path]) -> tuple[list[Path], int]:
    """Give the files, those of folders included, and the number of empty folders."""
    from emotion.audio_io import sound_files_below

    files: list[Path] = []
    num_failed = 0
    for path in paths:
        found = sound_files_below(path) if path.is_dir() else [path]
        files += found
        if not found:
            num_failed += 1
            complain(AudioFileError(f"{path} holds no recordings; name files, or another folder"))
    return files, num_failed


def _pictures(
    files: list[Path], given: str | None, outputs: "OutputFiles", *, several: bool
) -> "list[OutputFile | None]":
    """Claim a picture for each recording, before any is heard."""
    if given is None:
        return [None] * len(files)
    plot = Path(given)
    if not (several or given.endswith(os.sep)):
        return [outputs.claim(plot / f"{files[0].stem}.png" if plot.is_dir() else plot, "--plot")]
    if plot.suffix.lower() == ".png" or plot.is_file():
        raise UsageError(
            f"--plot {plot} is one picture, but there are {len(files)} recordings; name a folder"
        )
    from emotion.atomic_files import PRIVATE

    try:
        (outputs.access or PRIVATE).make_folder(plot)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {plot}: {error.strerror or error}; name another"
        ) from error
    taken: set[str] = set()
    pictures: list[OutputFile | None] = []
    for file in files:
        name, again = file.stem, 1
        while name in taken:
            again += 1
            name = f"{file.stem}-{again}"
        taken.add(name)
        pictures.append(outputs.claim(plot / f"{name}.png", "--plot"))
    return pictures


def _line(file: Path, prediction: "RecordingPrediction", labels: tuple[str, ...]) -> str:
    shares = [
        f"{label} {'  - ' if prediction.probabilities is None else f'{prediction.probabilities[label]:.2f}'}"
        for label in labels
    ]
    marks = "; ".join(prediction.notes)
    return f"{_answer(prediction):8} {'  '.join(shares)}   {printable(file)}" + (
        f"   ({marks})" if marks else ""
    )


def _answer(prediction: "RecordingPrediction") -> str:
    return prediction.emotion or prediction.state


def _facts(model: "EmotionModel", file: Path, prediction: "RecordingPrediction") -> dict[str, Any]:
    return {
        "file": printable(file),
        "state": prediction.state,
        "emotion": prediction.emotion,
        "probabilities": prediction.probabilities and dict(prediction.probabilities),
        "seconds": round(prediction.seconds, 3),
        "windows": prediction.num_windows,
        "silent_windows": prediction.states["silence"],
        "states": dict(prediction.states),
        "level_dbfs": round(prediction.level_dbfs, 2),
        "shorter_than_win": prediction.shorter_than_win,
        "notes": list(prediction.notes),
        "model": model.card.name,
        "model_notes": list(model.card.notes),
    }


def _draw(model: "EmotionModel", file: Path, prediction: "RecordingPrediction", output: "OutputFile") -> None:
    from emotion.audio_io import read_mono
    from emotion.signal import resample
    from trainer.plots import analysis_picture

    shares = prediction.probabilities or {}
    others = [
        f"{label} {100 * share:.0f} %" for label, share in shares.items() if label != prediction.emotion
    ]
    title = _answer(prediction) if prediction.emotion is None else (
        f"{prediction.emotion} {100 * shares[prediction.emotion]:.0f} %"
    )  # fmt: skip
    num_heard = prediction.num_speech_windows
    heard = f"mean of {num_heard} windows" if num_heard > 1 else ""
    subtitle = " · ".join(
        part for part in (printable(Path(file.name)), *others, heard, model.card.name) if part
    )
    clip = read_mono(file)
    picture = analysis_picture(
        resample(clip.samples, clip.sample_rate, model.card.sample_rate),
        model.card.sample_rate,
        title=title,
        subtitle=subtitle,
        footnotes=(*prediction.notes, *(f"{model.card.name}: {note}" for note in model.card.notes)),
    )
    if note := output.note(output.write(picture)):
        say_note(note)
