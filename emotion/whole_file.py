"""Files that appear whole or not at all."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from emotion.access import Access

_NO_HARD_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def write_new(path: Path, content: bytes, access: Access | None = None) -> None:
    """Write a file that did not exist before.

    Parameters
    ----------
    path : Path
        In a folder that exists. Until the file is whole it carries a hidden temporary name beside it.
    content : bytes
        All of it.
    access : Access, optional
        Who may read it; unless given, as the user's mask has it.

    Raises
    ------
    FileExistsError
        If the name is taken; what has it stays as it is.
    OSError
        If it cannot be written; nothing is left then.
    """
    temporary = beside(path)
    try:
        _write(temporary, content, access)
        _name_without_replacing(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace(path: Path, content: bytes, access: Access | None = None) -> None:
    """Write a file, or exchange one for a newer one in a single step.

    Parameters
    ----------
    path : Path
        In a folder that exists; a link stays a link, and the file behind it is exchanged.
    content : bytes
        All of it.
    access : Access, optional
        Who may read it; unless given, as the user's mask has it.

    Raises
    ------
    OSError
        If it cannot be written, the old file is still there then; or if a device or a pipe stands there,
        which a rename would take away from everybody.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    path = path.resolve()
    temporary = beside(path)
    try:
        _write(temporary, content, access)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """Name the hidden file that one process writes before it takes the name.

    Parameters
    ----------
    path : Path
        The name to come.

    Returns
    -------
    Path
        In the same folder, so that a rename is one step; another for each process.
    """
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _write(path: Path, content: bytes, access: Access | None) -> None:
    """Write all of `content`, however little the system takes at once."""
    if access is not None:
        # What an earlier process of this number has left may have other rights.
        with suppress(FileNotFoundError):
            path.unlink()
        os.close(access.open_file(path, os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC))
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
