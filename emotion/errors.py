"""Every error callmood raises on purpose, each with its exit code, and what their messages are made of."""

import errno
import importlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Final


class CallmoodError(Exception):
    """The root of callmood's errors; the message is one line."""

    exit_code: ClassVar[int] = 1

    @property
    def what(self) -> str:
        """What is wrong, and with which values."""
        return str(self).partition("; ")[0]

    @property
    def to_do(self) -> str:
        """What to do about it; empty where the message has no advice."""
        return str(self).partition("; ")[2]


class UsageError(CallmoodError, ValueError):
    """An argument is invalid."""

    exit_code = 2


class ConfigurationError(CallmoodError, ValueError):
    """A configuration file has an unknown key or a value of the wrong kind."""

    exit_code = 2


class AudioFileError(CallmoodError, OSError):
    """A recording is missing, cut, empty, or not audio."""

    exit_code = 3


class DeviceError(CallmoodError, OSError):
    """The microphone, or PortAudio itself, is not available."""

    exit_code = 4


class ModelError(CallmoodError, ValueError):
    """A model is missing, damaged, of another version, or does not match its card."""

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
    """A saved voice or line is missing, damaged, or was learned by another model."""

    exit_code = 9


class JournalError(CallmoodError, ValueError):
    """A journal is missing, damaged, of another format, or holds several sessions."""

    exit_code = 10


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
    """Add advice to an error of the operating system.

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


_MAX_NAMES: Final = 20
_MAX_NAME_CHARACTERS: Final = 80


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Suggest the known name that is most like a given one.

    Parameters
    ----------
    given : str
        What the user typed.
    known : iterable of str
        The names that exist; upper and lower case count as equal.

    Returns
    -------
    str
        Such as ``did you mean speech?``; empty where no name is similar.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only where something was mistyped

    by_folded = {name.casefold(): name for name in known}
    nearest = get_close_matches(given[:_MAX_NAME_CHARACTERS].casefold(), by_folded, n=1)
    return f"did you mean {by_folded[nearest[0]]}?" if nearest else ""


def name_advice(given: str, known: Iterable[str]) -> str:
    """Say which names exist, with a suggestion first where one is similar.

    Parameters
    ----------
    given : str
        What the user typed.
    known : iterable of str
        The names that exist, in the order to list them.

    Returns
    -------
    str
        For the end of a message, such as ``did you mean speech? there are speech, synthetic``; at most 20
        names are listed.
    """
    names = list(known)
    listed = ", ".join(names[:_MAX_NAMES]) or "none"
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"{did_you_mean(given, names)} there are {listed}{more}".lstrip()


MAX_LINE_CHARACTERS: Final = 1000


def printable(text: str | Path) -> str:
    """Replace characters that would move the cursor, change colours or break a line."""
    return "".join(character if character.isprintable() else "?" for character in str(text))


def message_line(text: str) -> str:
    """Make one line of bounded length, fit for any terminal, of a message that may quote anything."""
    line = printable(" ".join(text.split()))
    if len(line) <= MAX_LINE_CHARACTERS:
        return line
    half = (MAX_LINE_CHARACTERS - 40) // 2
    return f"{line[:half]} [... {len(line) - 2 * half} characters ...] {line[-half:]}"


def require(module: str, extra: str) -> ModuleType:
    """Import a module that one of callmood's extras brings."""
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingExtraError(
            f"this needs {package}, which is not installed; type: pip install 'callmood[{extra}]'"
        ) from error
