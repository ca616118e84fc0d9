"""The command `callmood`: looks whether its packages are its own, then opens the front door."""

import sys
from collections.abc import Sequence
from typing import Final

from callmood.rooms import ShadowedRoomError, check_rooms
from callmood.standard_streams import open_standard_streams

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
    open_standard_streams()
    try:
        check_rooms()
    except ShadowedRoomError as error:
        sys.stderr.write(f"callmood: {error}\n")
        return 1
    try:
        from callmood.front_door import run_command

        return run_command(argv)
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
