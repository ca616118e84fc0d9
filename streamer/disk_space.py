"""Whether a folder can take more, found out without writing to it."""

import os
from pathlib import Path
from typing import Final

MIN_BYTES: Final = 1_000_000
"""Less is not worth going on for: half a minute of speech at 16 kHz."""

MIN_FILES: Final = 10
"""A clip needs up to four: two folders, the clip, the index."""


def has_disk_space(folder: Path) -> bool:
    """Tell whether something could be written to a folder."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    # File systems that make inodes as they need them, such as btrfs, count none at all.
    has_inodes = not status.f_files or status.f_favail >= MIN_FILES
    has_bytes = status.f_bavail * status.f_frsize >= MIN_BYTES
    return has_inodes and has_bytes and os.access(folder, os.W_OK | os.X_OK)
