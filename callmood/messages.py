"""Messages on standard error: one line, safe for any terminal."""

import sys
from contextlib import suppress

from emotion.errors import CallmoodError
from emotion.untrusted_text import message_line


def complain(error: CallmoodError) -> int:
    """Say in one line what went wrong."""
    # Not above: whoever asks for help loads neither wing.
    from streamer.blocking_calls import loud_stderr

    with loud_stderr(), suppress(OSError):  # The exit code says it, too.
        sys.stderr.write(f"callmood: {message_line(str(error))}\n")
    return error.exit_code


def say_note(words: str) -> None:
    """Tell the user of a command what it does, where this is not what was typed."""
    with suppress(OSError):
        sys.stderr.write(f"note: {message_line(words)}\n")
