"""One sentence for everything that can go wrong with a disk, a folder or a pipe."""

import errno
from pathlib import Path
from typing import Final

from emotion.errors import OutputError

_ADVICE: Final = {
    errno.ENOSPC: "free some space, or choose a place on another disk",
    errno.EDQUOT: "your quota is used up: free some space, or choose a place on another disk",
    errno.EFBIG: "the limit for one file is reached: raise it with ulimit -f, or choose another place",
    errno.EACCES: "choose a place that you may write to",
    errno.EPERM: "choose a place that you may write to",
    errno.EROFS: "choose a place that can be written to",
    errno.ENOENT: "make the folder first, or choose another one",
    errno.ENOTDIR: "a part of the path is no folder: choose another one",
    errno.EISDIR: "that is a folder: give the name of a file",
    errno.ENXIO: "nobody reads from it: start its reader first",
    errno.EPIPE: "its reader has left: start again with one that stays",
    errno.EIO: "the disk or device reports a fault: look after it, or choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def output_error(path: Path, error: OSError) -> OutputError:
    """Turn what the system says into what the user can do.

    Parameters
    ----------
    path : Path
        What could not be written.
    error : OSError
        As it was raised.

    Returns
    -------
    OutputError
        One line: what, why, and what to do; to be raised from `error`.
    """
    advice = _ADVICE.get(error.errno or 0, "choose another place")
    return OutputError(f"cannot write {path}: {error.strerror or error}; {advice}")
