"""Text that others wrote, made safe for a terminal."""

from pathlib import Path


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
