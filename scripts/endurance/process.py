"""What a running process holds, as the system counts it."""

import os
from dataclasses import dataclass
from pathlib import Path

_MEMORY = ("Rss", "Pss", "Anonymous")


@dataclass(frozen=True, slots=True)
class Holding:
    """Memory and handles of a process at a moment.

    Attributes
    ----------
    resident_bytes : int
        All its pages in memory, those of shared libraries included.
    proportional_bytes : int
        The same, shared pages divided among those who share them.
    own_bytes : int
        Pages that no file stands behind: what it has asked for itself, whoever else has the same libraries
        or models in memory.
    num_handles, num_threads : int
        Open file descriptors; threads.
    """

    resident_bytes: int
    proportional_bytes: int
    own_bytes: int
    num_handles: int
    num_threads: int


def holding(process: int) -> Holding:
    """Look at a process.

    Parameters
    ----------
    process : int
        Its number.

    Returns
    -------
    Holding
        As it is now.

    Raises
    ------
    OSError
        If it has ended.
    """
    place = Path("/proc", str(process))
    found = dict.fromkeys(_MEMORY, 0)
    for line in (place / "smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name] = int(value.split()[0]) * 1024
    return Holding(
        resident_bytes=found["Rss"],
        proportional_bytes=found["Pss"],
        own_bytes=found["Anonymous"],
        num_handles=sum(1 for _ in (place / "fd").iterdir()),
        num_threads=sum(1 for _ in (place / "task").iterdir()),
    )


def folder_bytes(folder: Path) -> int:
    """Count the bytes of all files in a folder; what goes away meanwhile has none.

    Parameters
    ----------
    folder : Path
        Need not be there.

    Returns
    -------
    int
        As the files say, not as blocks of the disk.
    """
    total = 0
    places = [str(folder)]
    while places:
        try:
            with os.scandir(places.pop()) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            places.append(entry.path)
                        else:
                            total += entry.stat(follow_symlinks=False).st_size
                    except FileNotFoundError:
                        continue
        except FileNotFoundError:
            continue
    return total
