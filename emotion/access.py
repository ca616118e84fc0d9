"""Who may read the files that callmood writes of people: recordings, journals, pictures, voices."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final


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
        """Make a folder where it is missing.

        Parameters
        ----------
        path : Path
            A folder that exists is left as it is.
        parents : bool, optional
            Make those above it, too.

        Returns
        -------
        tuple of Path
            Those that were made, the innermost first.

        Raises
        ------
        OSError
            If one cannot be made, or something else has the name.
        """
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
        """Open a file, and create it where there is none.

        Parameters
        ----------
        path : Path
            A link is followed, also to a file that is not there yet.
        flags : int
            As for `os.open`, such as ``os.O_WRONLY``; with ``os.O_EXCL`` an existing file is an error.

        Returns
        -------
        int
            The descriptor.

        Raises
        ------
        OSError
            As the system gives it.
        """
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
