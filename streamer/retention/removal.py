"""Removes what is ours in a session's folder, and nothing else."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from streamer.recorder.session_folder import SESSION_FILE
from streamer.retention.layout import SESSION, Layout
from streamer.retention.opened_folder import entries, opened_folder, status_of
from streamer.retention.removed_log import Gone

_NOT_EMPTY: Final = {errno.ENOTEMPTY, errno.EEXIST}


def never() -> bool:
    """Let a removal go on to its end."""
    return False


def remove_session(
    session: str, recordings: int, folder: int, gone: Gone, is_given_up: Callable[[], bool] = never
) -> bool:
    """Remove a session; session.json goes last, so that what is cut short can be gone on with.

    Parameters
    ----------
    session : str
        Its name.
    recordings : int
        Descriptor of the folder in which it lies.
    folder : int
        Descriptor of its own folder, locked.
    gone : Gone
        Grows by what is removed, whatever happens.
    is_given_up : callable, optional
        Asked before each file: True leaves the rest.

    Returns
    -------
    bool
        True where all that is ours has gone; the folder has then gone too, unless others have left something
        in it.

    Raises
    ------
    OSError
        If something cannot be removed.
    """
    if not _remove(folder, SESSION, gone, is_given_up):
        return False
    remove_file(SESSION_FILE, folder, gone)
    _remove_folder(session, recordings)
    return True


def remove_file(name: str, folder: int, gone: Gone) -> None:
    """Remove a file; one that has gone meanwhile is not counted.

    Parameters
    ----------
    name : str
        Of the file.
    folder : int
        Descriptor of the folder in which it lies.
    gone : Gone
        Grows by the file.

    Raises
    ------
    OSError
        If it cannot be removed.
    """
    with suppress(FileNotFoundError):
        num_bytes = status_of(name, folder).st_size
        os.unlink(name, dir_fd=folder)
        gone.num_files += 1
        gone.num_bytes += num_bytes


def _remove(folder: int, layout: Layout, gone: Gone, is_given_up: Callable[[], bool]) -> bool:
    """Remove all but session.json; False where that was given up."""
    for entry in list(entries(folder)):
        if is_given_up():
            return False
        inner = layout.folder(entry.name)
        if inner is not None and entry.is_dir(follow_symlinks=False):
            with opened_folder(entry.name, folder) as descriptor:
                if not _remove(descriptor, inner, gone, is_given_up):
                    return False
            _remove_folder(entry.name, folder)
        elif (
            entry.name != SESSION_FILE
            and layout.owns_file(entry.name)
            and entry.is_file(follow_symlinks=False)
        ):
            remove_file(entry.name, folder, gone)
    return True


def _remove_folder(name: str, inside: int) -> None:
    """Remove a folder of ours, unless someone has left something in it."""
    try:
        os.rmdir(name, dir_fd=inside)
    except OSError as error:
        if error.errno not in _NOT_EMPTY:
            raise
