"""Whether a folder could take more, looked at without writing."""

import os
from pathlib import Path
from typing import Final

ROOM_BYTES: Final = 1_000_000
"""Less is not worth going on for: half a minute of speech at 16 kHz."""


def has_room(folder: Path) -> bool:
    """Tell whether something could be written to a folder.

    Parameters
    ----------
    folder : Path
        Need not be there.

    Returns
    -------
    bool
        False where it is gone, nobody may write to it, or the disk has less than `ROOM_BYTES`; a quota is not
        seen.
    """
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and status.f_bavail * status.f_frsize >= ROOM_BYTES
