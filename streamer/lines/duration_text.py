"""Stretches of time for people."""


def duration_text(seconds: float) -> str:
    """Write a stretch of time.

    Parameters
    ----------
    seconds : float
        At least 0, s.

    Returns
    -------
    str
        As ``0:01:03.5``: hours, minutes, seconds to a tenth.
    """
    tenths = round(seconds * 10)
    hours, tenths = divmod(tenths, 36_000)
    minutes, tenths = divmod(tenths, 600)
    return f"{hours}:{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"
