"""Figures in a width that never changes, so that nothing beside them moves."""

from streamer.panel.canvas import MINUS


def fixed(value: float, width: int, decimals: int) -> str:
    """Write a number right-aligned, with fewer decimals where it grows too long.

    Parameters
    ----------
    value : float
        Any.
    width, decimals : int
        Cells, and digits behind the point where there is room for them.

    Returns
    -------
    str
        `width` cells.
    """
    for each in range(decimals, -1, -1):
        text = f"{value:{width}.{each}f}"
        if len(text) <= width:
            return text
    return "9" * (width - 1) + "+"


def signed(value: float) -> str:
    """Write a difference with its sign.

    Parameters
    ----------
    value : float
        Any; nothing beyond 99.99 is told apart.

    Returns
    -------
    str
        Six cells, as ``+0.02``.
    """
    shown = round(min(99.99, max(-99.99, value)), 2) + 0.0  # never a minus before nothing
    return f"{shown:+.2f}".replace("-", MINUS).rjust(6)


def percent(share: float | None) -> str:
    """Write a share.

    Parameters
    ----------
    share : float or None
        0..1; None gives a dash.

    Returns
    -------
    str
        Five cells.
    """
    return "  \N{EN DASH}  " if share is None else f"{round(100 * min(1.0, max(0.0, share))):3d} %"


def duration(seconds: float) -> str:
    """Write hours, minutes and seconds.

    Parameters
    ----------
    seconds : float
        At least 0.

    Returns
    -------
    str
        Eight cells, up to 999 hours.
    """
    whole = min(3_599_999, max(0, int(seconds)))
    return f"{whole // 3600:d}:{whole // 60 % 60:02d}:{whole % 60:02d}".rjust(8)
