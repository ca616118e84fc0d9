"""From the options of `listen` and `replay` to a session: checks, model, legs, sinks, screen."""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from callmood import __version__, configuration
from callmood.model_choice import choose_model, file_of_voice, files_of_line, files_of_model
from callmood.process import say_note, share_one_heap
from callmood.session_options import (
    SESSION_FOLDER,
    STANDARD_OUTPUT,
    check_announcement,
    check_cooldown,
    check_duration,
    legs_of,
    lines_of,
    output_access,
    voices_of,
)
from emotion.atomic_files import Access
from emotion.errors import OutputError, UsageError, printable
from emotion.model import EmotionModel, find_model_folder, read_model_card
from emotion.output_files import OutputFile, OutputFiles
from streamer.alerts import AlertRule
from streamer.analysis.leg import ClassifierOptions
from streamer.analysis.spectrogram import SpectrogramHistory
from streamer.leg_plan import LegPlan
from streamer.pipeline import SessionOptions
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.recordings.moment_limits import MomentLimits
from streamer.recordings.moments import MomentRecorder
from streamer.recordings.retention import Retention, RetentionLimits
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder, SessionJournal, SessionLock
from streamer.saved_states import digest_of
from streamer.session import Session
from streamer.session_info import LegLine
from streamer.sinks.base import Sink
from streamer.sinks.journal import JournalWriter, JsonLines
from streamer.sinks.spectrogram_png import SpectrogramPng
from streamer.sinks.text import PlainLines, WarningLines
from streamer.sinks.voice_saver import LineSaver, VoiceSaver
from streamer.sinks.writer import LinePrinter
from streamer.sources.base import Source
from streamer.terminal import TerminalScreen, is_panel_possible
from streamer.terminal_io import Screen, open_controlling_terminal


def check_session(arguments: argparse.Namespace) -> None:
    """Check what can be checked before a device or a recording is opened.

    Raises
    ------
    UsageError
        If a value is out of its range, or two options contradict each other.
    ModelError
        If the model is missing, or cannot listen.
    """
    check_duration(arguments.duration)
    check_cooldown(arguments.alert_cooldown)
    check_announcement(arguments.announce)
    _refuse_contradictions(arguments)
    # The card is enough; the arrays are loaded later.
    grid = read_model_card(find_model_folder(arguments.model)).grid(arguments.win, arguments.step)
    for rule in arguments.alert or ():
        AlertRule.parse(rule)
    # A sink of alerts checks its program or address, and starts nothing before it is opened.
    _alert_sinks(arguments)
    if arguments.record is not None:
        ClipRule.parse(arguments.record)
    if arguments.moments is not None:
        ClipRule.parse(arguments.moments, "--moments")
        _moment_limits(arguments).check(grid.win / grid.sample_rate)
    RetentionLimits.parse(arguments.keep, arguments.max_size, arguments.keep_journals)
    for voice in arguments.voice or ():
        file_of_voice(voice)
    for line in arguments.line or ():
        files_of_line(line)


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    json_lines = "--json" if arguments.json else "--journal -"
    if arguments.json and arguments.journal == STANDARD_OUTPUT:
        raise UsageError("--json and --journal - both print JSON lines; leave one of them out")
    if arguments.quiet and (arguments.json or arguments.journal == STANDARD_OUTPUT):
        raise UsageError(f"--quiet prints no rows and {json_lines} prints each; leave one of them out")
    # A spectrogram is nearly the sound.
    for option in ("record", "moments", "record_session", "spectrogram_png") if arguments.no_audio else ():
        if getattr(arguments, option) not in {None, False}:
            raise UsageError(
                f"--no-audio keeps sound off the disk, and --{option.replace('_', '-')} would write it; "
                "leave one of them out (callmood.toml may have it too)"
            )
    if arguments.voice and arguments.no_baseline:
        raise UsageError("--voice goes on with a baseline, --no-baseline does without; leave one of them out")
    for option in ("margin", "longest") if arguments.moments is None else ():
        if getattr(arguments, option) is not None:
            raise UsageError(
                f"--{option} is for the clips of --moments; add --moments speech, or leave it out "
                "(callmood.toml may have it too)"
            )
    wants = [option for option in ("on_alert", "post_alerts") if getattr(arguments, option)]
    wants += [
        f"{option} alerts" for option in ("record", "moments") if getattr(arguments, option) == "alerts"
    ]
    if wants and not arguments.alert:
        raise UsageError(
            f"--{wants[0].replace('_', '-')} needs a rule that raises alerts: --alert 'angry>0.7 for 5s'"
        )


_NO_FILE: Final = (None, STANDARD_OUTPUT, SESSION_FOLDER)


@dataclass(frozen=True, slots=True)
class SessionOutputs:
    """What a session writes where the user said, checked before anything is opened.

    Attributes
    ----------
    access : Access
        Who may read it, and the recordings.
    journal : Path or None
        The journal beside the one in the session's folder.
    picture : OutputFile or None
        The spectrogram.
    """

    access: Access
    journal: Path | None
    picture: OutputFile | None


def claim_outputs(arguments: argparse.Namespace, inputs: Iterable[Path]) -> SessionOutputs:
    """Refuse outputs that would overwrite something; called before a device or a recording is opened."""
    access = output_access(arguments)
    files = OutputFiles(force=arguments.force, access=access, inputs=inputs)
    files.protect(each.path for each in configuration.find(arguments.config))
    files.protect(files_of_model(arguments.model))
    files.protect(map(file_of_voice, arguments.voice or ()))
    files.protect(file for line in arguments.line or () for file in files_of_line(line))
    journal, picture = arguments.journal, arguments.spectrogram_png
    return SessionOutputs(
        access,
        None if journal in _NO_FILE else files.claim_stream(Path(journal), "--journal"),
        None if picture is None else files.claim(picture, "--spectrogram-png"),
    )


def run_session(
    sources: Sequence[Source],
    arguments: argparse.Namespace,
    outputs: SessionOutputs,
    usual_legs: Sequence[LegPlan] = (),
    started: datetime | None = None,
    *,
    usual_lines: Mapping[str, LegLine] = MappingProxyType({}),
) -> int:
    """Run a session as the command line asks for it.

    `usual_lines` are those of a recorded session, for legs that `--line` does not name; nothing is added to
    them.
    """
    share_one_heap()
    limits = RetentionLimits.parse(arguments.keep, arguments.max_size, arguments.keep_journals)
    model = choose_model(arguments.model)
    grid = model.card.grid(arguments.win, arguments.step)
    infos = [source.info for source in sources]
    legs = legs_of(arguments.legs, arguments.analyse, infos, usual_legs, arguments.staff)
    voices = voices_of(arguments.voice or (), legs)
    savers = [VoiceSaver(name, leg, model, __version__) for leg, name in voices.items()]
    keys_of_lines = lines_of(arguments.line or (), legs, [info.sample_rate for info in infos])
    line_savers = [LineSaver(key, leg, model, __version__) for leg, key in keys_of_lines.items()]
    lines = _usable_lines(usual_lines, legs, model) | {saver.leg: saver.line for saver in line_savers}
    history = None if outputs.picture is None else SpectrogramHistory()
    printer = LinePrinter(sys.stderr if arguments.quiet else sys.stdout)
    # Where sound comes on standard input, keys come from the terminal itself.
    keys = open_controlling_terminal() if getattr(arguments, "pipe", None) else 0
    printed = _printed_lines(arguments, printer, keys)
    sinks = [
        *savers,
        *line_savers,
        *_alert_sinks(arguments),
        *_recording_sinks(arguments, outputs, history, limits),
    ]
    retention = [] if limits is None else [Retention(Path(arguments.out), limits)]
    session = Session(
        sources,
        model,
        grid,
        # Retention is closed first, so that the journal, closed last, has its complaints.
        sinks=[*retention, *sinks, *([] if printed is None else [printed])],
        screen=TerminalScreen(input_descriptor=keys or 0) if printed is None else Screen(),
        options=SessionOptions(
            callmood_version=__version__,
            legs=legs,
            duration_seconds=arguments.duration,
            spectrogram=arguments.spectrogram,
            spectrogram_history=history,
            alert_rules=tuple(AlertRule.parse(text) for text in arguments.alert or ()),
            alert_cooldown_seconds=arguments.alert_cooldown,
            classifier=ClassifierOptions(
                baseline=not arguments.no_baseline, never_unsure=arguments.never_unsure
            ),
            voices=voices,
            voice_states={saver.leg: saver.saved.state for saver in savers if saver.saved is not None},
            lines=lines,
            announced=arguments.announce,
            started=started,
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


def _usable_lines(
    lines: Mapping[str, LegLine], legs: Sequence[LegPlan], model: EmotionModel
) -> dict[str, LegLine]:
    """Give the lines of a recorded session that this model can use as they were; report the others."""
    usable = {}
    analysed = {leg.name for leg in legs if leg.analysed}
    for leg, line in lines.items():
        if leg not in analysed:
            continue
        reason = "another model learned it"
        if line.state is not None and line.model_digest == digest_of(model):
            try:
                model.open_voice(line=line.state)
            except ValueError as error:
                reason = str(error)
            else:
                usable[leg] = line
                continue
        say_note(f"{leg} is replayed without its line {printable(line.name)}: {printable(reason)}")
    return usable


def _printed_lines(
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
    if not (arguments.on_alert or arguments.post_alerts):
        return []
    from streamer.sinks.alert_actions import AlertCommand, AlertPost

    commands = [AlertCommand(command) for command in arguments.on_alert or ()]
    return [*commands, *(AlertPost(url) for url in arguments.post_alerts or ())]


def _moment_limits(arguments: argparse.Namespace) -> MomentLimits:
    """Take the limits of moments, with the defaults of those that were not given."""
    given = {"margin_seconds": arguments.margin, "longest_seconds": arguments.longest}
    return MomentLimits(**{name: value for name, value in given.items() if value is not None})


def _recording_sinks(
    arguments: argparse.Namespace,
    outputs: SessionOutputs,
    history: SpectrogramHistory | None,
    limits: RetentionLimits | None,
) -> list[Sink]:
    """Create the sinks that write files; the journal is last: its summary names the files of the others."""
    sinks: list[Sink] = []
    folder = SessionFolder(Path(arguments.out), outputs.access)
    if arguments.moments is not None:
        moments = ClipRule.parse(arguments.moments, "--moments")
        sinks.append(MomentRecorder(folder, moments, _moment_limits(arguments)))
    if arguments.record is not None:
        rule, hints = ClipRule.parse(arguments.record), arguments.moments is None
        sinks.append(ClipRecorder(folder, rule, hints_at_moments=hints))
    if arguments.record_session:
        sinks.append(SessionAudio(folder, (limits or RetentionLimits()).max_file_bytes))
    if history is not None and outputs.picture is not None:
        sinks.append(SpectrogramPng(history, outputs.picture, folder))
    if sinks or arguments.journal not in {None, STANDARD_OUTPUT}:
        # Whatever is kept of a session lies in its folder, and always with its journal.
        sinks += [SessionJournal(folder), SessionLock(folder)]
    if outputs.journal is not None:
        sinks.append(JournalWriter(outputs.journal, access=outputs.access, replace=arguments.force))
    return sinks
