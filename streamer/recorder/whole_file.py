"""Files that appear whole or not at all, and never in the place of another."""

import errno
import os
from pathlib import Path
from typing import Final

_NO_HARD_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def write_new(path: Path, content: bytes) -> None:
    """Write a file that did not exist before.

    Parameters
    ----------
    path : Path
        In a folder that exists. Until the file is whole it carries a hidden temporary name beside it.
    content : bytes
        All of it.

    Raises
    ------
    FileExistsError
        If the name is taken; what has it stays as it is.
    OSError
        If it cannot be written; nothing is left then.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        _write(temporary, content)
        _name_without_replacing(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace(path: Path, content: bytes) -> None:
    """Exchange a file for a newer one in one step.

    Parameters
    ----------
    path : Path
        In a folder that exists.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        If it cannot be written; the old file is still there then.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        _write(temporary, content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Write all of `content`, however little the system takes at once."""
    with path.open("wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]


def _name_without_replacing(temporary: Path, path: Path) -> None:
    """Give a file its name unless that is taken; a rename would replace in silence."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # FAT and some network shares know no hard links. The session folder is ours alone, so that looking
        # first is enough.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        temporary.rename(path)
