"""The command `callmood`: looks whether its packages are its own, then opens the front door."""

import sys
from collections.abc import Sequence
from typing import Final

INTERRUPTED: Final = 130
"""The exit code of a command that Ctrl-C ended, as shells give it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after `callmood`; those of the process by default.

    Returns
    -------
    int
        The exit code: 0, or that of the error which ended the command.
    """
    try:
        # All of it in here: whoever presses Ctrl-C is to see no traceback, however early.
        from callmood.rooms import ShadowedRoomError, check_rooms
        from callmood.standard_streams import open_standard_streams

        open_standard_streams()
        try:
            check_rooms()
        except ShadowedRoomError as error:
            sys.stderr.write(f"callmood: {error}\n")
            return 1
        from callmood.front_door import run_command

        return run_command(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ImportError as error:
        if _is_interrupted(error):
            return INTERRUPTED
        raise


def _is_interrupted(error: BaseException | None) -> bool:
    """Tell whether Ctrl-C is behind it: what is interrupted while it loads says that it cannot be loaded."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


if __name__ == "__main__":
    sys.exit(main())
