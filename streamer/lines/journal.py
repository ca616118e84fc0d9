"""The journal: a file with one JSON line for everything that happens, written as it happens."""

from pathlib import Path

from emotion.access import PRIVATE, Access
from emotion.errors import OutputError
from streamer.lines.journal_lines import Line, to_json
from streamer.lines.json_sink import JsonSink
from streamer.lines.line_file import LineFile
from streamer.session_facts import SessionFacts, Summary


class Journal(JsonSink):
    """JSON Lines in UTF-8: a header, then rows, gaps, marks, pauses and failures, at last a summary.

    A session that is given up before anything happened leaves no journal. One that others move, remove or
    truncate meanwhile goes on, as `LineFile` has it; each file begins with the header.

    Parameters
    ----------
    path : str or Path
        A new or empty file in a folder that exists, a named pipe with a reader, or a device.
    access : Access, optional
        Who may read it; by default the user alone.
    replace : bool, optional
        Replace a file that holds something, instead of refusing it.
    """

    def __init__(self, path: str | Path, *, access: Access = PRIVATE, replace: bool = False) -> None:
        super().__init__()
        self._access = access
        self._replace = replace
        self.path = Path(path)
        self._lines: LineFile | None = None

    def open(self, facts: SessionFacts) -> None:
        """Create the file and write the header.

        Raises
        ------
        OutputError
            If the file holds something already or cannot be written.
        """
        self._lines = LineFile(self.path, access=self._access, replace=self._replace)
        try:
            super().open(facts)
        except OutputError:
            self._lines.withdraw()
            raise

    def write_line(self, line: Line) -> None:
        """Write one line at once."""
        if self._lines is not None:
            self._lines.write(to_json(line))

    @property
    def may_recover(self) -> bool:
        """True: no half line is ever left behind which others could not follow."""
        return True

    def recover(self) -> bool:
        """Look for room on the disk, or for a reader that reads."""
        return self._lines is not None and self._lines.is_ready()

    @property
    def num_written(self) -> int:
        """Lines written."""
        return 0 if self._lines is None else self._lines.num_written

    @property
    def files(self) -> tuple[str, ...]:
        """Where the journal lies, while it is there; what was moved away is named by nobody."""
        lines = self._lines
        return (str(lines.path),) if lines is not None and lines.num_written and lines.is_there else ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What others did to the file."""
        note = None if self._lines is None else self._lines.note
        return () if note is None else (note,)

    def close(self, summary: Summary | None) -> None:
        """Write the summary and close the file; a second call does nothing.

        Raises
        ------
        OutputError
            If the summary cannot be written; the lines before are whole.
        """
        never_began = summary is None and self.num_written <= 1
        try:
            super().close(summary)
        finally:
            if self._lines is not None and never_began:
                self._lines.withdraw()
            elif self._lines is not None:
                self._lines.close()
