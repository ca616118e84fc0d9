"""Atomic writes with permissions for personal data, and folder locks."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Access:
    """The permissions of new files and folders, whatever the umask; what exists keeps its own.

    Attributes
    ----------
    file_mode, folder_mode : int
        Such as 0o600 and 0o700.
    """

    file_mode: int
    folder_mode: int

    def make_folder(self, path: Path, *, parents: bool = True) -> tuple[Path, ...]:
        """Make a folder where it is missing."""
        made: list[Path] = []
        wanted = (path, *path.parents) if parents else (path,)
        for folder in reversed([each for each in wanted if not each.is_dir()]):
            # Never wider than asked for, not even for a moment; the umask may have made it narrower.
            try:
                folder.mkdir(self.folder_mode)
            except FileExistsError:
                if not folder.is_dir():
                    raise
                continue
            folder.chmod(self.folder_mode)
            made.insert(0, folder)
        return tuple(made)

    def open_file(self, path: Path, flags: int) -> int:
        """Open a file, and create it where there is none."""
        create = flags | os.O_CREAT | os.O_EXCL
        try:
            descriptor = os.open(path, create, self.file_mode)
        except FileExistsError:
            if flags & os.O_EXCL:
                raise
            try:
                return os.open(path, flags)
            except FileNotFoundError:
                # A link that leads to nothing yet, or a file that was removed between the two looks.
                descriptor = os.open(os.path.realpath(path), create, self.file_mode)
        os.fchmod(descriptor, self.file_mode)
        return descriptor


PRIVATE: Final = Access(0o600, 0o700)
"""For the user alone."""

GROUP_READABLE: Final = Access(0o640, 0o750)
"""For the user's group to read: `--group-readable`."""


_NO_HARD_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def write_new(path: Path, content: bytes, access: Access | None = None) -> None:
    """Write a file that did not exist before."""
    temporary = beside(path)
    try:
        _write(temporary, content, access)
        _name_without_replacing(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace(path: Path, content: bytes, access: Access | None = None) -> None:
    """Write a file, or exchange one for a newer one in a single step."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    path = path.resolve()
    temporary = beside(path)
    try:
        _write(temporary, content, access)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_file(path: str | Path) -> bool:
    """Tell whether a file is there; Path.is_file raises for a long name or in an unreadable folder."""
    return os.path.isfile(path)  # noqa: PTH113


def beside(path: Path) -> Path:
    """Name the hidden file that one process writes before it takes the name."""
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


Locked = Literal["ours", "another's", "unknown"]

_LOOK_AGAIN_SECONDS: Final = 0.02


def lock_folder(descriptor: int, patience_seconds: float = 0.0, *, shared: bool = False) -> Locked:
    """Try to lock a folder; closing the descriptor lets go of it."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                return "unknown"
            if time.monotonic() >= until:
                return "another's"
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return "ours"


@contextmanager
def locked_folder(path: Path, patience_seconds: float = 0.0, *, shared: bool = False) -> Iterator[Locked]:
    """Try to lock a folder while a block runs."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield lock_folder(descriptor, patience_seconds, shared=shared)
    finally:
        os.close(descriptor)
