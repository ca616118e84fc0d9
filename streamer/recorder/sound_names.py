"""What the files of a session's whole sound are called: a name says where in the stream the file begins."""

import re
from pathlib import Path
from typing import Final, NamedTuple

SOUND_FOLDER: Final = "sound"

_FOLDER: Final = re.compile(rf"{SOUND_FOLDER}(-[0-9]{{1,3}})?", re.ASCII)
_NAME: Final = re.compile(r"sound_(?P<first_sample>[0-9]{12,18})(?P<continued>_continued)?\.wav", re.ASCII)


class SoundFile(NamedTuple):
    """A stretch of a session's sound.

    Attributes
    ----------
    first_sample : int
        Index of its first sample in the stream.
    continues : bool
        True where it goes on without a break after the file before, which was full; otherwise it begins the
        session, or follows a gap, be that gap without length.
    path : Path
        The WAV.
    """

    first_sample: int
    continues: bool
    path: Path


def sound_folder(source: int) -> str:
    """Name the folder of a source's sound in the session's.

    Parameters
    ----------
    source : int
        Its number, from 0.

    Returns
    -------
    str
        ``sound`` for the first, which is mostly the only one; ``sound-2`` for the second.
    """
    return f"{SOUND_FOLDER}-{source + 1}" if source else SOUND_FOLDER


def sound_name(first_sample: int, *, continues: bool) -> str:
    """Name a file so that names sort by time.

    Parameters
    ----------
    first_sample : int
        Index of its first sample in the stream.
    continues : bool
        True where nothing lies between it and the file before.

    Returns
    -------
    str
        As ``sound_000000480000.wav``, or ``sound_000172800000_continued.wav``.
    """
    return f"sound_{first_sample:012d}{'_continued' if continues else ''}.wav"


def first_sample_of(name: str) -> int | None:
    """Read where a file of the whole sound begins.

    Parameters
    ----------
    name : str
        As `sound_name` gives it, without its folder.

    Returns
    -------
    int or None
        Index of its first sample; None where the name is not one of ours.
    """
    match = _NAME.fullmatch(name)
    return int(match["first_sample"]) if match else None


def is_sound_folder(name: str) -> bool:
    """Tell whether the whole sound of a source lies in a folder of this name.

    Parameters
    ----------
    name : str
        Of a folder in a session's.

    Returns
    -------
    bool
        True for ``sound``, ``sound-2`` and so on.
    """
    return _FOLDER.fullmatch(name) is not None


def sound_files(folder: Path, source: int = 0) -> tuple[SoundFile, ...]:
    """List a session's whole sound.

    Parameters
    ----------
    folder : Path
        The session's, recordings/<session>.
    source : int, optional
        Number of the source.

    Returns
    -------
    tuple of SoundFile
        In the order of the stream; empty where the sound was not kept.
    """
    found = ((_NAME.fullmatch(path.name), path) for path in (folder / sound_folder(source)).glob("*.wav"))
    return tuple(
        sorted(
            SoundFile(int(match["first_sample"]), match["continued"] is not None, path)
            for match, path in found
            if match
        )
    )
