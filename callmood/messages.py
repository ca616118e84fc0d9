"""Text for users: one-line messages on standard error, and aligned tables."""

import sys
from collections.abc import Sequence
from contextlib import suppress

from emotion.errors import CallmoodError
from emotion.untrusted_text import message_line


def complain(error: CallmoodError, command: str | None = None) -> int:
    """Print an error and give its exit code; a command's name adds where its help is."""
    # Not above: --help loads neither wing.
    from streamer.blocking_calls import loud_stderr

    line = error_line(str(error), command)
    with loud_stderr(), suppress(OSError):  # The exit code says it, too.
        sys.stderr.write(line)
    return error.exit_code


def error_line(text: str, command: str | None = None) -> str:
    """Give the line of an error, with its line break."""
    line = message_line(text)
    if command is not None:
        line += f"{'' if line.endswith('?') else ';'} see `{command} --help`"
    return f"callmood: {line}\n"


def say_note(words: str) -> None:
    """Print a note, where a command does something else than was typed."""
    with suppress(OSError):
        sys.stderr.write(f"note: {message_line(words)}\n")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Align columns, with two blanks between them and a line break at the end."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return "".join(f"{line}\n" for line in lines)
