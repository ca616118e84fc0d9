"""`callmood enroll`: learn a voice from ten seconds of speech."""

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood import __version__
from callmood.model_choice import add_model_argument, choose_model
from callmood.process import compute_on_one_thread, say_note
from callmood.session_options import add_device_argument
from emotion.errors import AudioFileError, UsageError, VoiceError

if TYPE_CHECKING:
    from rich.progress import Progress

    from streamer.sources.base import Source

SUMMARY: Final = "Learn the speaker baseline of a voice from some seconds of ordinary speech."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar="NAME", help="name for the voice")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, help="recording of the voice (default: the microphone)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        default=10.0,
        help="seconds of speech to learn from (default: %(default)g)",
    )
    add_device_argument(parser)
    add_model_argument(parser)
    parser.add_argument("--replace", action="store_true", help="replace the voice of this name")
    parser.epilog = (
        "Speak as you usually do. Only speech counts, and no sound is saved: a voice is a few sums. It "
        "belongs to the model that learned it.\n"
        "\n"
        "examples:\n"
        "  callmood enroll anna\n"
        "  callmood enroll anna anna-reads.wav --seconds 20\n"
        "  callmood listen --voice anna\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Learn a voice and save it."""
    compute_on_one_thread()
    from streamer.enrolment import LEAST_SPEECH_SECONDS, enrol
    from streamer.saved_states import refuse_reserved
    from streamer.sinks.voice_saver import learns_voices, new_voice
    from streamer.voices import VoiceFolder

    name, seconds = arguments.name, arguments.seconds
    refuse_reserved(name, "voice")
    if not (math.isfinite(seconds) and seconds >= LEAST_SPEECH_SECONDS):
        raise UsageError(f"seconds is {seconds:g}; give {LEAST_SPEECH_SECONDS:g} or more, such as 10")
    if arguments.file is not None and arguments.device is not None:
        raise UsageError("a recording and --device: one of them is enough")
    folder = VoiceFolder()
    path = folder.path_of(name)
    if path.exists() and not arguments.replace:
        raise VoiceError(f"there is a voice {name} already, {path}; learn it anew with --replace")
    model = choose_model(arguments.model)
    if not learns_voices(model):
        raise UsageError(f"model {model.card.name} learns no voices; choose another --model")
    source = _source(arguments)
    for note in source.info.notes:
        say_note(note)
    if source.info.live:
        sys.stderr.write(f"Speak as you usually do, until {seconds:g} s of speech were heard.\n")
    with _progress(seconds) as progress:
        task = progress.add_task("speech", total=seconds)
        heard = enrol(source, model, seconds, lambda so_far: progress.update(task, completed=so_far))
    sound = f"{heard.speech_seconds:.1f} s of speech in {heard.sound_seconds:.1f} s of sound"
    if heard.speech_seconds < LEAST_SPEECH_SECONDS:
        words = f"{source.info.name}: {sound}; a voice needs {LEAST_SPEECH_SECONDS:g} s at least"
        if source.info.live:
            raise VoiceError(f"{words}; speak up, or look whether the microphone is on")
        raise AudioFileError(f"{words}; name a longer recording")
    voice = replace(
        new_voice(name, model, __version__), speech_seconds=heard.speech_seconds, state=heard.state
    )
    written = folder.write(voice) if arguments.replace else folder.write_after(None, voice)
    short = "" if heard.speech_seconds >= seconds else f", less than the {seconds:g} s asked for"
    sys.stdout.write(
        f"{name}: {sound}{short}\nwritten {written}; use it with --voice {name} (model {model.card.name})\n"
    )
    return 0


def _source(arguments: argparse.Namespace) -> "Source":
    if arguments.file is not None:
        from emotion.audio_io import AudioFile
        from streamer.sources.file import FileSource

        return FileSource(AudioFile(arguments.file), fast=True)
    from streamer.sources.devices import open_input

    return open_input(arguments.device, reconnects=False)


def _progress(seconds: float) -> "Progress":
    """Give a bar of speech heard, on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.1f} of " + f"{seconds:g} s"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
