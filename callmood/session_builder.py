"""From the options of `listen` and `replay` to a session: model, legs, sinks, screen."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from callmood import __version__, configuration
from callmood.model_choice import choose_model, file_of_voice, files_of_model
from callmood.process_setup import share_one_heap
from emotion.atomic_files import GROUP_READABLE, PRIVATE, Access
from emotion.errors import OutputError, UsageError
from emotion.model import EmotionModel
from emotion.output_files import OutputFile, OutputFiles
from streamer.alerts import AlertRule
from streamer.analysis.classifier import ClassifierOptions
from streamer.analysis.spectrogram import SpectrogramHistory
from streamer.leg_plan import LegPlan, named_legs, only_analysed, side_legs
from streamer.recordings.clip_recorder import ClipRecorder
from streamer.recordings.clips import ClipRule
from streamer.recordings.retention import RetentionLimits
from streamer.recordings.session_audio import SessionSound
from streamer.recordings.session_folder import SessionFolder, SessionLock
from streamer.session import Session, SessionOptions
from streamer.sinks.alert_command import AlertCommand
from streamer.sinks.base import Sink
from streamer.sinks.journal import Journal, JsonLines
from streamer.sinks.spectrogram_png import SpectrogramPng
from streamer.sinks.text import PlainLines
from streamer.sinks.writer import LinePrinter
from streamer.sources.base import Source, SourceInfo
from streamer.terminal import TerminalScreen, is_panel_possible
from streamer.terminal_io import Screen, open_controlling_terminal

if TYPE_CHECKING:
    from streamer.sinks.voice_saver import VoiceKeeper


def legs_of(
    arguments: argparse.Namespace, sources: Sequence[SourceInfo], usual: Sequence[LegPlan] = ()
) -> tuple[LegPlan, ...]:
    """Give the legs that the command line asks for."""
    if arguments.legs is not None:
        legs = named_legs(arguments.legs, sources)
    else:
        legs = tuple(usual) or side_legs(sources)
    return legs if arguments.analyse is None else only_analysed(legs, arguments.analyse)


def voices_of(given: Sequence[str], legs: Sequence[LegPlan]) -> dict[str, str]:
    """Read `--voice`."""
    analysed = [leg.name for leg in legs if leg.analysed]
    voices: dict[str, str] = {}
    for text in given:
        leg, _, name = text.rpartition("=")
        if not leg and len(analysed) > 1:
            raise UsageError(f"--voice {text!r} does not say whose it is; write --voice {analysed[0]}={text}")
        leg = leg.strip() or analysed[0]
        if leg not in analysed:
            raise UsageError(
                f"--voice {text!r} is of no leg that is analysed; these are {', '.join(analysed)}"
            )
        if leg in voices:
            raise UsageError(f"--voice gives {leg} two voices, {voices[leg]} and {name}; give one")
        voices[leg] = name
    return voices


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


_STANDARD_OUTPUT = "-"
"""As a journal: a file of that name is ./-."""


def claim_outputs(arguments: argparse.Namespace, inputs: Iterable[Path]) -> SessionOutputs:
    """Refuse outputs that would overwrite something; called before a device or a recording is opened."""
    if arguments.json and arguments.journal == _STANDARD_OUTPUT:
        raise UsageError("--json and --journal - both print JSON lines; leave one of them out")
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
        None if journal in {None, _STANDARD_OUTPUT} else files.claim_stream(Path(journal), "--journal"),
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
    _check_duration(arguments.duration)
    _refuse_audio(arguments)
    bounds = RetentionLimits.parse(arguments.keep, arguments.max_size)
    model = choose_model(arguments.model)
    grid = model.card.grid(arguments.win, arguments.step)
    legs = legs_of(arguments, [source.info for source in sources], usual_legs)
    keepers = _voice_keepers(arguments, legs, model)
    history = None if outputs.picture is None else SpectrogramHistory()
    printer = LinePrinter(sys.stdout)
    # Where sound comes on standard input, keys come from the terminal itself.
    keys = open_controlling_terminal() if getattr(arguments, "pipe", None) else 0
    lines = _lines(arguments, printer, keys)
    sinks = _kept(arguments, outputs, history, bounds)
    sinks = [*keepers, *_alert_sinks(arguments), *sinks]
    session = Session(
        sources,
        model,
        grid,
        # What tidies goes first: the journal, which is closed last, has its complaints.
        sinks=[*_tidying(arguments, bounds), *sinks, *([] if lines is None else [lines])],
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
            voices={keeper.leg: keeper.name for keeper in keepers},
            voice_states={keeper.leg: keeper.saved.state for keeper in keepers if keeper.saved is not None},
        ),
    )
    for keeper in keepers:
        keeper.learned_by(session.voice_state)
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


_LONGEST_SECONDS = 1.0e9
"""Thirty years: samples of more would be counted in numbers that nothing takes."""


def _check_duration(seconds: float | None) -> None:
    if seconds is not None and not 0 < seconds <= _LONGEST_SECONDS:
        raise UsageError(f"duration is {seconds:g} s; give a positive number of seconds, such as 60")


def _voice_keepers(
    arguments: argparse.Namespace, legs: Sequence[LegPlan], model: EmotionModel
) -> "list[VoiceKeeper]":
    """Give what takes voices up and saves them, one for each leg that has one."""
    if not arguments.voice:
        return []
    if arguments.no_baseline:
        raise UsageError("--voice goes on with a baseline, --no-baseline does without; leave one of them out")
    from streamer.sinks.voice_saver import VoiceKeeper

    voices = voices_of(arguments.voice, legs)
    return [VoiceKeeper(name, leg, model, __version__) for leg, name in voices.items()]


def _lines(
    arguments: argparse.Namespace, printer: LinePrinter, keys: int | None
) -> JsonLines | PlainLines | None:
    """Give what prints line by line; None where a panel is drawn."""
    if arguments.json or arguments.journal == _STANDARD_OUTPUT:
        return JsonLines(printer)
    panel = not arguments.plain and keys is not None and is_panel_possible(keys)
    return None if panel else PlainLines(printer)


def _alert_sinks(arguments: argparse.Namespace) -> list[Sink]:
    """Give what is told of alerts besides panel and journal."""
    if not (isfinite(arguments.alert_cooldown) and arguments.alert_cooldown >= 0):
        raise UsageError(f"--alert-cooldown is {arguments.alert_cooldown:g} s; give 0 or more, such as 30")
    wants = [option for option in ("on_alert", "post_alerts") if getattr(arguments, option)]
    wants += ["record alerts"] if arguments.record == "alerts" else []
    if wants and not arguments.alert:
        raise UsageError(
            f"--{wants[0].replace('_', '-')} needs a rule that raises alerts: --alert 'angry>0.7 for 5s'"
        )
    sinks: list[Sink] = [AlertCommand(command) for command in arguments.on_alert or ()]
    if arguments.post_alerts:
        from streamer.sinks.alert_post import AlertPost

        sinks += [AlertPost(url) for url in arguments.post_alerts]
    return sinks


def _refuse_audio(arguments: argparse.Namespace) -> None:
    """Refuse what `--no-audio` forbids; a spectrogram is nearly the sound."""
    if not arguments.no_audio:
        return
    for option in ("record", "record_session", "spectrogram_png"):
        if getattr(arguments, option) not in {None, False}:
            raise UsageError(
                f"--no-audio keeps sound off the disk, and --{option.replace('_', '-')} would write it; "
                "leave one of them out (callmood.toml may have it too)"
            )


def _tidying(arguments: argparse.Namespace, bounds: RetentionLimits | None) -> list[Sink]:
    """Give what holds the recordings to their bounds, where there are any."""
    if bounds is None:
        return []
    from streamer.recordings.retention import Retention

    return [Retention(Path(arguments.out), bounds)]


def _kept(
    arguments: argparse.Namespace,
    outputs: SessionOutputs,
    history: SpectrogramHistory | None,
    bounds: RetentionLimits | None,
) -> list[Sink]:
    """Give the sinks that keep something; the journal last: its summary names what the others wrote."""
    sinks: list[Sink] = []
    folder = SessionFolder(Path(arguments.out), outputs.access)
    if history is not None and outputs.picture is not None:
        sinks.append(SpectrogramPng(history, outputs.picture))
    if arguments.record is not None:
        sinks.append(ClipRecorder(folder, ClipRule.parse(arguments.record)))
    if arguments.record_session:
        sinks.append(SessionSound(folder, (bounds or RetentionLimits()).max_file_bytes))
    if arguments.record is not None or arguments.record_session:
        sinks.append(SessionLock(folder))
    if outputs.journal is not None:
        sinks.append(Journal(outputs.journal, access=outputs.access, replace=outputs.force))
    return sinks
