"""What the files of a session's whole sound are called: each name carries the index of its first sample."""

import re
from pathlib import Path
from typing import Final, NamedTuple

SOUND_FOLDER: Final = "sound"

_NAME: Final = re.compile(r"sound_([0-9]{12})\.wav", re.ASCII)


class SoundFile(NamedTuple):
    """A stretch of a session's sound.

    Attributes
    ----------
    first_sample : int
        Index of its first sample in the stream. Where the file before ends short of it lies a gap.
    path : Path
        The WAV.
    """

    first_sample: int
    path: Path


def sound_name(first_sample: int) -> str:
    """Name a file so that names sort by time.

    Parameters
    ----------
    first_sample : int
        Index of its first sample in the stream.

    Returns
    -------
    str
        As ``sound_000000480000.wav``.
    """
    return f"sound_{first_sample:012d}.wav"


def sound_files(folder: Path) -> tuple[SoundFile, ...]:
    """List a session's whole sound.

    Parameters
    ----------
    folder : Path
        The session's, recordings/<session>.

    Returns
    -------
    tuple of SoundFile
        In the order of the stream; empty where the sound was not kept.
    """
    found = ((_NAME.fullmatch(path.name), path) for path in (folder / SOUND_FOLDER).glob("*.wav"))
    return tuple(sorted(SoundFile(int(match[1]), path) for match, path in found if match))
