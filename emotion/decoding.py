"""libsndfile behind four small functions, with errors that say what to do."""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emotion.arrays import Samples
from emotion.errors import AudioFileError

if TYPE_CHECKING:
    import soundfile

_COUNT_SAMPLES: Final = 4_096


def open_sound(path: Path) -> "soundfile.SoundFile":
    """Open a recording for reading.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    soundfile.SoundFile
        At its first sample; close it.

    Raises
    ------
    AudioFileError
        If it is missing, not to be read, no regular file, or nothing that libsndfile knows.
    """
    _refuse_what_is_no_file(path)
    import soundfile  # noqa: PLC0415 - .15 s that only those pay who read a file

    try:
        # As bytes: a file name need not be text, and soundfile would want to encode it.
        return soundfile.SoundFile(os.fsencode(path))
    except soundfile.LibsndfileError as error:
        raise AudioFileError(
            f"{path} is no recording that can be read ({_reason(error)}); "
            "give a WAV, FLAC, Ogg, Opus or MP3 file"
        ) from error
    except TypeError as error:  # soundfile takes .raw for sound without a header
        raise AudioFileError(
            f"{path} has no header to tell its rate and format; convert it to WAV"
        ) from error


def read_samples(path: Path, sound: "soundfile.SoundFile", num_samples: int) -> Samples:
    """Read on from where the file stands.

    Parameters
    ----------
    path : Path
        For the message.
    sound : soundfile.SoundFile
        Open.
    num_samples : int
        At most so many.

    Returns
    -------
    ndarray, shape (n, channels), float32
        Empty at the end.

    Raises
    ------
    AudioFileError
        If the sound cannot be decoded.
    """
    import soundfile  # noqa: PLC0415 - as above

    try:
        block: Samples = sound.read(num_samples, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioFileError(f"{path} cannot be decoded ({_reason(error)}); export it again") from error
    except ValueError as error:  # a decoder that stands behind its own end: soundfile counts fewer than 0
        raise AudioFileError(f"{path} cannot be decoded (its end moves); export it again") from error
    return block


def has_sample(sound: "soundfile.SoundFile", index: int) -> bool:
    """Tell whether a sample that the header promises can be read; move the file's position.

    Parameters
    ----------
    sound : soundfile.SoundFile
        Open.
    index : int
        Which sample, from 0; -1 for a file without any.

    Returns
    -------
    bool
        True without a look where the format cannot seek.
    """
    import soundfile  # noqa: PLC0415 - as above

    if index < 0:
        return False
    if not sound.seekable():
        return True
    try:
        # Some decoders overshoot the end of a spoiled file, or move it.
        return sound.seek(index) == index and len(sound.read(1, dtype="float32")) == 1
    except soundfile.LibsndfileError:
        return False


def count_samples(path: Path) -> int:
    """Count the samples of a file whose header promises too much, by reading them.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    int
        Samples a channel that decode without an error, to within a short block.
    """
    counted = 0
    with open_sound(path) as sound:
        try:
            while num_read := len(read_samples(path, sound, _COUNT_SAMPLES)):
                counted += num_read
        except AudioFileError:
            return counted
    return counted


def _refuse_what_is_no_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            path.open("rb").close()
    except FileNotFoundError as error:
        raise AudioFileError(f"{path} is not there; give the path of a recording") from error
    except ValueError as error:  # a NUL in the name
        raise AudioFileError(f"{os.fspath(path)!r} is no file name; give the path of a recording") from error
    except OSError as error:
        raise AudioFileError(
            f"{path} cannot be opened ({error.strerror}); check the path and its rights"
        ) from error
    if stat.S_ISDIR(mode):
        raise AudioFileError(f"{path} is a folder, not a recording; give a file")
    if not stat.S_ISREG(mode):
        raise AudioFileError(f"{path} is no regular file; give a recording")


def _reason(error: "soundfile.LibsndfileError") -> str:
    return str(error.error_string).rstrip(". ") or "damaged"
