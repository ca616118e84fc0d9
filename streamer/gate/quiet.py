"""Whether a window is quiet, by its level alone."""

from typing import Final

from emotion.level import SILENCE_DBFS

MARGIN_DB: Final = 6.0
"""How far a window must rise over the room's noise floor to be more than the room."""


def is_quiet(level_dbfs: float, floor_dbfs: float) -> bool:
    """Tell sound from silence; see docs/decisions/0007-noise-gate.md.

    Parameters
    ----------
    level_dbfs : float
        RMS of the window without its DC, dB below full scale.
    floor_dbfs : float
        The room's noise floor as known at the window's end, dB below full scale.

    Returns
    -------
    bool
        True under -60 dBFS, and within 6 dB of the floor.
    """
    return level_dbfs < max(SILENCE_DBFS, floor_dbfs + MARGIN_DB)
