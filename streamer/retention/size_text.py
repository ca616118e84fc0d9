"""Sizes for people, as they read and as they type them."""

import re
from typing import Final

from emotion.errors import UsageError

_UNITS: Final = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_SIZE: Final = re.compile(
    r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?) ?(?P<unit>[kmgt]b?)", re.ASCII | re.IGNORECASE
)


def size_text(num_bytes: int) -> str:
    """Write a size.

    Parameters
    ----------
    num_bytes : int
        At least 0.

    Returns
    -------
    str
        As ``2.35 MB``: three digits or so; a unit is 1000 of the one before.
    """
    # 999.6 kB would be written 1e+03 kB.
    unit = next((unit for unit, one in _UNITS.items() if num_bytes < 999.5 * one), "TB")
    return f"{num_bytes / _UNITS[unit]:.3g} {unit}"


def bytes_of(text: str) -> int:
    """Read a size.

    Parameters
    ----------
    text : str
        A number with its unit, as ``2GB``, ``500 MB`` or ``1.5g``.

    Returns
    -------
    int
        Bytes, at least 1.

    Raises
    ------
    UsageError
        If it is none, has no unit, or is zero.
    """
    match = _SIZE.fullmatch(text.strip())
    unit = match["unit"][0].lower() if match else ""
    factor = next((one for name, one in _UNITS.items() if name[0].lower() == unit), 0)
    num_bytes = round(float(match["number"]) * factor) if match else 0
    if num_bytes < 1:
        raise UsageError(f"--max-size is {text[:40]!r}; give a size with its unit, such as 500MB or 2GB")
    return num_bytes
