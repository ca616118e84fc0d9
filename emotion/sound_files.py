"""Which files of a folder are recordings."""

from pathlib import Path
from typing import Final

SOUND_SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in "wav flac ogg oga opus mp3 aiff aif aifc au snd caf w64 rf64 gsm wv voc".split()  # noqa: SIM905
)
"""Of formats that soundfile knows; a file named on the command line may be called anything."""


def sound_files_below(folder: Path) -> list[Path]:
    """Find the recordings in a folder and the folders in it.

    Parameters
    ----------
    folder : Path
        Where to look.

    Returns
    -------
    list of Path
        Sorted, the same on every machine; hidden files are left out.
    """
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SOUND_SUFFIXES)
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))
