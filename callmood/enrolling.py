"""From the options of `enroll` to a saved voice."""

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from callmood import __version__
from callmood.messages import say_note
from callmood.model_choice import choose_model
from emotion.audio_io import AudioFile
from emotion.errors import AudioFileError, UsageError, VoiceError
from streamer.enrolment import LEAST_SPEECH_SECONDS, Enrolment, enrol
from streamer.sinks.voice_saver import learns_voices, new_voice
from streamer.sources.base import Source
from streamer.sources.file import FileSource
from streamer.voices import VoiceFolder


def enrol_voice(arguments: argparse.Namespace) -> int:
    """Learn a voice and save it."""
    name, seconds = arguments.name, arguments.seconds
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
    _refuse_too_little(heard, source)
    voice = replace(
        new_voice(name, model, __version__), speech_seconds=heard.speech_seconds, state=heard.state
    )
    written = folder.write(voice) if arguments.replace else folder.write_after(None, voice)
    short = "" if heard.speech_seconds >= seconds else f", less than the {seconds:g} s asked for"
    sys.stdout.write(
        f"{name}: {heard.speech_seconds:.1f} s of speech in {heard.heard_seconds:.1f} s of sound{short}\n"
        f"written {written}; use it with --voice {name} (model {model.card.name})\n"
    )
    return 0


def _source(arguments: argparse.Namespace) -> Source:
    if arguments.file is not None:
        return FileSource(AudioFile(Path(arguments.file)), fast=True)
    from streamer.sources.devices import open_input

    return open_input(arguments.device, reconnects=False)


def _progress(seconds: float) -> Progress:
    """Give a bar of speech heard, on a terminal only."""
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


def _refuse_too_little(heard: Enrolment, source: Source) -> None:
    if heard.speech_seconds >= LEAST_SPEECH_SECONDS:
        return
    words = (
        f"{source.info.name}: {heard.speech_seconds:.1f} s of speech in {heard.heard_seconds:.1f} s "
        f"of sound; a voice needs {LEAST_SPEECH_SECONDS:g} s at least"
    )
    if source.info.live:
        raise VoiceError(f"{words}; speak up, or look whether the microphone is on")
    raise AudioFileError(f"{words}; name a longer recording")
