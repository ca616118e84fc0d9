"""Lines on standard output, for whoever reads along without a panel."""

from collections.abc import Callable
from typing import TextIO

from emotion.errors import OutputError


class LinePrinter:
    """Writes and flushes a line at a time to a text stream.

    Parameters
    ----------
    stream : text stream
        Usually standard output; it stays open.

    Attributes
    ----------
    reader_gone : bool
        True once the other end of a pipe has been closed, as `head` does when it has seen enough.
    """

    def __init__(self, stream: TextIO) -> None:
        self.reader_gone = False
        self._stream = stream
        self._left: Callable[[], None] | None = None

    def when_reader_leaves(self, call: Callable[[], None]) -> None:
        """Say what is to be done, once, when nobody reads any more.

        Parameters
        ----------
        call : callable
            Called from the thread that writes.
        """
        self._left = call

    def write(self, line: str) -> None:
        """Write one line, or several with breaks between them.

        Parameters
        ----------
        line : str
            Without its end. What the stream's encoding lacks is written as an escape.

        Raises
        ------
        OutputError
            If nobody reads any more, or the disk behind the stream is full; from the system's own error.
        """
        encoding = self._stream.encoding or "utf-8"
        text = (line + "\n").encode(encoding, "backslashreplace").decode(encoding)
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError as error:
            self.reader_gone = True
            if self._left is not None:
                self._left()
            raise OutputError(
                "nobody reads the output any more; start again with a reader that stays"
            ) from error
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror}; send it somewhere else") from error
