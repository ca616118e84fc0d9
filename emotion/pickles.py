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


def refusal_of(path: Path) -> str:
    """Say why a pickle is refused, and what to do instead.

    Parameters
    ----------
    path : Path
        Of the pickle.

    Returns
    -------
    str
        One line.
    """
    return (
        f"{path} is a pickle: to load it is to run it, and callmood loads no code; "
        "train it again with `callmood train`, from its recordings: callmood train DATA --name NAME"
    )


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
        raise ModelError(refusal_of(path))
