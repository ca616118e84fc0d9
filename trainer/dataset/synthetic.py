"""How a clip that `callmood generate` made is known again, wherever it was moved."""

from pathlib import Path
from typing import Final

from emotion.errors import AudioFileError
from emotion.sound_streams import comment_of

SYNTHETIC_CORPUS: Final = "synthetic tones"
"""The corpus of every such clip, whatever its folder is called."""

SYNTHETIC_MARK: Final = "callmood synthetic tone"
"""Begins the comment inside every generated file, so that a model fitted on it can say so."""


def is_synthetic(path: Path) -> bool:
    """Tell whether a file carries the mark.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    bool
        False for what cannot be read as well.
    """
    try:
        return comment_of(path).startswith(SYNTHETIC_MARK)
    except AudioFileError:
        return False
