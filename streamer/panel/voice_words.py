"""How well the voice is known, in a gauge and a word."""

from typing import Final

from streamer.panel.canvas import shortened

_CELLS: Final = 4
_KNOWN: Final = 0.6
_SOME: Final = 0.2
_WIDTH: Final = len("getting to know")
_NAME_CELLS: Final = 12


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
    word = "new" if known < _SOME else "getting to know" if known < _KNOWN else "known"
    return f"{voice_gauge(known)} {word:<{_WIDTH}}"


def voice_gauge(known: float) -> str:
    """Show how well a voice is known where there is no room for words.

    Parameters
    ----------
    known : float
        0..1, as a row has it.

    Returns
    -------
    str
        Four cells, such as ``━━──``.
    """
    full = round(_CELLS * min(1.0, max(0.0, known)))
    return "━" * full + "─" * (_CELLS - full)


def voice_name(voice: str | None) -> str:
    """Say whose voice it is.

    Parameters
    ----------
    voice : str or None
        Its name where it was saved; None for nobody's.

    Returns
    -------
    str
        What stands before the gauge.
    """
    return "voice" if voice is None else f"voice {shortened(voice, _NAME_CELLS)}:"
