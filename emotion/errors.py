"""Every error callmood raises on purpose, each with its exit code; one sentence for errors of a disk."""

import errno
from pathlib import Path
from typing import ClassVar, Final


class CallmoodError(Exception):
    """The root: anything callmood says about itself or its input, in one line."""

    exit_code: ClassVar[int] = 1

    @property
    def what(self) -> str:
        """What is wrong, and with which values."""
        return str(self).partition("; ")[0]

    @property
    def to_do(self) -> str:
        """What to do about it; empty where the message does not say."""
        return str(self).partition("; ")[2]


class UsageError(CallmoodError, ValueError):
    """What was asked for makes no sense; shown after the usage."""

    exit_code = 2


class ConfigurationError(CallmoodError, ValueError):
    """A configuration file has an unknown key or a value of the wrong kind."""

    exit_code = 2


class AudioFileError(CallmoodError, OSError):
    """A recording is missing, cut, empty, or no sound at all."""

    exit_code = 3


class DeviceError(CallmoodError, OSError):
    """The microphone, or PortAudio itself, is not to be had."""

    exit_code = 4


class ModelError(CallmoodError, ValueError):
    """A model is missing, damaged, of another version, or not what its card says."""

    exit_code = 5


class DatasetError(CallmoodError, ValueError):
    """There is nothing, or too little, to train on."""

    exit_code = 6


class OutputError(CallmoodError, OSError):
    """Something could not be written."""

    exit_code = 7


class MissingExtraError(CallmoodError, ImportError):
    """A package is missing that one of callmood's extras installs."""

    exit_code = 8


class VoiceError(CallmoodError, ValueError):
    """A saved voice is missing, damaged, or was learned by another model."""

    exit_code = 9


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
