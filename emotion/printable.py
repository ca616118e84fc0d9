"""Text that others wrote, made safe for a terminal."""

from pathlib import Path
from typing import Final

MAX_LINE_CHARACTERS: Final = 1000


def printable(text: str | Path) -> str:
    """Replace what would move the cursor, change colours, break a line, or is no text at all.

    Parameters
    ----------
    text : str or Path
        A file's name, for example.

    Returns
    -------
    str
        Of the same length, with a question mark for each such character.
    """
    return "".join(character if character.isprintable() else "?" for character in str(text))


def message_line(text: str) -> str:
    """Make one line of bounded length, fit for any terminal, of a message that may quote anything.

    Parameters
    ----------
    text : str
        What is wrong with a value, for example, with that value in it.

    Returns
    -------
    str
        Of `MAX_LINE_CHARACTERS` at most: the beginning and the end, where what to do stands.
    """
    line = printable(" ".join(text.split()))
    if len(line) <= MAX_LINE_CHARACTERS:
        return line
    half = (MAX_LINE_CHARACTERS - 40) // 2
    return f"{line[:half]} [... {len(line) - 2 * half} characters ...] {line[-half:]}"
