"""How well the voice is known, in a gauge and a word."""

from typing import Final

_CELLS: Final = 4
_KNOWN: Final = 0.6
_SOME: Final = 0.2
_WIDTH: Final = len("getting to know")


def voice_words(known: float) -> str:
    """Say how well a voice is known; always as many cells.

    Parameters
    ----------
    known : float
        0..1, as a row has it.

    Returns
    -------
    str
        Such as ``━━── getting to know``.
    """
    full = round(_CELLS * min(1.0, max(0.0, known)))
    word = "new" if known < _SOME else "getting to know" if known < _KNOWN else "known"
    return f"{'━' * full}{'─' * (_CELLS - full)} {word:<{_WIDTH}}"
