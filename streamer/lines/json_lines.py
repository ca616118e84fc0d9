"""JSON lines on a stream: what `--json` prints."""

from typing import TextIO

from streamer.lines.journal_lines import Line, to_json
from streamer.lines.json_sink import JsonSink
from streamer.lines.line_printer import LinePrinter


class JsonLines(JsonSink):
    """The lines of a journal on a text stream, in ASCII, so that no locale can spoil them.

    Parameters
    ----------
    stream : text stream
        Usually standard output; it stays open.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._printer = LinePrinter(stream)

    @property
    def reader_gone(self) -> bool:
        """True once the other end of a pipe has been closed: the session may end quietly."""
        return self._printer.reader_gone

    def write_line(self, line: Line) -> None:
        """Print one line at once."""
        self._printer.write(to_json(line, ascii_only=True))
