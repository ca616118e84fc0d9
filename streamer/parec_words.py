"""What `parec --verbose` says on standard error: which source it records, and why it ended."""

import re
from typing import Final

_DEVICE: Final = re.compile(r"(?:Connected to|Stream moved to) device (.+) \((?:index: )?\d+, ")
_LINE_END: Final = re.compile(rb"[\r\n]+")
_ERASE: Final = "\x1b[K"
_UNKNOWN: Final = "(null)"
_MAX_LINE_BYTES: Final = 4096


class ParecWords:
    """Follows its messages, in English, however they are cut.

    Attributes
    ----------
    device : str or None
        The source that it records now; None before it has said so.
    last_line : str
        The latest line that was no time of the clock; empty before the first.
    """

    def __init__(self) -> None:
        self.device: str | None = None
        self.last_line = ""
        self._unfinished = b""

    def take(self, data: bytes) -> None:
        """Take the bytes that follow.

        Parameters
        ----------
        data : bytes
            Of any length.
        """
        *whole, rest = _LINE_END.split(self._unfinished + data)
        self._unfinished = rest[-_MAX_LINE_BYTES:]
        for line in whole:
            self._take_line(line.decode(errors="replace").replace(_ERASE, "").strip())

    def _take_line(self, line: str) -> None:
        if not line or line.startswith("Time: "):
            return
        self.last_line = line
        told = _DEVICE.match(line)
        if told is not None and told[1] != _UNKNOWN:
            self.device = told[1]
