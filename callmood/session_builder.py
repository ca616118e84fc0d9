"""From the options of `listen` and `replay` to a session: model, legs, sinks, screen."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from callmood import __version__, configuration
from callmood.model_choice import choose_model, file_of_voice, files_of_model
from callmood.process_setup import share_one_heap
from callmood.session_options import STANDARD_OUTPUT, legs_of, voices_of
from emotion.atomic_files import GROUP_READABLE, PRIVATE, Access
from emotion.errors import OutputError
from emotion.model import EmotionModel
from emotion.output_files import OutputFile, OutputFiles
from streamer.alerts import AlertRule
from streamer.analysis.classifier import ClassifierOptions
from streamer.analysis.spectrogram import SpectrogramHistory
from streamer.leg_plan import LegPlan
from streamer.pipeline import SessionOptions
from streamer.recordings.clip_recorder import ClipRecorder
from streamer.recordings.clips import ClipRule
from streamer.recordings.retention import RetentionLimits
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder, SessionLock
from streamer.session import Session
from streamer.sinks.alert_command import AlertCommand
from streamer.sinks.base import Sink
from streamer.sinks.journal import Journal, JsonLines
from streamer.sinks.spectrogram_png import SpectrogramPng
from streamer.sinks.text import PlainLines, WarningLines
from streamer.sinks.writer import LinePrinter
from streamer.sources.base import Source
from streamer.terminal import TerminalScreen, is_panel_possible
from streamer.terminal_io import Screen, open_controlling_terminal

if TYPE_CHECKING:
    from streamer.sinks.voice_saver import VoiceSaver


@dataclass(frozen=True, slots=True)
class SessionOutputs:
    """What a session writes where the user said, checked before anything is opened.

    Attributes
    ----------
    access : Access
        Who may read it, and the recordings.
    force : bool
        Replace files that exist.
    journal : Path or None
        The journal.
    picture : OutputFile or None
        The spectrogram.
    """

    access: Access
    force: bool
    journal: Path | None
    picture: OutputFile | None


def claim_outputs(arguments: argparse.Namespace, inputs: Iterable[Path]) -> SessionOutputs:
    """Refuse outputs that would overwrite something; called before a device or a recording is opened."""
    access = GROUP_READABLE if arguments.group_readable else PRIVATE
    found = configuration.find(None if arguments.config is None else Path(arguments.config))
    files = OutputFiles(force=arguments.force, access=access, inputs=inputs)
    files.protect(each.path for each in found)
    files.protect(files_of_model(arguments.model))
    files.protect(map(file_of_voice, arguments.voice or ()))
    journal, picture = arguments.journal, arguments.spectrogram_png
    return SessionOutputs(
        access,
        arguments.force,
        None if journal in {None, STANDARD_OUTPUT} else files.claim_stream(Path(journal), "--journal"),
        None if picture is None else files.claim(picture, "--spectrogram-png"),
    )


def run_session(
    sources: Sequence[Source],
    arguments: argparse.Namespace,
    outputs: SessionOutputs,
    usual_legs: Sequence[LegPlan] = (),
) -> int:
    """Run a session as the command line asks for it."""
    share_one_heap()
    limits = RetentionLimits.parse(arguments.keep, arguments.max_size)
    model = choose_model(arguments.model)
    grid = model.card.grid(arguments.win, arguments.step)
    legs = legs_of(arguments.legs, arguments.analyse, [source.info for source in sources], usual_legs)
    savers = _voice_savers(arguments, legs, model)
    history = None if outputs.picture is None else SpectrogramHistory()
    printer = LinePrinter(sys.stderr if arguments.quiet else sys.stdout)
    # Where sound comes on standard input, keys come from the terminal itself.
    keys = open_controlling_terminal() if getattr(arguments, "pipe", None) else 0
    lines = _lines(arguments, printer, keys)
    sinks = _recording_sinks(arguments, outputs, history, limits)
    sinks = [*savers, *_alert_sinks(arguments), *sinks]
    session = Session(
        sources,
        model,
        grid,
        # Retention is closed first, so that the journal, closed last, has its complaints.
        sinks=[*_retention_sinks(arguments, limits), *sinks, *([] if lines is None else [lines])],
        screen=TerminalScreen(input_descriptor=keys or 0) if lines is None else Screen(),
        options=SessionOptions(
            callmood_version=__version__,
            legs=legs,
            duration_seconds=arguments.duration,
            spectrogram=arguments.spectrogram,
            spectrogram_history=history,
            alert_rules=tuple(AlertRule.parse(text) for text in arguments.alert or ()),
            alert_cooldown_seconds=arguments.alert_cooldown,
            judging=ClassifierOptions(
                baseline=not arguments.no_baseline, never_unsure=arguments.never_unsure
            ),
            voices={saver.leg: saver.name for saver in savers},
            voice_states={saver.leg: saver.saved.state for saver in savers if saver.saved is not None},
        ),
    )
    if not sinks:
        printer.when_reader_leaves(session.ask_to_stop)
    try:
        summary = session.run()
    finally:
        if keys:
            os.close(keys)
    # A reader such as `head` that has seen enough is no failure.
    num_failures = len(summary.failures) - printer.reader_gone
    return OutputError.exit_code if num_failures > 0 else 0


def _voice_savers(
    arguments: argparse.Namespace, legs: Sequence[LegPlan], model: EmotionModel
) -> "list[VoiceSaver]":
    """Create the sink that saves the voice of a leg, for each leg with `--voice`."""
    if not arguments.voice:
        return []
    from streamer.sinks.voice_saver import VoiceSaver

    voices = voices_of(arguments.voice, legs)
    return [VoiceSaver(name, leg, model, __version__) for leg, name in voices.items()]


def _lines(
    arguments: argparse.Namespace, printer: LinePrinter, keys: int | None
) -> JsonLines | PlainLines | None:
    """Create the sink that prints line by line; None where a panel is drawn."""
    if arguments.json or arguments.journal == STANDARD_OUTPUT:
        return JsonLines(printer)
    if arguments.quiet:
        return WarningLines(printer)
    panel = not arguments.plain and keys is not None and is_panel_possible(keys)
    return None if panel else PlainLines(printer)


def _alert_sinks(arguments: argparse.Namespace) -> list[Sink]:
    """Create the sinks that run commands and send requests at alerts."""
    sinks: list[Sink] = [AlertCommand(command) for command in arguments.on_alert or ()]
    if arguments.post_alerts:
        from streamer.sinks.alert_post import AlertPost

        sinks += [AlertPost(url) for url in arguments.post_alerts]
    return sinks


def _retention_sinks(arguments: argparse.Namespace, limits: RetentionLimits | None) -> list[Sink]:
    """Create the sink that prunes the recordings, where they have limits."""
    if limits is None:
        return []
    from streamer.recordings.retention import Retention

    return [Retention(Path(arguments.out), limits)]


def _recording_sinks(
    arguments: argparse.Namespace,
    outputs: SessionOutputs,
    history: SpectrogramHistory | None,
    limits: RetentionLimits | None,
) -> list[Sink]:
    """Create the sinks that write files; the journal is last: its summary names the files of the others."""
    sinks: list[Sink] = []
    folder = SessionFolder(Path(arguments.out), outputs.access)
    if history is not None and outputs.picture is not None:
        sinks.append(SpectrogramPng(history, outputs.picture))
    if arguments.record is not None:
        sinks.append(ClipRecorder(folder, ClipRule.parse(arguments.record)))
    if arguments.record_session:
        sinks.append(SessionAudio(folder, (limits or RetentionLimits()).max_file_bytes))
    if arguments.record is not None or arguments.record_session:
        sinks.append(SessionLock(folder))
    if outputs.journal is not None:
        sinks.append(Journal(outputs.journal, access=outputs.access, replace=outputs.force))
    return sinks
