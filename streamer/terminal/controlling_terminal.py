"""The terminal itself: for when standard input is taken, and for writing without waiting."""

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


def open_terminal_again(descriptor: int) -> int:
    """Open a terminal once more, so that not to wait for it is our own affair and not the shell's as well.

    Parameters
    ----------
    descriptor : int
        Of a terminal.

    Returns
    -------
    int
        Open for writing, and never blocking; the same descriptor where the terminal has no name to open.
    """
    try:
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return descriptor
