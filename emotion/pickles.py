"""Pickles are programs: they are recognised, and never opened."""

from pathlib import Path
from typing import Final

from emotion.errors import ModelError

_SUFFIXES: Final = frozenset({".pkl", ".pickle", ".joblib", ".sav"})
_PROTOCOL_OPCODE: Final = b"\x80"


def is_pickle(path: Path) -> bool:
    """Tell a pickle by its name or its first byte.

    Parameters
    ----------
    path : Path
        It need not be there.

    Returns
    -------
    bool
        True for the name of a pickle even where nothing lies there.
    """
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(1) == _PROTOCOL_OPCODE
    except OSError:
        return False


def refuse_pickle(path: Path) -> None:
    """Refuse a pickle with what to do instead.

    Parameters
    ----------
    path : Path
        Given as a model, or found in place of one.

    Raises
    ------
    ModelError
        If it is a pickle.
    """
    if is_pickle(path):
        raise ModelError(
            f"{path} is a pickle: to load it is to run it, and callmood loads no code; "
            "train it again with `callmood train`"
        )
