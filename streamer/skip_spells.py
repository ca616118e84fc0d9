"""Where skipping begins: said once, not with each window."""

from typing import Final

from streamer.row import Skip

APART_SECONDS: Final = 10.0
"""Windows skipped so far apart are told of anew."""


class SkipSpells:
    """Remembers when a window was skipped last, of whatever leg."""

    def __init__(self) -> None:
        self._last_end: float | None = None

    def begins_with(self, skip: Skip) -> bool:
        """Take the next window that was skipped.

        Parameters
        ----------
        skip : Skip
            In the order of the stream.

        Returns
        -------
        bool
            True for the first ever, and the first after a while without.
        """
        last, self._last_end = self._last_end, max(skip.end, self._last_end or 0.0)
        return last is None or skip.end - last > APART_SECONDS
