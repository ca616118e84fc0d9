"""`callmood report`: tell what a session was, as a page, a picture or text."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from callmood.process import compute_on_one_thread, say_note
from callmood.session_options import (
    STANDARD_OUTPUT,
    add_output_arguments,
    add_recordings_folder,
    output_access,
)
from emotion.errors import UsageError, printable

if TYPE_CHECKING:
    from callmood.reports.analysis import SessionAnalysis
    from callmood.reports.sound import OnSeconds, Which
    from emotion.output_files import OutputFile, OutputFiles
    from streamer.recordings.lookup import StoredSession

Result = TypeVar("Result")

SUMMARY: Final = "Write a report of a recorded session: a page to look at and listen to, a picture, or text."

DEFAULT_NAME: Final = "report.html"
_ENDINGS: Final = (".html", ".png", ".pdf", ".txt")
_MOST_SESSIONS: Final = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "sessions",
        metavar="SESSION",
        nargs="+",
        help="id of a session, a unique beginning of it, its folder, its journal, or `last`; two are shown "
        "side by side",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="file to write: a page (.html), a picture (.png, .pdf) or text (.txt); `-` prints the text "
        "(default: report.html in the session's folder)",
    )
    parser.add_argument(
        "--audio",
        choices=("none", "moments", "all"),
        default="moments",
        help="sound to put into the page: none, moments, or all of it (default: %(default)s)",
    )
    add_recordings_folder(parser, "--out")
    add_output_arguments(parser)
    parser.epilog = (
        "The page is one file that opens offline. Its report.html in the session's folder is written again "
        "without --force. It holds what was classified of people and, unless --audio is none, their voices: "
        "handle it as you handle the recording. If the session is still running, or its journal was cut, "
        "the report shows what is whole and says what is missing. Pictures need: "
        "pip install 'callmood[plot]'.\n"
        "\n"
        "examples:\n"
        "  callmood report last\n"
        "  callmood report last -o -\n"
        "  callmood report 20261123T14 -o call.pdf\n"
        "  callmood report 20261123T141530Z-3fa9 20261124T090212Z-77c1 -o both.html --audio none\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read the sessions, analyse them, and write the report."""
    compute_on_one_thread()
    from emotion.output_files import OutputFiles
    from streamer.recordings.lookup import find_session

    if len(arguments.sessions) > _MOST_SESSIONS:
        raise UsageError(f"a report is of one session or of two, and here are {len(arguments.sessions)}")
    ending = _ending(arguments.output)
    stored = [find_session(given, Path(arguments.out)) for given in arguments.sessions]
    journals = [each.journal_for("reports") for each in stored]
    outputs = OutputFiles(
        force=arguments.force,
        access=output_access(arguments),
        inputs=journals,
    )
    output = None if ending == STANDARD_OUTPUT else _claimed(arguments.output, stored, journals, outputs)
    found = [_analysed(each, journal) for each, journal in zip(stored, journals, strict=True)]
    if output is None:
        _print([each.analysis for each in found])
        return 0
    written = output.write(_content(ending, found, arguments.audio))
    if note := output.note(written):
        say_note(note)
    sys.stdout.write(f"{printable(written)}\n")
    return 0


def _ending(output: str | None) -> str:
    """Give the ending of the file, which decides what is written; `-` for text on standard output."""
    if output is None:
        return Path(DEFAULT_NAME).suffix
    if output == STANDARD_OUTPUT:
        return output
    ending = Path(output).suffix.lower()
    if ending not in _ENDINGS:
        raise UsageError(
            f"-o {output[:70]!a} ends in none of {', '.join(_ENDINGS)}; name a file with one of them, or - "
            "to print the text"
        )
    return ending


def _claimed(
    given: str | None, stored: "Sequence[StoredSession]", journals: Sequence[Path], outputs: "OutputFiles"
) -> "OutputFile":
    """Check where the report is to be written, before the work."""
    from emotion.output_files import OutputFiles

    if given is not None:
        return outputs.claim(Path(given), "-o")
    if len(stored) > 1:
        raise UsageError("a report of two sessions belongs to neither folder; name its file with -o")
    folder = stored[0].folder
    if folder is None:
        return outputs.claim(journals[0].with_name(f"{journals[0].stem}-{DEFAULT_NAME}"), "-o")
    path = folder / DEFAULT_NAME
    # It is written again, whoever made it; but not through a link, which may lead anywhere.
    own = OutputFiles(
        force=outputs.force or not path.is_symlink(), access=outputs.access, inputs=[journals[0]]
    )
    return own.claim(path, "-o")


class _Analysed(NamedTuple):
    """A session, where it lies, and what of its kept sound is missing."""

    stored: "StoredSession"
    analysis: "SessionAnalysis"
    lost: Sequence[str]


def _analysed(stored: "StoredSession", path: Path) -> _Analysed:
    from callmood.reports.analysis import analyse
    from callmood.reports.sound import is_being_recorded, missing_sound
    from streamer.recordings.journal_reader import read_journal

    is_running = is_being_recorded(stored)
    journal = read_journal(path)
    lost = missing_sound(stored, journal)
    return _Analysed(stored, analyse(journal, missing=lost, is_running=is_running), lost)


def _print(analyses: "Sequence[SessionAnalysis]") -> None:
    import shutil

    from callmood.reports.text import DEFAULT_WIDTH, report_text

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else DEFAULT_WIDTH
    encoding = sys.stdout.encoding or "utf-8"
    text = report_text(analyses, width)
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


def _content(ending: str, found: Sequence[_Analysed], audio: "Which") -> bytes:
    analyses = [each.analysis for each in found]
    if ending == ".txt":
        from callmood.reports.text import report_text

        return report_text(analyses).encode()
    if ending == ".html":
        return _page(found, audio)
    from callmood.reports.picture import draw_report
    from callmood.reports.sound import leg_decibels

    with _progress("read the sound", analyses) as advance:
        spectrograms = [
            _of_legs(each.analysis, partial(leg_decibels, each.stored, each.analysis), advance)
            for each in found
        ]
    drawn = draw_report(analyses, spectrograms, ending)
    for note in drawn.notes:
        say_note(note)
    return drawn.content


def _page(found: Sequence[_Analysed], audio: "Which") -> bytes:
    from callmood.reports.html import PageSession, write_page
    from callmood.reports.sound import leg_audio, leg_spectrogram, why_silent

    sessions = []
    num_passes = 2 if audio == "all" else 1
    with _progress("read the sound", [each.analysis for each in found], num_passes) as advance:
        for stored, analysis, lost in found:
            heard = _of_legs(analysis, partial(leg_audio, stored, analysis, audio), advance)
            seen = _of_legs(analysis, partial(leg_spectrogram, stored, analysis), advance)
            reason = why_silent(audio, stored, lost) if not heard else ""
            sessions.append(PageSession(analysis, heard, seen, reason))
    return write_page(sessions)


def _of_legs(
    analysis: "SessionAnalysis", function: "Callable[[str, OnSeconds], Result | None]", advance: "OnSeconds"
) -> "dict[str, Result]":
    """Call a function for each analysed leg, on all cores; leave out what is None."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    from trainer.progress import default_jobs

    is_over = Event()

    def on_seconds(seconds: float) -> None:
        if is_over.is_set():
            raise InterruptedError
        advance(seconds)

    names = [leg.plan.name for leg in analysis.legs if leg.plan.analysed]
    with ThreadPoolExecutor(default_jobs()) as threads:
        try:
            results = list(threads.map(lambda name: function(name, on_seconds), names))
        except BaseException:
            # Ctrl-C ends the threads at their next block.
            is_over.set()
            raise
    return {name: result for name, result in zip(names, results, strict=True) if result is not None}


@contextmanager
def _progress(
    title: str, analyses: "Sequence[SessionAnalysis]", num_passes: int = 1
) -> "Iterator[OnSeconds]":
    """Show on a terminal how much of the sound has been read."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        total = num_passes * sum(analysis.seconds * len(analysis.legs) for analysis in analyses)
        task = bars.add_task(title, total=max(total, 1.0))
        yield lambda seconds: bars.advance(task, seconds)
