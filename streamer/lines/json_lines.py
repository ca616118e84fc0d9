"""JSON lines on a stream: what `--json` prints."""

from emotion.errors import OutputError
from streamer.lines.journal_lines import Line, to_json
from streamer.lines.json_sink import JsonSink
from streamer.lines.line_printer import LinePrinter
from streamer.session_facts import SessionFacts


class JsonLines(JsonSink):
    """The lines of a journal on a text stream, in ASCII, so that no locale can spoil them.

    Parameters
    ----------
    printer : LinePrinter
        Usually to standard output.
    """

    def __init__(self, printer: LinePrinter) -> None:
        super().__init__()
        self._printer = printer

    def open(self, facts: SessionFacts) -> None:
        """Print the header; a reader that has gone already is found out with the first row."""
        try:
            super().open(facts)
        except OutputError:
            if not self._printer.reader_gone:
                raise

    def write_line(self, line: Line) -> None:
        """Print one line at once."""
        self._printer.write(to_json(line, ascii_only=True))

    @property
    def may_recover(self) -> bool:
        """True as long as there is a reader."""
        return not self._printer.reader_gone

    def recover(self) -> bool:
        """Look whether the reader reads."""
        return self._printer.is_ready()

    @property
    def num_written(self) -> int:
        """Lines printed."""
        return self._printer.num_written
