"""Wall-clock time that never raises, whatever year and time zone the clock is set to."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

_FIRST: Final = datetime(1000, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)
"""Between them the year has four digits in every time zone."""


def now() -> float:
    """Give the time."""
    return time.clock_gettime(time.CLOCK_REALTIME)


def is_beyond_python() -> bool:
    """Tell whether Python's own functions raise OverflowError at this time, as they do from 2262 on."""
    try:
        time.time()
        time.monotonic()
    except OverflowError:
        return True
    return False


def utc(epoch_seconds: float) -> datetime:
    """Give a moment as a date in UTC."""
    try:
        moment = datetime.fromtimestamp(epoch_seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return _LAST if epoch_seconds > 0.0 else _FIRST
    return min(max(moment, _FIRST), _LAST)


def local(epoch_seconds: float) -> datetime:
    """Give a moment as a date in the local time zone."""
    moment = utc(epoch_seconds)
    try:
        return moment.astimezone()
    except (ValueError, OverflowError, OSError):
        return moment


def later(moment: datetime, seconds: float) -> datetime:
    """Add seconds to a date."""
    if seconds >= (_LAST - moment).total_seconds():
        return _LAST.astimezone(moment.tzinfo)
    return moment + timedelta(seconds=seconds)
