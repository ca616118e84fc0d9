"""Room for recordings."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from callmood.doctor.finding import Finding

LEAST_BYTES: Final = 1_000_000_000


def look_at_disk(out: Path) -> Iterator[Finding]:
    """Look at the file system on which recordings would be written; nothing is written.

    Parameters
    ----------
    out : Path
        The folder of recordings, which need not be there yet.

    Yields
    ------
    Finding
        One; its trouble is advice, since nothing need be recorded.
    """
    try:
        whole = out.absolute()
        there = next(folder for folder in (whole, *whole.parents) if folder.exists())
        free = shutil.disk_usage(there).free
    except OSError as error:
        found = f"{out} cannot be looked at ({error.strerror})"
        yield Finding("disk", False, found, "record elsewhere, with --out DIR")
        return
    found = f"{free / 1e9:.1f} GB free for {out}"
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        yield Finding("disk", False, f"{out} cannot be written", "record elsewhere, with --out DIR")
    elif free < LEAST_BYTES:
        yield Finding("disk", False, found, "make room, or record elsewhere with --out DIR")
    else:
        yield Finding("disk", True, found)
