"""`callmood export`: write a session for another program."""

import argparse
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.process import say_note
from callmood.session_options import (
    STANDARD_OUTPUT,
    add_output_arguments,
    add_recordings_folder,
    output_access,
)
from emotion.atomic_files import beside
from emotion.errors import OutputError, UsageError, output_error, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from callmood.reports.export_timeline import Timeline
    from emotion.atomic_files import Access
    from emotion.output_files import OutputFile
    from streamer.recordings.lookup import StoredSession

SUMMARY: Final = "Write a recorded session for another program."

ENDINGS: Final = {
    "audacity": ".txt",
    "vtt": ".vtt",
    "textgrid": ".TextGrid",
    "eaf": ".eaf",
    "csv": ".csv",
    "audformat": ".audformat",
    "labelstudio": ".json",
    "parquet": ".parquet",
}
"""How a file is named without `-o`, by format."""
FOLDER: Final = "audformat"
BINARY: Final = "parquet"
NAMES_RECORDING: Final = frozenset(("eaf", "audformat", "labelstudio"))


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "session",
        metavar="SESSION",
        help="id of a session, a unique beginning of it, its folder, its journal, or `last`",
    )
    parser.add_argument(
        "--format",
        metavar="NAME",
        choices=tuple(ENDINGS),
        required=True,
        help=f"what to write: {', '.join(ENDINGS)}",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="file to write, a folder for audformat; `-` is standard output (default: SESSION with the "
        "ending of the format, in the working directory)",
    )
    parser.add_argument(
        "--windows", action="store_true", help="write every window instead of episodes; parquet always does"
    )
    parser.add_argument(
        "--audio",
        metavar="NAME",
        help="path or address of the recording, as eaf, audformat and labelstudio are to name it (default: "
        "the file that was replayed, or the session's sound)",
    )
    add_recordings_folder(parser, "--out")
    add_output_arguments(parser)
    parser.epilog = (
        "An episode is windows of one emotion or state that touch, merged. Those of a leg follow each other "
        "without overlap; windows overlap, so textgrid, eaf and vtt cut them in the middle of each overlap.\n"
        "\n"
        "formats:\n"
        "  audacity     label track\n"
        "  vtt          subtitles for players and browsers\n"
        "  textgrid     tiers for Praat\n"
        "  eaf          tiers for ELAN\n"
        "  csv          table; text that a spreadsheet would compute begins with an apostrophe\n"
        "  audformat    database with a segmented table for each leg\n"
        "  labelstudio  tasks with predictions, one for each leg\n"
        "  parquet      table of all windows\n"
        "\n"
        "textgrid, eaf, audformat and parquet need: pip install 'callmood[export]'.\n"
        "\n"
        "examples:\n"
        "  callmood export last --format audacity\n"
        "  callmood export 20261123T14 --format textgrid -o call.TextGrid\n"
        "  callmood export call.jsonl --format csv --windows -o -\n"
        "  callmood export last --format labelstudio --audio https://example.com/call.wav\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read the session and write it."""
    from callmood.reports.export_timeline import timeline
    from emotion.output_files import OutputFiles
    from streamer.recordings.journal_reader import read_journal
    from streamer.recordings.lookup import find_session

    kind: str = arguments.format
    if arguments.audio is not None and not (arguments.audio.strip() and arguments.audio.isprintable()):
        raise UsageError(f"--audio is {arguments.audio!a:.70}; give a path or an address, such as call.wav")
    stored = find_session(arguments.session, Path(arguments.out))
    source = stored.journal_for("exports")
    if arguments.output == STANDARD_OUTPUT and kind in {FOLDER, BINARY}:
        raise UsageError(f"{kind} cannot be written to standard output; name a file with -o")
    access = output_access(arguments)
    is_printed = arguments.output == STANDARD_OUTPUT
    end = "-windows" if arguments.windows else ""
    path = Path(arguments.output or f"{stored.name}{end}{ENDINGS[kind]}")
    target: OutputFile | OutputFolder | None = None
    if kind == FOLDER:
        target = OutputFolder.claim(path, access, force=arguments.force)
    elif not is_printed:
        files = OutputFiles(force=arguments.force, access=access, inputs=[source])
        target = files.claim(path, "-o")
    journal = read_journal(source)
    prepared = timeline(stored, journal, is_windows=arguments.windows, audio=arguments.audio)
    if kind in NAMES_RECORDING:
        _note_unknown(prepared)
    if isinstance(target, OutputFolder):
        from callmood.reports.export_tables import audformat_database
        from streamer.sinks.base import counted

        num_left_out = 0

        def fill(folder: Path) -> None:
            nonlocal num_left_out
            num_left_out = audformat_database(prepared, folder)

        written = target.write(fill)
        if num_left_out:
            say_note(
                f"left out {counted(num_left_out, 'window')} with the times of an earlier one: a table of "
                "audformat has each segment once"
            )
    else:
        content = _content(kind, prepared, stored, Path(os.path.realpath(path)).parent)
        if target is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            return 0
        written = target.write(content)
        if note := target.note(written):
            say_note(note)
    sys.stdout.write(f"{printable(written)}\n")
    return 0


def _content(kind: str, prepared: "Timeline", stored: "StoredSession", folder: Path) -> bytes:
    """Give the file; names of recordings are for one that lies in `folder`."""
    from callmood.reports import export_labels, export_tables

    # Label Studio resolves paths from a folder that it was told: that of all sessions.
    sessions = (stored.folder or folder).resolve().parent
    writers: dict[str, Callable[[], bytes]] = {
        "audacity": lambda: export_labels.audacity(prepared),
        "vtt": lambda: export_labels.vtt(prepared),
        "textgrid": lambda: export_labels.textgrid(prepared),
        "eaf": lambda: export_labels.eaf(prepared, folder),
        "csv": lambda: export_tables.csv_table(prepared),
        "labelstudio": lambda: export_labels.label_studio(prepared, sessions),
        "parquet": lambda: export_tables.parquet(prepared),
    }
    return writers[kind]()


def _note_unknown(prepared: "Timeline") -> None:
    """Say which recordings have a name that nobody gave them."""
    for recording in prepared.recordings:
        if not recording.is_known:
            say_note(
                f"the session's sound is not there as one file from its start, so the export names "
                f"{printable(recording.name)}; name the recording with --audio"
            )


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """A folder of files that appears whole; one that is there is replaced only if an export made it.

    Attributes
    ----------
    path : Path
        As the user gave it.
    access : Access
        Who may read it.
    force : bool
        Replace an earlier export.
    """

    path: Path
    access: "Access"
    force: bool

    @classmethod
    def claim(cls, path: Path, access: "Access", *, force: bool) -> "OutputFolder":
        """Check the folder, before the work."""
        folder = cls(path, access, force)
        folder.check()
        if not path.absolute().parent.is_dir():
            raise OutputError(
                f"cannot write {printable(path)}: there is no folder {printable(path.parent)}; make it "
                "first, or choose another"
            )
        return folder

    def check(self) -> None:
        """Refuse a place where something lies that may not be replaced."""
        path = printable(self.path)
        try:
            if self.path.exists() and not self.path.is_dir():
                raise OutputError(f"cannot write {path}: it is no folder; name another with -o")
            entries = list(self.path.iterdir()) if self.path.is_dir() else []
        except OSError as error:
            raise output_error(self.path, error) from error
        if not entries:
            return
        if not self.force:
            raise OutputError(f"{path} exists; choose another name, or replace it with --force")
        foreign = [entry.name for entry in entries if entry.is_symlink() or not _IS_OWN(entry.name)]
        if foreign:
            raise OutputError(
                f"{path} holds {foreign[0][:70]!a}, which no export has made; choose another name"
            )

    def write(self, fill: "Callable[[Path], None]") -> Path:
        """Let `fill` write into a hidden folder beside, and give that the name."""
        place = Path(os.path.realpath(self.path))
        hidden = beside(place)
        try:
            shutil.rmtree(hidden, ignore_errors=True)
            self.access.make_folder(hidden, parents=False)
            fill(hidden)
            for file in hidden.iterdir():
                file.chmod(self.access.file_mode)
            self.check()
            if place.is_dir() and any(place.iterdir()):
                self._exchange(place, hidden)
            else:
                hidden.rename(place)
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise output_error(self.path, error) from error
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
        return self.path

    def _exchange(self, place: Path, hidden: Path) -> None:
        old = hidden.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
        try:
            hidden.rename(place)
        except OSError:
            old.rename(place)
            raise
        shutil.rmtree(old, ignore_errors=True)


_IS_OWN: Final = re.compile(r"db\.yaml|db\.[\w-]+\.parquet", re.ASCII).fullmatch
