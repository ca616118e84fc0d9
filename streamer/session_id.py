"""What a session is called."""

import secrets

from emotion.wall_clock import utc


def new_session_id(started: float) -> str:
    """Name a session so that names sort by time and fit into a file name.

    Parameters
    ----------
    started : float
        Wall clock, seconds since the epoch.

    Returns
    -------
    str
        As ``20251123T091500Z-3fa9``: the second in UTC, so that no change of the local time upsets the order,
        and four random digits for sessions of the same second.
    """
    return f"{utc(started):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
