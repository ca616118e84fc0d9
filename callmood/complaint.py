"""What is said on standard error when something goes wrong: one line, fit for any terminal."""

import sys
from pathlib import Path

from emotion.errors import CallmoodError


def complain(error: CallmoodError) -> int:
    """Say in one line what went wrong.

    Parameters
    ----------
    error : CallmoodError
        Its message says what, with which values, and what to do.

    Returns
    -------
    int
        The error's exit code.
    """
    sys.stderr.write(f"callmood: {printable(' '.join(str(error).split()))}\n")
    return error.exit_code


def printable(text: str | Path) -> str:
    """Give a path, or a text with paths in it, as it may be written on a terminal.

    Parameters
    ----------
    text : str or Path
        It may hold bytes that are no text, and control characters.

    Returns
    -------
    str
        With a question mark for each of those.
    """
    return "".join(character if character.isprintable() else "?" for character in str(text))
