"""Folders that are held open while something is done in them, so that no link can lead it elsewhere."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def opened_folder(name: str | Path, inside: int | None = None) -> Iterator[int]:
    """Open a folder.

    Parameters
    ----------
    name : str or Path
        A path, or a plain name where `inside` is given.
    inside : int, optional
        Descriptor of the folder in which it lies; what lies there must be a folder itself, and no link.

    Yields
    ------
    int
        Its descriptor, for `dir_fd`; closed after the block.

    Raises
    ------
    OSError
        If it is not there, is none, or cannot be looked into.
    """
    flags = _FOLDER if inside is None else _FOLDER | os.O_NOFOLLOW
    descriptor = os.open(name, flags, dir_fd=inside)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def entries(descriptor: int) -> "Iterator[os.DirEntry[str]]":
    """Go through a folder, and hold one entry at a time: an hour of clips has thousands.

    Whoever removes some meanwhile lists them first. An entry keeps the status that it is asked for;
    `status_of` keeps nothing.

    Parameters
    ----------
    descriptor : int
        Of the folder.

    Yields
    ------
    DirEntry
        In no order.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with os.scandir(descriptor) as found:
        yield from found


def status_of(name: str, descriptor: int) -> os.stat_result:
    """Look at what lies in a folder, and follow no link.

    Parameters
    ----------
    name : str
        In the folder.
    descriptor : int
        Of the folder.

    Returns
    -------
    stat_result
        As the system gives it.

    Raises
    ------
    OSError
        If it is not there.
    """
    return os.stat(name, dir_fd=descriptor, follow_symlinks=False)
