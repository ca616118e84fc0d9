"""The terminal itself, for when standard input is taken."""

import os


def open_controlling_terminal() -> int | None:
    """Open the terminal that this process was started from, to read keys while sound comes in by a pipe.

    Returns
    -------
    int or None
        A descriptor open for reading, the caller's to close; None where there is no terminal.
    """
    try:
        return os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
