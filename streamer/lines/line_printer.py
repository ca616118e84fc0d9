"""Lines on standard output, for whoever reads along without a panel."""

import io
import os
import stat
from collections.abc import Callable
from typing import TextIO

from emotion.errors import OutputError
from streamer.lines.patient_write import takes_more, unfinished, write_patiently
from streamer.terminal.controlling_terminal import open_terminal_again


class LinePrinter:
    """Writes a line at a time to a text stream, and waits no longer than a second for whoever reads it.

    Parameters
    ----------
    stream : text stream
        Usually standard output; it stays open.

    Attributes
    ----------
    reader_gone : bool
        True once the other end of a pipe has been closed, as `head` does when it has seen enough.
    num_written : int
        How often `write` has written all that it was given.
    """

    def __init__(self, stream: TextIO) -> None:
        self.reader_gone = False
        self.num_written = 0
        self._stream = stream
        self._descriptor = _descriptor_of(stream)
        self._owed = bytearray()
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
            If nobody reads any more, or for so long, or the disk behind the stream is full; from the system's
            own error.
        """
        encoding = self._stream.encoding or "utf-8"
        content = (line + "\n").encode(encoding, "backslashreplace")
        rest = self._owed + content
        try:
            self._write(rest, content.decode(encoding))
        except BrokenPipeError as error:
            self.reader_gone = True
            if self._left is not None:
                self._left()
            raise OutputError(
                "nobody reads the output any more; start again with a reader that stays"
            ) from error
        except TimeoutError as error:
            self._owed = unfinished(rest, len(content))
            raise OutputError(
                f"cannot write the output: {error.strerror}; let it read, or use --journal FILE"
            ) from error
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror}; send it somewhere else") from error
        self._owed = bytearray()
        self.num_written += 1

    def is_ready(self) -> bool:
        """Tell whether it is worth trying again after a failure.

        Returns
        -------
        bool
            False where nobody reads now.
        """
        if self.reader_gone or self._descriptor is None:
            return False
        return takes_more(self._descriptor, self._owed, blocks=True)

    def _write(self, rest: bytearray, text: str) -> None:
        if self._descriptor is None:
            self._stream.write(text)
            self._stream.flush()
        else:
            self._stream.flush()
            write_patiently(self._descriptor, rest, blocks=True)


def _descriptor_of(stream: TextIO) -> int | None:
    """Give what may have a slow reader; None for a file or a text in memory, which take all at once."""
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
    except (io.UnsupportedOperation, AttributeError, OSError, ValueError):
        return None
    if stat.S_ISREG(mode):
        return None
    if os.isatty(descriptor):
        return open_terminal_again(descriptor)
    return descriptor
