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


def entries(descriptor: int) -> "list[os.DirEntry[str]]":
    """List a folder.

    Parameters
    ----------
    descriptor : int
        Of the folder.

    Returns
    -------
    list of DirEntry
        As they were at this moment, in no order.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with os.scandir(descriptor) as found:
        return list(found)
