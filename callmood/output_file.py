"""Files that a command writes beside what it prints."""

from pathlib import Path

from emotion.errors import OutputError
from emotion.whole_file import replace


def refuse_unwritable(path: Path | None) -> None:
    """Find out before minutes are spent, and leave no file behind where there was none.

    Parameters
    ----------
    path : Path or None
        The file to come; None where none was asked for.

    Raises
    ------
    OutputError
        If it is a folder, or lies in one that is not there.
    """
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise OutputError(f"cannot write {path}: no such folder, or a folder itself; name a file in one")


def write_text(path: Path, content: str) -> None:
    """Write a file whole.

    Parameters
    ----------
    path : Path
        In a folder that is there.
    content : str
        All of it.

    Raises
    ------
    OutputError
        If that fails; an older file is still there then.
    """
    try:
        replace(path, content.encode())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; name another file") from error
