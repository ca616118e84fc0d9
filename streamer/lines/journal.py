"""The journal: a file with one JSON line for everything that happens, written as it happens."""

from pathlib import Path

from emotion.errors import OutputError
from streamer.lines.journal_lines import Line, to_json
from streamer.lines.json_sink import JsonSink
from streamer.lines.line_file import LineFile
from streamer.session_facts import SessionFacts, Summary


class Journal(JsonSink):
    """JSON Lines in UTF-8: a header, then rows, gaps, marks, pauses and failures, at last a summary.

    A session that is given up before anything happened leaves no journal.

    Parameters
    ----------
    path : str or Path
        A new or empty file in a folder that exists, a named pipe with a reader, or a device.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.path = Path(path)
        self._lines: LineFile | None = None
        self._num_lines = 0

    def open(self, facts: SessionFacts) -> None:
        """Create the file and write the header.

        Raises
        ------
        OutputError
            If the file holds something already or cannot be written.
        """
        self._lines = LineFile(self.path)
        try:
            super().open(facts)
        except OutputError:
            self._lines.withdraw()
            raise

    def write_line(self, line: Line) -> None:
        """Write one line at once; nothing once the journal is closed."""
        if self._lines is not None:
            self._lines.write(to_json(line))
            self._num_lines += 1

    @property
    def may_recover(self) -> bool:
        """True: no half line is ever left behind which others could not follow."""
        return True

    def recover(self) -> bool:
        """Look for room on the disk, or for a reader that reads."""
        return self._lines is not None and self._lines.is_ready()

    @property
    def files(self) -> tuple[str, ...]:
        """The journal's path, once it is there."""
        return (str(self.path),) if self._num_lines else ()

    def close(self, summary: Summary | None) -> None:
        """Write the summary and close the file; a second call does nothing.

        Raises
        ------
        OutputError
            If the summary cannot be written; the lines before are whole.
        """
        lines, never_began = self._lines, summary is None and self._num_lines <= 1
        try:
            super().close(summary)
        finally:
            self._lines = None
            if lines is not None and never_began:
                self._num_lines = 0
                lines.withdraw()
            elif lines is not None:
                lines.close()
