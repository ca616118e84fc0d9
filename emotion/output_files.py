"""Files that a command writes at the user's request: overwritten only with --force, and never an input."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from emotion.atomic_files import Access, beside, replace, write_new
from emotion.errors import OutputError, UsageError, output_error

_Identity: TypeAlias = tuple[int, int] | Path
"""Device and inode of a file that exists, else its path with all links followed."""

_MOST_NAMES: Final = 1000


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to be written whole, as `OutputFiles.claim` allowed it.

    Attributes
    ----------
    path : Path
        As the user gave it.
    force : bool
        Replace a regular file.
    access : Access or None
        Who may read it; None leaves that to the umask.
    inputs : frozenset
        What is never replaced, not even by force.
    """

    path: Path
    force: bool
    access: Access | None
    inputs: frozenset[_Identity]

    def write(self, content: bytes) -> Path:
        """Write the file beside its place, and give it its name.

        A file that has appeared there since the claim is left alone: this one takes a numbered name.
        """
        path = self.path
        try:
            if self._may_replace():
                replace(path, content, self.access)
                return path
            # A link stays a link: the file behind it is made.
            target = Path(os.path.realpath(path))
            for number in range(1, _MOST_NAMES):
                end = "" if number == 1 else f"-{number}"
                free = target.with_stem(f"{target.stem}{end}")
                try:
                    write_new(free, content, self.access)
                except FileExistsError:
                    continue
                if number == 1:
                    return path
                return free if path.is_symlink() else path.with_name(free.name)
        except OSError as error:
            raise output_error(path, error) from error
        raise OutputError(f"cannot write {path}: {_MOST_NAMES} files have its name; choose another place")

    def note(self, written: Path) -> str | None:
        """Tell where the file was written, if not where it was asked for."""
        if written == self.path:
            return None
        return f"{self.path} appeared meanwhile and was left alone; written to {written} instead"

    def _may_replace(self) -> bool:
        try:
            status = self.path.stat()
        except OSError:
            return False
        is_file = stat.S_ISREG(status.st_mode)
        return is_file and (self.force or not status.st_size) and _identity(self.path) not in self.inputs


class OutputFiles:
    """All files that one command is to write, checked before it begins its work."""

    def __init__(
        self, *, force: bool = False, access: Access | None = None, inputs: Iterable[Path] = ()
    ) -> None:
        self.force = force
        self.access = access
        self._inputs = set(map(_identity, inputs))
        # What is printed goes there, too, and a rename would take it away.
        self._claimed: dict[_Identity, str] = {}
        for stream, descriptor in (("standard output", 1), ("standard error", 2)):
            if identity := _regular_file(descriptor):
                self._claimed[identity] = stream

    def protect(self, inputs: Iterable[Path]) -> None:
        """Add files that the command reads: what is claimed from now on is none of them."""
        self._inputs.update(map(_identity, inputs))

    def claim(self, path: Path, option: str) -> OutputFile:
        """Check a file that is to be written whole, beside its place first."""
        status = self._check(path, option)
        if status is not None and not stat.S_ISREG(status.st_mode):
            raise OutputError(f"cannot write {path}: it is no regular file; name another with {option}")
        try:
            probe = beside(Path(os.path.realpath(path)))
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise output_error(path, error) from error
        return OutputFile(path, self.force, self.access, frozenset(self._inputs))

    def claim_stream(self, path: Path, option: str) -> Path:
        """Check a file that is appended to while the command runs; a pipe or a device will do."""
        self._check(path, option)
        return path

    def _check(self, path: Path, option: str) -> os.stat_result | None:
        """Refuse what may not be written; give what lies there now."""
        try:
            status = path.stat() if path.exists() else None
            identity = _identity(path)
        except OSError as error:
            raise output_error(path, error) from error
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise OutputError(f"cannot write {path}: it is a folder; give the name of a file with {option}")
        if status is None and not path.parent.is_dir():
            raise OutputError(
                f"cannot write {path}: there is no folder {path.parent}; make it first, or choose another"
            )
        if identity in self._inputs or any(folder in self._inputs for folder in _folders_above(path, status)):
            raise OutputError(f"{option} {path} is a file that is read here; choose another name")
        if other := self._claimed.get(identity):
            raise UsageError(f"{other} and {option} name the same file, {path}; give each its own")
        is_full = status is not None and stat.S_ISREG(status.st_mode) and status.st_size
        if status is not None and is_full and not self.force:
            raise OutputError(
                f"{path} exists and holds {status.st_size} bytes; "
                "choose another name, or replace it with --force"
            )
        self._claimed[identity] = option
        return status


def _regular_file(descriptor: int) -> _Identity | None:
    try:
        status = os.fstat(descriptor)
    except OSError:  # It is closed.
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _folders_above(path: Path, status: os.stat_result | None) -> Iterator[_Identity]:
    """Give the folders that a file which exists lies in."""
    return map(_identity, Path(os.path.realpath(path)).parents if status is not None else ())


def _identity(path: Path) -> _Identity:
    try:
        status = path.stat()
    except OSError:
        return Path(os.path.realpath(path))
    return status.st_dev, status.st_ino
