"""A real pseudo-terminal with someone at it who reads, types, and drags its corner."""

import fcntl
import os
import re
import select
import struct
import termios
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_CODES = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")


class PseudoTerminal:
    """Both ends of a terminal; what is written to it is read all the while, as a terminal would."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self._ours, self.theirs = os.openpty()
        self.resize(columns, rows)
        self._heard = b""
        self._news = threading.Condition()
        self._stop_read, self._stop_write = os.pipe()
        self._is_there = True
        self._reader = threading.Thread(target=self._read, name="pseudo-terminal")

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Close it, as whoever closes the window does; a second call does nothing."""
        if not self._is_there:
            return
        self._is_there = False
        os.close(self._stop_write)
        self._reader.join(timeout=10)
        for descriptor in (self._ours, self.theirs, self._stop_read):
            os.close(descriptor)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.size = columns, rows
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    @property
    def text(self) -> str:
        """All that was written so far."""
        with self._news:
            return self._heard.decode(errors="replace")

    def wait_for(self, seen: Callable[[str], bool], timeout_seconds: float = 10.0) -> bool:
        """Wait until what was written fulfils a condition."""
        with self._news:
            return self._news.wait_for(lambda: seen(self._heard.decode(errors="replace")), timeout_seconds)

    def screen(self, text: str | None = None) -> list[str]:
        """Give what stands on the screen: positions, clearing and erasing are followed, colours are not."""
        columns, rows = self.size
        cells = [[" "] * columns for _ in range(rows)]
        row = column = 0
        written = self.text if text is None else text
        at = 0
        while at < len(written):
            code = _CODES.match(written, at)
            if code is None:
                if written[at] >= " " and row < rows and column < columns:
                    cells[row][column] = written[at]
                    column += 1
                at += 1
                continue
            at = code.end()
            if code[2] == "H":
                row, column = (int(number) - 1 for number in code[1].split(";"))
            elif code[2] == "J":
                cells = [[" "] * columns for _ in range(rows)]
            elif code[2] == "K" and row < rows:
                cells[row][column:] = [" "] * (columns - column)
        return ["".join(line).rstrip() for line in cells]

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._ours, self._stop_read], [], [])
            if self._stop_read in ready:
                return
            try:
                heard = os.read(self._ours, 65_536)
            except OSError:
                return  # The last program at the other end has left.
            with self._news:
                self._heard += heard
                self._news.notify_all()
