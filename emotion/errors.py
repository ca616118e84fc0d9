"""Every error callmood raises on purpose.

* CallmoodError
    + UsageError (ValueError): an option out of range, a path that is no folder
    + ConfigurationError (ValueError): a configuration file that cannot be followed
    + AudioFileError (OSError): a recording that cannot be read
    + DeviceError (OSError): no PortAudio, an unknown device, a device that will not open
    + ModelError (ValueError): a model folder that is missing, damaged or does not fit
    + DatasetError (ValueError): training data that cannot be trained on
    + OutputError (OSError): a folder or file that cannot be written
    + VoiceError (ValueError): a saved voice that is missing, damaged or another model's
    + MissingExtraError (ImportError): a part that an extra would install

Each keeps a standard base class, so that callers who know nothing of callmood catch it as well, and each
knows the exit code of the command it ends. A message says what, with which values, and after a semicolon
what to do.
"""

from typing import ClassVar


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
