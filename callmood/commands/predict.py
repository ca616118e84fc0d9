"""`callmood predict`: classify whole recordings: lines, JSON and pictures."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood.configuration import Collected
from callmood.model_choice import (
    add_model_argument,
    choose_model,
    file_of_voice,
    files_of_line,
    files_of_model,
    saved_line,
    saved_voice,
)
from callmood.process import complain, compute_on_one_thread, say_note
from callmood.session_options import (
    add_output_arguments,
    legs_of_recording,
    lines_of,
    output_access,
    voices_of,
)
from emotion.errors import AudioFileError, OutputError, UsageError, VoiceError, printable

if TYPE_CHECKING:
    from emotion.audio_io import AudioFile
    from emotion.decision import LineState
    from emotion.model import EmotionModel
    from emotion.output_files import OutputFile, OutputFiles
    from streamer.analysis.predict import LegPrediction, RecordingPrediction
    from streamer.leg_plan import LegPlan
    from streamer.lines import LineKey

SUMMARY: Final = "Classify the emotion of whole recordings, and draw the analysis."

_BLOCK_SAMPLES: Final = 65_536


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path, help="recording, or folder of recordings"
    )
    add_model_argument(parser)
    parser.add_argument(
        "--voice",
        metavar="[LEG=]NAME",
        action=Collected,
        help="start each recording from the speaker baseline saved as NAME, and save nothing, see `callmood "
        "enroll` (default: start without)",
    )
    parser.add_argument(
        "--line",
        metavar="[LEG=]NAME",
        action=Collected,
        help="correct each recording for what is usual on the line saved as NAME, and save nothing, see "
        "`callmood voices` (default: correct for nothing)",
    )
    parser.add_argument(
        "--same-line",
        action="store_true",
        help="take the recordings, in the order given, for calls on one line, each of a new caller: correct "
        "each for what was usual in those before it (default: take each by itself)",
    )
    parser.add_argument(
        "-l",
        "--legs",
        metavar="NAMES",
        help="name the legs: left=customer,right=agent; a single name mixes all channels down (default: left "
        "and right for a stereo recording)",
    )
    parser.add_argument("--analyse", metavar="LEGS", help="classify only these legs (default: all but staff)")
    parser.add_argument(
        "--staff",
        metavar="LEGS",
        help="leave these legs out, unless --analyse names them: the EU prohibits inferring emotions of "
        "employees at work (default: legs called agent, employee or staff)",
    )
    parser.add_argument(
        "--never-unsure", action="store_true", help="name an emotion for all speech, never `unsure`"
    )
    parser.add_argument(
        "--plot", metavar="PNG",
        help="draw the analysis into this file or, for several recordings, this folder (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="print a JSON list instead of a line for each leg"
    )
    add_output_arguments(parser)
    parser.epilog = (
        "The windows are those of `callmood replay --no-baseline`, and the answer is the mean over those "
        "with speech. A stereo recording has an answer for each channel, unless both are identical; "
        "`--legs mono` mixes them down. The answer is `silence`, `noise` or `clipped` if there is no "
        "speech, and `unsure` if the model would be wrong too often. Recordings that cannot be read are "
        "reported, the others are classified, and the exit code is 3.\n"
        "\n"
        "examples:\n"
        "  callmood predict call.wav\n"
        "  callmood predict call.wav --plot call.png\n"
        "  callmood predict call.wav --legs left=customer,right=me\n"
        "  callmood predict recordings/ voicemail.opus --json\n"
        "  callmood predict recordings/ --plot pictures/\n"
        "  callmood predict calls/*.wav --same-line\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Predict every recording; those that cannot be read are reported."""
    compute_on_one_thread()
    from emotion.audio_io import AudioFile
    from emotion.output_files import OutputFiles
    from streamer.analysis.leg import ClassifierOptions
    from streamer.analysis.predict import predict_recording

    model = choose_model(arguments.model)
    read = files_of_model(arguments.model)
    states = {}
    for given in arguments.voice or ():
        name = given.rpartition("=")[2]
        states[name] = saved_voice(name, model).state
        read.append(file_of_voice(name))
    lines = _Lines(arguments.line or (), model, same_line=arguments.same_line)
    read += [file for given in arguments.line or () for file in files_of_line(given)]
    options = ClassifierOptions(baseline=False, never_unsure=arguments.never_unsure)
    files, num_failed = _recordings(arguments.files)
    exit_code = AudioFileError.exit_code if num_failed else 0
    access = output_access(arguments)
    outputs = OutputFiles(force=arguments.force, access=access, inputs=[*read, *files])
    several = len(files) > 1 or any(path.is_dir() for path in arguments.files)
    pictures = _pictures(files, arguments.plot, outputs, several=several)
    for note in model.card.notes:
        say_note(f"model {model.card.name}: {note}")
    facts: list[dict[str, Any]] = []
    for file, picture in zip(files, pictures, strict=True):
        try:
            audio = AudioFile(file)
            legs = legs_of_recording(audio, file.name, arguments.legs, arguments.analyse, arguments.staff)
            voices = {leg: states[name] for leg, name in voices_of(arguments.voice or (), legs).items()}
            before = lines.before(audio.sample_rate, legs)
            prediction = predict_recording(model, audio, options, legs=legs, voices=voices, lines=before)
            lines.keep(audio.sample_rate, prediction.lines)
            if picture is not None:
                _draw(model, audio, legs, prediction, picture)
        except (AudioFileError, UsageError, VoiceError) as error:
            exit_code = exit_code or error.exit_code
            complain(error)
            continue
        if arguments.json:
            facts += _facts(model, file, prediction)
            continue
        for leg, answer in prediction.legs.items():
            name = leg if len(legs) > 1 else ""
            sys.stdout.write(_line(file, name, answer, model.card.labels, prediction.notes))
    if arguments.json:
        sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return exit_code


class _Lines:
    """What recordings are corrected for: saved lines, and with `--same-line` the recordings before.

    The latter go on from the saved line where one is named, each leg by itself and by codec. Nothing is
    saved.
    """

    def __init__(self, given: Sequence[str], model: "EmotionModel", *, same_line: bool) -> None:
        from streamer.lines import refuse_line_for

        if given or same_line:
            refuse_line_for(model)
        self._given = given
        self._model = model
        self._same_line = same_line
        self._saved: dict[LineKey, LineState] = {}
        self._kept: dict[tuple[str, str], LineState] = {}

    def before(self, sample_rate: int, legs: "Sequence[LegPlan]") -> "dict[str, LineState]":
        """Give the line of each leg as it is before a recording; a saved one is read once."""
        from streamer.lines import codec_of

        keys = lines_of(self._given, legs, [sample_rate])
        for key in keys.values():
            if key not in self._saved:
                self._saved[key] = saved_line(key, self._model).state or {}
        states = {leg: self._saved[key] for leg, key in keys.items()}
        if self._same_line:
            codec = codec_of(sample_rate)
            for leg in (plan.name for plan in legs if plan.analysed):
                states[leg] = self._kept.get((leg, codec), states.get(leg, {}))
        return states

    def keep(self, sample_rate: int, lines: "Mapping[str, LineState]") -> None:
        """Take what the callers of a recording leave."""
        from streamer.lines import codec_of

        if self._same_line:
            self._kept |= {(leg, codec_of(sample_rate)): line for leg, line in lines.items()}


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


def _line(file: Path, name: str, answer: "LegPrediction", labels: Sequence[str], notes: Sequence[str]) -> str:
    shares = [
        f"{label} {'  - ' if answer.probabilities is None else f'{answer.probabilities[label]:.2f}'}"
        for label in labels
    ]
    where = " ".join(filter(None, (printable(file), name)))
    marks = f"   ({'; '.join(notes)})" if notes else ""
    return f"{_shown(answer):8} {'  '.join(shares)}   {where}{marks}\n"


def _shown(answer: "LegPrediction") -> str:
    return answer.emotion or answer.state


def _facts(
    model: "EmotionModel", file: Path, prediction: "RecordingPrediction"
) -> "Iterator[dict[str, Any]]":
    for leg, answer in prediction.legs.items():
        yield {
            "file": printable(file),
            "leg": leg,
            "state": answer.state,
            "emotion": answer.emotion,
            "probabilities": answer.probabilities and dict(answer.probabilities),
            "seconds": round(prediction.seconds, 3),
            "windows": answer.num_windows,
            "silent_windows": answer.states["silence"],
            "states": dict(answer.states),
            "level_dbfs": round(answer.level_dbfs, 2),
            "shorter_than_win": prediction.shorter_than_win,
            "notes": list(prediction.notes),
            "model": model.card.name,
            "model_notes": list(model.card.notes),
        }


def _draw(
    model: "EmotionModel",
    audio: "AudioFile",
    legs: "Sequence[LegPlan]",
    prediction: "RecordingPrediction",
    output: "OutputFile",
) -> None:
    """Draw all legs that have an answer into one picture."""
    import numpy as np

    from emotion.signal import mix_down, resample
    from streamer.leg_plan import sound_of
    from trainer.plots import AnalysedSound, analysis_picture

    analysed = [leg for leg in legs if leg.analysed]
    sounds: list[list[Any]] = [[] for _ in analysed]
    for block in audio.blocks(_BLOCK_SAMPLES):
        for leg, blocks in zip(analysed, sounds, strict=True):
            blocks.append(mix_down(sound_of(leg, block)))
    rate = model.card.sample_rate
    parts = []
    for leg, blocks in zip(analysed, sounds, strict=True):
        answer = prediction.legs[leg.name]
        shares = answer.probabilities or {}
        others = [
            f"{label} {100 * share:.0f} %" for label, share in shares.items() if label != answer.emotion
        ]
        title = _shown(answer) + ("" if answer.emotion is None else f" {100 * shares[answer.emotion]:.0f} %")
        num_heard = answer.num_speech_windows
        heard = f"mean of {num_heard} windows" if num_heard > 1 else ""
        name = leg.name if len(legs) > 1 else ""
        words = (name, printable(audio.path.name), *others, heard, model.card.name)
        sound = resample(np.concatenate(blocks), audio.sample_rate, rate)
        parts.append(AnalysedSound(sound, title, " · ".join(filter(None, words))))
    notes = (*prediction.notes, *(f"{model.card.name}: {note}" for note in model.card.notes))
    picture = analysis_picture(parts, rate, footnotes=notes)
    if note := output.note(output.write(picture)):
        say_note(note)
