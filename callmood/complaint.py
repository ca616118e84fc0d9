"""What is said on standard error when something goes wrong: one line, fit for any terminal."""

import sys

from emotion.errors import CallmoodError
from emotion.printable import printable


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
